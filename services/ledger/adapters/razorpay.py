"""Razorpay: orders, payments and subscriptions by its SDK; its webhooks.

https://razorpay.com/docs/api/ and /docs/webhooks/. Traps of SDK 2.0.1 that are met here: it has no timeout of its own,
fails on answers that are not JSON, loses the status 429, prints its errors, and keeps what it is given in default
arguments that all calls share (so `data` is always passed).
"""

import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Collection
from typing import Any, TypeVar

import razorpay
import requests
from pydantic import SecretStr
from razorpay.errors import BadRequestError, GatewayError, ServerError

from contracts.errors import ServiceError
from contracts.rpc.payments import ProviderName
from kernel.logging import log
from services.ledger.adapters import razorpay_told as told
from services.ledger.adapters.threads import Threads
from services.ledger.adapters.words import words
from services.ledger.payments.ports import InvalidSignature, Placed, ProviderAway, ProviderRefused
from services.ledger.payments.words import (
    Notice,
    PaymentSeen,
    PeriodPaid,
    Report,
    ReversalSeen,
    SubscriptionEnded,
)

MAX_PERIODS = 120
"""Of a subscription, in months: ten years. Razorpay wants a number."""
ENDED_STATES = frozenset({"cancelled", "completed", "expired"})
REFUND_KEY = "X-Refund-Idempotency"
MAX_REFUNDS = 100
MAX_INVOICES = 100
BUSY = 429
LOCKED_OUT = frozenset({401, 403})
"""Our key is not taken just now: what was asked before may have been done all the same."""
UNDER_WAY = 409
"""The same refund is being made just now."""
FAULTY = 500
Json = dict[str, Any]
T = TypeVar("T")

razorpay.client.print = lambda *_: None  # it prints errors to standard output, where our log goes


class _Busy(requests.RequestException):
    """A status that says nothing of what was asked; such answers are often not JSON."""


def _refuse_faulty(response: requests.Response, *_: object, **__: object) -> None:
    if response.status_code in {BUSY, UNDER_WAY, *LOCKED_OUT} or response.status_code >= FAULTY:
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
                lambda client, timeout: client.payment.fetch(payment_id, {}, timeout=timeout), told.payment_of
            )
        except ProviderRefused:
            return None

    async def capture(self, payment: PaymentSeen) -> PaymentSeen:
        data = {"currency": payment.currency}
        return await self._call(
            lambda client, timeout: client.payment.capture(payment.payment_id, payment.amount, data, timeout=timeout),
            told.payment_of,
        )

    async def payments_of(self, order_ref: str) -> list[PaymentSeen]:
        return await self._call(
            lambda client, timeout: client.order.payments(order_ref, {}, timeout=timeout),
            lambda found: [told.payment_of(item) for item in found["items"]],
        )

    async def refund(self, payment_id: str, amount: int, mark: str) -> ReversalSeen:
        """Looked for first: how long Razorpay remembers its header is not told."""

        def make(client: Any, timeout: float) -> Json:
            if made := _marked(client, payment_id, mark, timeout):
                return made
            data = {"amount": amount, "receipt": mark, "notes": {"refund": mark}}
            headers = {REFUND_KEY: mark}
            return dict(client.payment.refund(payment_id, data, headers=headers, timeout=timeout))

        return await self._call(make, lambda refund: told.refund_of(refund, "refund"))

    async def refund_made(self, payment_id: str, mark: str) -> ReversalSeen | None:
        return await self._call(
            lambda client, timeout: _marked(client, payment_id, mark, timeout),
            lambda made: told.refund_of(made, "refund") if made else None,
        )

    async def order_of(self, payment_id: str) -> str | None:
        found = await self.payment("", payment_id)
        return found.order_ref if found else None

    def notice(self, body: str, signature: str, event_id: str) -> Notice:
        if not _is_signed(body, signature, self._webhook_secret):
            raise InvalidSignature
        try:
            call = json.loads(body)
            kind = str(call["event"])
            found = {name: part["entity"] for name, part in call.get("payload", {}).items()}
            return Notice(
                event_id or hashlib.sha256(body.encode()).hexdigest(), kind, tuple(told.reports_of(kind, found))
            )
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
        await self._move(subscription_ref, "cancel", {"cancel_at_cycle_end": 0}, ENDED_STATES)

    async def reports_of(self, subscription_id: int, subscription_ref: str) -> list[Report]:
        def look(client: Any, timeout: float) -> Json:
            invoices = {"subscription_id": subscription_ref, "count": MAX_INVOICES}
            return {
                "invoices": client.invoice.all(invoices, timeout=timeout)["items"],
                "status": client.subscription.fetch(subscription_ref, {}, timeout=timeout)["status"],
            }

        def read(found: Json) -> list[Report]:
            paid = [told.period_of(subscription_id, invoice) for invoice in found["invoices"] if _is_paid(invoice)]
            ended = [SubscriptionEnded(subscription_id)] if found["status"] in ENDED_STATES else []
            return [*sorted(paid, key=lambda period: period.ends_at), *ended]

        return await self._call(look, read)

    async def period_of(self, charge_id: str) -> PeriodPaid | None:
        def look(client: Any, timeout: float) -> Json:
            """From the payment to its invoice, and to the subscription that keeps our id."""
            invoice_id = client.payment.fetch(charge_id, {}, timeout=timeout).get("invoice_id")
            if not invoice_id:
                return {}
            invoice = client.invoice.fetch(invoice_id, {}, timeout=timeout)
            if not invoice.get("subscription_id"):
                return {}
            return {
                "invoice": invoice,
                "subscription": client.subscription.fetch(invoice["subscription_id"], {}, timeout=timeout),
            }

        def read(found: Json) -> PeriodPaid | None:
            own_id = told.own_id_of(found["subscription"]) if found else None
            return told.period_of(own_id, found["invoice"]) if own_id else None

        return await self._call(look, read)

    async def charge_of(self, payment_id: str) -> str | None:
        """A period is credited under the payment itself."""
        return payment_id

    async def period_payment(self, payment_id: str) -> PaymentSeen | None:
        return await self.payment("", payment_id)

    async def _move(self, subscription_ref: str, how: str, data: Json, becomes: Collection[str]) -> None:
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
                reason = words(str(error))
                log.warning("razorpay refused", error=reason)
                raise ProviderRefused(reason) from None
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


def _marked(client: Any, payment_id: str, mark: str, timeout: float) -> Json:
    """The refund that was made under the mark; empty: none was."""
    made = client.payment.fetch_multiple_refund(payment_id, {"count": MAX_REFUNDS}, timeout=timeout)
    return next((dict(refund) for refund in made["items"] if told.mark_of(refund) == mark), {})


def _nothing(_: Json) -> None:
    """Where it is enough that it was done."""


def _is_signed(message: str, signature: str, secret: SecretStr) -> bool:
    """HMAC-SHA256 in hexadecimal. As bytes, because `compare_digest` fails on text that is not ASCII."""
    key = secret.get_secret_value().encode()
    expected = hmac.new(key, message.encode(), hashlib.sha256).hexdigest()
    return bool(key) and hmac.compare_digest(expected.encode(), signature.encode())


def _is_paid(invoice: Json) -> bool:
    return invoice["status"] == "paid" and bool(invoice.get("payment_id"))
