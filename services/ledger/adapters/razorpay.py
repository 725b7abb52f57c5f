"""Razorpay: orders, payments and subscriptions by its SDK; its webhooks.

https://razorpay.com/docs/api/ and /docs/webhooks/. Traps of SDK 2.0.1 that are met here: it has no timeout of its own,
fails on answers that are not JSON, loses the status 429, prints its errors, and keeps what it is given in default
arguments that all calls share (so `data` is always passed).
"""

import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

import razorpay
import requests
from pydantic import SecretStr
from razorpay.errors import BadRequestError, GatewayError, ServerError

from contracts.errors import ServiceError
from contracts.rpc.payments import ProviderName
from kernel.logging import log
from services.ledger.adapters.threads import Threads
from services.ledger.payments.ports import InvalidSignature, Placed, ProviderAway, ProviderRefused
from services.ledger.payments.words import (
    Notice,
    PaymentSeen,
    PaymentStatus,
    PeriodPaid,
    RenewalFailed,
    Report,
    ReversalSeen,
    SubscriptionEnded,
)

MAX_PERIODS = 120
"""Of a subscription, in months: ten years. Razorpay wants a number."""
STATUS: Mapping[str, PaymentStatus] = {
    "created": "pending",
    "authorized": "authorized",
    "captured": "captured",
    "refunded": "captured",
    "failed": "failed",
}
ENDED = frozenset({"subscription.cancelled", "subscription.completed", "subscription.expired"})
UNPAID = frozenset({"subscription.pending", "subscription.halted"})
REFUND_KEY = "X-Refund-Idempotency"
MAX_REFUNDS = 100
BUSY = 429
UNDER_WAY = 409
"""The same refund is being made just now."""
FAULTY = 500
Json = dict[str, Any]
T = TypeVar("T")

razorpay.client.print = lambda *_: None  # it prints errors to standard output, where our log goes


class _Busy(requests.RequestException):
    """A status that says nothing of what was asked; such answers are often not JSON."""


def _refuse_faulty(response: requests.Response, *_: object, **__: object) -> None:
    if response.status_code in {BUSY, UNDER_WAY} or response.status_code >= FAULTY:
        raise _Busy(response.status_code)


class Razorpay:
    name: ProviderName = "razorpay"

    def __init__(
        self, key_id: str, key_secret: SecretStr, webhook_secret: SecretStr, *, url: str | None, timeout_s: float
    ) -> None:
        self.public_key = key_id
        self._key_secret = key_secret
        self._webhook_secret = webhook_secret
        self._url = url
        self._timeout_s = timeout_s
        self._threads = Threads(self.name, timeout_s=timeout_s)
        self._own = threading.local()

    def close(self) -> None:
        self._threads.close()

    async def place(self, order_id: int, amount: int, currency: str, description: str) -> Placed:
        """One whose answer was lost stays behind unpaid: only the last is shown to anyone."""
        data = {
            "amount": amount,
            "currency": currency,
            "receipt": f"order-{order_id}",
            "notes": {"order": str(order_id), "description": description},
        }
        return await self._call(
            lambda client, timeout: client.order.create(data, timeout=timeout), lambda made: Placed(made["id"])
        )

    def is_signed(self, order_ref: str, payment_id: str, signature: str) -> bool:
        return _is_signed(f"{order_ref}|{payment_id}", signature, self._key_secret)

    async def payment(self, _: str, payment_id: str) -> PaymentSeen | None:
        try:
            return await self._call(
                lambda client, timeout: client.payment.fetch(payment_id, {}, timeout=timeout), _payment
            )
        except ProviderRefused:
            return None

    async def capture(self, payment: PaymentSeen) -> PaymentSeen:
        data = {"currency": payment.currency}
        return await self._call(
            lambda client, timeout: client.payment.capture(payment.payment_id, payment.amount, data, timeout=timeout),
            _payment,
        )

    async def payments_of(self, order_ref: str) -> list[PaymentSeen]:
        return await self._call(
            lambda client, timeout: client.order.payments(order_ref, {}, timeout=timeout),
            lambda found: [_payment(item) for item in found["items"]],
        )

    async def refund(self, payment_id: str, amount: int, mark: str) -> ReversalSeen:
        """Looked for first: how long Razorpay remembers its header is not told."""

        def make(client: Any, timeout: float) -> Json:
            made = client.payment.fetch_multiple_refund(payment_id, {"count": MAX_REFUNDS}, timeout=timeout)
            for refund in made["items"]:
                if _mark(refund) == mark:
                    return dict(refund)
            data = {"amount": amount, "receipt": mark, "notes": {"refund": mark}}
            headers = {REFUND_KEY: mark}
            return dict(client.payment.refund(payment_id, data, headers=headers, timeout=timeout))

        return await self._call(make, lambda refund: _refund(refund, "refund"))

    async def order_of(self, payment_id: str) -> str | None:
        found = await self.payment("", payment_id)
        return found.order_ref if found else None

    def notice(self, body: str, signature: str, event_id: str) -> Notice:
        if not _is_signed(body, signature, self._webhook_secret):
            raise InvalidSignature
        try:
            told = json.loads(body)
            kind = str(told["event"])
            found = {name: part["entity"] for name, part in told.get("payload", {}).items()}
            return Notice(event_id or hashlib.sha256(body.encode()).hexdigest(), kind, tuple(_reports(kind, found)))
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError):
            raise ServiceError("VALIDATION_ERROR", "This is no event of Razorpay's.") from None

    async def subscribe(self, subscription_id: int, plan_ref: str) -> Placed:
        data = {
            "plan_id": plan_ref,
            "total_count": MAX_PERIODS,
            "customer_notify": 1,
            "notes": {"subscription": str(subscription_id)},
        }
        return await self._call(
            lambda client, timeout: client.subscription.create(data, timeout=timeout),
            lambda made: Placed(made["id"], made.get("short_url")),
        )

    async def change_plan(self, subscription_ref: str, plan_ref: str) -> None:
        data = {"plan_id": plan_ref, "schedule_change_at": "cycle_end", "customer_notify": 1}
        await self._call(
            lambda client, timeout: client.subscription.edit(subscription_ref, data, timeout=timeout), _nothing
        )

    async def stop_renewal(self, subscription_ref: str) -> None:
        """By a pause: a cancellation at Razorpay cannot be taken back."""
        await self._move(subscription_ref, "pause", {"pause_at": "now"}, {"paused"})

    async def resume_renewal(self, subscription_ref: str) -> None:
        await self._move(subscription_ref, "resume", {"resume_at": "now"}, {"active", "authenticated", "pending"})

    async def end(self, subscription_ref: str) -> None:
        await self._move(subscription_ref, "cancel", {"cancel_at_cycle_end": 0}, {"cancelled", "completed", "expired"})

    async def _move(self, subscription_ref: str, how: str, data: Json, becomes: set[str]) -> None:
        """Harmless where it is so already, which Razorpay refuses."""
        try:
            await self._call(
                lambda client, timeout: getattr(client.subscription, how)(subscription_ref, data, timeout=timeout),
                _nothing,
            )
        except ProviderRefused:
            status = await self._call(
                lambda client, timeout: client.subscription.fetch(subscription_ref, {}, timeout=timeout),
                lambda found: str(found["status"]),
            )
            if status not in becomes:
                raise

    async def _call(self, call: Callable[[Any, float], Json], read: Callable[[Json], T]) -> T:
        def run() -> T:
            try:
                return read(call(self._client(), self._timeout_s))
            except BadRequestError as error:
                log.warning("razorpay refused", error=str(error)[:200])
                raise ProviderRefused from None
            except (GatewayError, ServerError, requests.RequestException) as error:
                log.warning("razorpay is away", error=type(error).__name__)
                raise ProviderAway from None

        return await self._threads.run(run)

    def _client(self) -> Any:
        """One for each thread: they share no connection."""
        if not hasattr(self._own, "client"):
            session = requests.Session()
            session.hooks["response"].append(_refuse_faulty)
            options = {"base_url": self._url} if self._url else {}
            auth = (self.public_key, self._key_secret.get_secret_value())
            self._own.client = razorpay.Client(session=session, auth=auth, **options)
        return self._own.client


def _nothing(_: Json) -> None:
    """Where it is enough that it was done."""


def _is_signed(message: str, signature: str, secret: SecretStr) -> bool:
    """HMAC-SHA256 in hexadecimal. As bytes, because `compare_digest` fails on text that is not ASCII."""
    key = secret.get_secret_value().encode()
    expected = hmac.new(key, message.encode(), hashlib.sha256).hexdigest()
    return bool(key) and hmac.compare_digest(expected.encode(), signature.encode())


def _payment(entity: Json) -> PaymentSeen:
    return PaymentSeen(
        str(entity["id"]),
        entity.get("order_id"),
        STATUS.get(entity["status"], "pending"),
        int(entity["amount"]),
        str(entity["currency"]),
        str(entity.get("error_code") or ""),
        int(entity.get("amount_refunded") or 0),
    )


def _reports(kind: str, found: Json) -> list[Report]:
    """The payment first: what goes back must have come."""
    reports: list[Report] = []
    if "payment" in found:
        reports.append(_payment(found["payment"]))
    if "refund" in found:
        reports.append(_refund(found["refund"], kind))
    if "dispute" in found:
        reports.append(_dispute(found["dispute"]))
    if "subscription" in found:
        reports += _subscription(kind, found)
    return reports


def _refund(refund: Json, kind: str) -> ReversalSeen:
    stands = refund.get("status") != "failed" and kind != "refund.failed"
    return ReversalSeen(str(refund["payment_id"]), str(refund["id"]), "refund", int(refund["amount"]), stands)


def _mark(refund: Json) -> str | None:
    """Ours, if it is one that we began; empty notes come as a list."""
    notes = refund.get("notes")
    return notes.get("refund") if isinstance(notes, dict) else None


def _dispute(dispute: Json) -> ReversalSeen:
    """One that was closed without taking our money is as good as won."""
    status = dispute["status"]
    stands = status != "won" and not (status == "closed" and not dispute.get("amount_deducted"))
    return ReversalSeen(str(dispute["payment_id"]), str(dispute["id"]), "dispute", int(dispute["amount"]), stands)


def _subscription(kind: str, found: Json) -> list[Report]:
    subscription = found["subscription"]
    notes = subscription.get("notes")
    if not isinstance(notes, dict) or not str(notes.get("subscription", "")).isdecimal():
        return []  # not one that we made; empty notes come as a list
    own_id = int(notes["subscription"])
    if kind == "subscription.charged":
        payment = _payment(found["payment"])
        if payment.status != "captured":
            return []
        starts_at, ends_at = (
            datetime.fromtimestamp(int(subscription[name]), UTC) for name in ("current_start", "current_end")
        )
        ref = str(subscription["id"])
        return [PeriodPaid(own_id, ref, payment.payment_id, payment.amount, payment.currency, starts_at, ends_at)]
    if kind in UNPAID:
        return [RenewalFailed(own_id)]
    return [SubscriptionEnded(own_id)] if kind in ENDED else []
