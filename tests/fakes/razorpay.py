"""A stand-in for Razorpay over real HTTP: orders, payments, subscriptions, its errors, and webhooks that it signs."""

import base64
import hashlib
import hmac
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.fakes.http import Asked, FakeHttp, Told

KEY_ID, KEY_SECRET, WEBHOOK_SECRET = "rzp_test_key", "razorpay-secret", "razorpay-webhook-secret"
Json = dict[str, Any]


def signature(message: str, secret: str) -> str:
    return hmac.new(secret.encode(), message.encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True)
class Call:
    """One call of a webhook, as it is sent: again and again, if it must."""

    body: str
    signature: str
    event_id: str


@dataclass
class FakeRazorpay(FakeHttp):
    orders: dict[str, Json] = field(default_factory=dict)
    payments: dict[str, Json] = field(default_factory=dict)
    refunds: dict[str, Json] = field(default_factory=dict)
    """By the idempotency key that they were asked for with."""
    subscriptions: dict[str, Json] = field(default_factory=dict)
    invoices: dict[str, Json] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def answer(self, asked: Asked) -> Told:
        wanted = base64.b64encode(f"{KEY_ID}:{KEY_SECRET}".encode()).decode()
        if asked.headers.get("authorization") != f"Basic {wanted}":
            return self._refused("Authentication failed", 401)
        data = json.loads(asked.body) if asked.body else {}
        match (asked.method, *asked.path.removeprefix("/v1/").split("/")):
            case ("POST", "orders"):
                return self._make_order(data)
            case ("GET", "orders", order_id, "payments"):
                if order_id not in self.orders:
                    return self._refused("The id provided does not exist")
                found = [payment for payment in self.payments.values() if payment["order_id"] == order_id]
                return Told({"entity": "collection", "count": len(found), "items": found})
            case ("GET", "payments", payment_id):
                found_payment = self.payments.get(payment_id)
                return Told(found_payment) if found_payment else self._refused("The id provided does not exist")
            case ("POST", "payments", payment_id, "capture"):
                return self._capture(self.payments[payment_id], data)
            case (_, "payments", payment_id, ("refund" | "refunds")):
                return self._refund(asked, self.payments[payment_id], data)
            case (_, "subscriptions" | "invoices", *rest):
                return self._subscribed(asked, rest, data)
        return self._refused("The requested URL was not found on the server.", 404)

    def _subscribed(self, asked: Asked, rest: list[str], data: Json) -> Told:
        match (asked.method, asked.path.split("/")[2], rest):
            case ("GET", "invoices", []):
                (ref,) = parse_qs(urlsplit(asked.target).query)["subscription_id"]
                newest_first = [found for found in self.invoices.values() if found["subscription_id"] == ref][::-1]
                return Told({"entity": "collection", "count": len(newest_first), "items": newest_first})
            case ("GET", "invoices", [invoice_id]) if invoice_id in self.invoices:
                return Told(self.invoices[invoice_id])
            case ("POST", "subscriptions", []):
                return self._subscribe(data)
            case ("GET", "subscriptions", [ref]) if ref in self.subscriptions:
                return Told(self.subscriptions[ref])
            case ("POST", "subscriptions", [ref, ("pause" | "resume" | "cancel") as action]):
                return self._move(self.subscriptions[ref], action)
            case ("PATCH", "subscriptions", [ref]):
                self.subscriptions[ref]["plan_id"] = data["plan_id"]
                return Told(self.subscriptions[ref])
        return self._refused("The id provided does not exist")

    def error(self, status: int) -> Json:
        return {"error": {"code": "SERVER_ERROR" if status >= 500 else "BAD_REQUEST_ERROR", "description": "As told"}}

    def pay(self, order_id: str, *, status: str = "captured", **changes: Any) -> Json:
        """Somebody pays an order, exactly as it is unless `changes` say otherwise."""
        order = self.orders[order_id]
        payment_id = f"pay_{next(self.numbers)}"
        payment = {
            "id": payment_id,
            "entity": "payment",
            "order_id": order_id,
            "amount": order["amount"],
            "currency": order["currency"],
            "status": status,
            "captured": status == "captured",
            "amount_refunded": 0,
            "error_code": "BAD_REQUEST_ERROR" if status == "failed" else None,
            "email": "jane@example.com",
            "contact": "+919876543210",
        }
        self.payments[payment_id] = payment | changes
        return self.payments[payment_id]

    def charge(self, ref: str, amount: int, starts_at: int, ends_at: int, *, status: str = "active") -> Json:
        """A period of a subscription is paid for: its payment, and what the subscription looks like afterwards."""
        subscription = self.subscriptions[ref]
        subscription.update(status=status, current_start=starts_at, current_end=ends_at)
        order_id, invoice_id = f"order_{next(self.numbers)}", f"inv_{next(self.numbers)}"
        self.orders[order_id] = {"id": order_id, "amount": amount, "currency": "INR"}
        payment = self.pay(order_id, invoice_id=invoice_id)
        self.invoices[invoice_id] = {
            "id": invoice_id,
            "entity": "invoice",
            "order_id": order_id,
            "subscription_id": ref,
            "payment_id": payment["id"],
            "status": "paid",
            "amount": amount,
            "amount_paid": amount,
            "currency": "INR",
            "billing_start": starts_at,
            "billing_end": ends_at,
        }
        return {"subscription": dict(subscription), "payment": payment}

    def refund(self, payment: Json, amount: int | None = None, *, status: str = "processed") -> Json:
        refunded = payment["amount"] if amount is None else amount
        payment["amount_refunded"] += refunded
        if payment["amount_refunded"] == payment["amount"]:
            payment["status"] = "refunded"
        return {
            "id": f"rfnd_{next(self.numbers)}",
            "entity": "refund",
            "payment_id": payment["id"],
            "amount": refunded,
            "status": status,
        }

    def dispute(self, payment: Json, status: str = "open", **changes: Any) -> Json:
        return {
            "id": f"disp_{payment['id']}",
            "entity": "dispute",
            "payment_id": payment["id"],
            "amount": payment["amount"],
            "amount_deducted": 0,
            "status": status,
        } | changes

    @staticmethod
    def checkout_signature(order_id: str, payment_id: str) -> str:
        return signature(f"{order_id}|{payment_id}", KEY_SECRET)

    def call(self, event: str, *, secret: str = WEBHOOK_SECRET, **entities: Json) -> Call:
        """A webhook's call about these entities."""
        told = {
            "entity": "event",
            "account_id": "acc_1",
            "event": event,
            "contains": list(entities),
            "payload": {name: {"entity": entity} for name, entity in entities.items()},
            "created_at": 1767268800 + next(self.numbers),
        }
        body = json.dumps(told)
        return Call(body, signature(body, secret), f"evt_{next(self.numbers)}")

    def _make_order(self, data: Json) -> Told:
        if data["amount"] < 100:
            return self._refused("Order amount less than minimum amount allowed")
        order_id = f"order_{next(self.numbers)}"
        order = {"id": order_id, "entity": "order", "status": "created", "amount_paid": 0, **data}
        self.orders[order_id] = order
        return Told(order)

    def _capture(self, payment: Json, data: Json) -> Told:
        if payment["status"] != "authorized" or data["amount"] != payment["amount"]:
            return self._refused("This payment has already been captured")
        payment.update(status="captured", captured=True)
        return Told(payment)

    def _refund(self, asked: Asked, payment: Json, data: Json) -> Told:
        if asked.method == "GET":
            made = [refund for refund in self.refunds.values() if refund["payment_id"] == payment["id"]]
            return Told({"entity": "collection", "count": len(made), "items": made})
        key = asked.headers["x-refund-idempotency"]
        if key not in self.refunds:
            if data["amount"] > payment["amount"] - payment["amount_refunded"]:
                return self._refused("The total refund amount is greater than the refund payment amount")
            self.refunds[key] = self.refund(payment, data["amount"]) | {"notes": data["notes"]}
        return Told(self.refunds[key])

    def _subscribe(self, data: Json) -> Told:
        ref = f"sub_{next(self.numbers)}"
        self.subscriptions[ref] = {
            "id": ref,
            "entity": "subscription",
            "status": "created",
            "short_url": f"https://rzp.io/i/{ref}",
            **data,
        }
        return Told(self.subscriptions[ref])

    def _move(self, subscription: Json, action: str) -> Told:
        allowed, becomes = {
            "pause": ({"active"}, "paused"),
            "resume": ({"paused"}, "active"),
            "cancel": ({"created", "active", "paused", "pending", "halted"}, "cancelled"),
        }[action]
        if subscription["status"] not in allowed:
            return self._refused(f"Subscription cannot be {action}d in {subscription['status']} state")
        subscription["status"] = becomes
        return Told(subscription)

    def _refused(self, description: str, status: int = 400) -> Told:
        return Told({"error": {"code": "BAD_REQUEST_ERROR", "description": description}}, status)
