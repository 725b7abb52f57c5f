"""A stand-in for Stripe over real HTTP: checkout sessions, subscriptions, its errors, and webhooks that it signs."""

import hashlib
import hmac
import itertools
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.fakes.http import Asked, FakeHttp, Told

PUBLIC_KEY, SECRET_KEY, WEBHOOK_SECRET = "pk_test_magicpic", "sk_test_magicpic", "whsec_magicpic"
Json = dict[str, Any]


@dataclass(frozen=True)
class Call:
    body: str
    signature: str


@dataclass
class FakeStripe(FakeHttp):
    sessions: dict[str, Json] = field(default_factory=dict)
    refunds: dict[str, Json] = field(default_factory=dict)
    """By the idempotency key that they were asked for with."""
    subscriptions: dict[str, Json] = field(default_factory=dict)
    invoices: dict[str, Json] = field(default_factory=dict)
    """With their payments, which Stripe tells only if it is asked to expand them."""
    intents: dict[str, Json] = field(default_factory=dict)
    """Of invoices."""
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def answer(self, asked: Asked) -> Told:
        if asked.headers.get("authorization") != f"Bearer {SECRET_KEY}":
            return Told({"error": {"type": "invalid_request_error", "message": "Invalid API Key provided"}}, 401)
        data = dict(parse_qsl(asked.body.decode()))
        query = dict(parse_qsl(urlsplit(asked.target).query))
        if asked.path.startswith(("/v1/invoice", "/v1/payment_intents")):
            return self._invoiced(asked.path, query)
        match (asked.method, *asked.path.removeprefix("/v1/").split("/")):
            case ("POST", "checkout", "sessions"):
                return self._make_session(data)
            case ("GET", "checkout", "sessions", ref) if ref in self.sessions:
                return Told(self.sessions[ref])
            case ("GET", "checkout", "sessions"):
                found = [s for s in self.sessions.values() if _intent(s) == query.get("payment_intent")]
                return Told({"object": "list", "data": found, "has_more": False, "url": "/v1/checkout/sessions"})
            case ("GET", "refunds"):
                made = [r for r in self.refunds.values() if r["payment_intent"] == query.get("payment_intent")]
                return Told({"object": "list", "data": made, "has_more": False, "url": "/v1/refunds"})
            case ("POST", "refunds"):
                return self._refund(data, asked.headers["idempotency-key"])
            case ("GET", "subscriptions", ref) if ref in self.subscriptions:
                return Told(self.subscriptions[ref])
            case ("POST", "subscriptions", ref) if ref in self.subscriptions:
                return self._update(self.subscriptions[ref], data)
            case ("DELETE", "subscriptions", ref) if ref in self.subscriptions:
                self.subscriptions[ref]["status"] = "canceled"
                return Told(self.subscriptions[ref])
        return Told({"error": {"type": "invalid_request_error", "message": "No such object"}}, 404)

    def error(self, status: int) -> Json:
        return {"error": {"type": "api_error" if status >= 500 else "invalid_request_error", "message": "As told"}}

    def pay(self, ref: str, **changes: Any) -> Json:
        """Somebody pays on the page of a session."""
        session = self.sessions[ref]
        charge = {"id": f"ch_{next(self.numbers)}", "object": "charge", "amount_refunded": 0}
        intent = {"id": f"pi_{next(self.numbers)}", "object": "payment_intent", "latest_charge": charge}
        session.update({"payment_status": "paid", "status": "complete", "payment_intent": intent} | changes)
        return session

    def subscribe(self, ref: str) -> Json:
        """Somebody begins the subscription of a session."""
        session = self.sessions[ref]
        sub_ref = f"sub_{next(self.numbers)}"
        session.update(subscription=sub_ref, status="complete", payment_status="paid")
        self.subscriptions[sub_ref] = {
            "id": sub_ref,
            "object": "subscription",
            "status": "active",
            "cancel_at_period_end": False,
            "metadata": {"subscription": session["own_id"]},
            "items": {"object": "list", "data": [{"id": f"si_{sub_ref}", "price": {"id": session["price"]}}]},
        }
        return self.subscriptions[sub_ref]

    def invoice(self, subscription: Json, amount: int, starts_at: int, ends_at: int) -> Json:
        """One that was paid, as a webhook tells it."""
        details = {"subscription": subscription["id"], "metadata": subscription["metadata"]}
        charge = {"id": f"ch_{next(self.numbers)}", "object": "charge", "amount_refunded": 0}
        intent: Json = {"id": f"pi_{next(self.numbers)}", "object": "payment_intent", "latest_charge": charge}
        self.intents[intent["id"]] = intent
        invoice: Json = {
            "id": f"in_{next(self.numbers)}",
            "object": "invoice",
            "status": "paid",
            "amount_paid": amount,
            "currency": "inr",
            "parent": {"type": "subscription_details", "subscription_details": details},
            "lines": {"object": "list", "data": [{"period": {"start": starts_at, "end": ends_at}}]},
        }
        payment = {"object": "invoice_payment", "status": "paid", "invoice": invoice["id"]}
        payment["payment"] = {"type": "payment_intent", "payment_intent": intent["id"]}
        self.invoices[invoice["id"]] = invoice | {"payments": {"object": "list", "data": [payment]}}
        return invoice

    def paid_with(self, invoice: Json) -> Json:
        """What refunds and disputes of an invoice are about, as `refund` and `dispute` take it."""
        (payment,) = self.invoices[invoice["id"]]["payments"]["data"]
        return {
            "payment_intent": self.intents[payment["payment"]["payment_intent"]],
            "amount_total": invoice["amount_paid"],
        }

    def refund(self, session: Json, amount: int | None = None, *, status: str = "succeeded") -> Json:
        found = amount or session["amount_total"]
        session["payment_intent"]["latest_charge"]["amount_refunded"] += found
        what = {"id": f"re_{next(self.numbers)}", "object": "refund", "payment_intent": _intent(session)}
        return what | {"amount": found, "status": status}

    def dispute(self, session: Json, status: str = "needs_response") -> Json:
        what = {"id": f"dp_{_intent(session)}", "object": "dispute", "payment_intent": _intent(session)}
        return what | {"amount": session["amount_total"], "status": status}

    def call(self, kind: str, found: Json, *, secret: str = WEBHOOK_SECRET, age_s: int = 0) -> Call:
        """A webhook's call; objects inside are ids there, not expanded."""
        told = found | {"payment_intent": _intent(found)} if "payment_intent" in found else found
        body = json.dumps(
            {"id": f"evt_{next(self.numbers)}", "object": "event", "type": kind, "data": {"object": told}}
        )
        at = int(time.time()) - age_s
        signed = hmac.new(secret.encode(), f"{at}.{body}".encode(), hashlib.sha256).hexdigest()
        return Call(body, f"t={at},v1={signed}")

    def _invoiced(self, path: str, query: Json) -> Told:
        """Newest first; payments and invoices inside only where they are asked for."""
        expanded = {value for name, value in query.items() if name.startswith("expand")}
        kind, *rest = path.removeprefix("/v1/").split("/")
        match (kind, rest):
            case ("invoices", [ref]) if ref in self.invoices:
                return Told(_shown(self.invoices[ref], whole="payments" in expanded))
            case ("invoices", []):
                found = [i for i in self.invoices.values() if _subscription(i) == query["subscription"]][::-1]
                return _listed([_shown(invoice, whole="data.payments" in expanded) for invoice in found])
            case ("invoice_payments", []):
                intent = query["payment[payment_intent]"]
                payments = [p for i in self.invoices.values() for p in i["payments"]["data"]]
                made = [p for p in payments if p["payment"]["payment_intent"] == intent]
                whole = "data.invoice" in expanded
                return _listed([p | {"invoice": _shown(self.invoices[p["invoice"]])} if whole else p for p in made])
            case ("payment_intents", [ref]) if ref in self.intents:
                return Told(self.intents[ref])
        return Told({"error": {"type": "invalid_request_error", "message": "No such object"}}, 404)

    def _make_session(self, data: Json) -> Told:
        ref = f"cs_test_{next(self.numbers)}"
        session: Json = {
            "id": ref,
            "object": "checkout.session",
            "mode": data["mode"],
            "url": f"https://checkout.stripe.com/c/pay/{ref}",
            "status": "open",
            "payment_status": "unpaid",
            "payment_intent": None,
            "client_reference_id": data.get("client_reference_id"),
        }
        if data["mode"] == "payment":
            session["amount_total"] = int(data["line_items[0][price_data][unit_amount]"])
            session["currency"] = data["line_items[0][price_data][currency]"]
        else:
            session["price"] = data["line_items[0][price]"]
            session["own_id"] = data["subscription_data[metadata][subscription]"]
        self.sessions[ref] = session
        return Told(session)

    def _refund(self, data: Json, key: str) -> Told:
        if key not in self.refunds:
            session = self._paid_by(data["payment_intent"])
            refunded = session["payment_intent"]["latest_charge"]["amount_refunded"]
            if int(data["amount"]) > session["amount_total"] - refunded:
                message = "Refund amount is greater than unrefunded amount on charge"
                return Told({"error": {"type": "invalid_request_error", "message": message}}, 400)
            made = self.refund(session, int(data["amount"]))
            self.refunds[key] = made | {"metadata": {"refund": data["metadata[refund]"]}}
        return Told(self.refunds[key])

    def _paid_by(self, intent: str) -> Json:
        """The session, or what stands for one, of a payment intent."""
        for invoice in self.invoices.values() if intent in self.intents else ():
            if (paid := self.paid_with(invoice))["payment_intent"]["id"] == intent:
                return paid
        return next(s for s in self.sessions.values() if _intent(s) == intent)

    def _update(self, subscription: Json, data: Json) -> Told:
        if "cancel_at_period_end" in data:
            subscription["cancel_at_period_end"] = data["cancel_at_period_end"].lower() == "true"
        if price := data.get("items[0][price]"):
            subscription["items"]["data"][0]["price"]["id"] = price
        return Told(subscription)


def _intent(found: Json) -> Any:
    intent = found.get("payment_intent")
    return intent["id"] if isinstance(intent, dict) else intent


def _subscription(invoice: Json) -> str:
    return str(invoice["parent"]["subscription_details"]["subscription"])


def _shown(invoice: Json, *, whole: bool = False) -> Json:
    return invoice if whole else {name: value for name, value in invoice.items() if name != "payments"}


def _listed(found: list[Json]) -> Told:
    return Told({"object": "list", "data": found, "has_more": False, "url": "/v1/x"})
