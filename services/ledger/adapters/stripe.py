"""Stripe: checkout sessions, subscriptions and webhooks, by its SDK.

https://docs.stripe.com/api and /webhooks. An order is a checkout session, a payment its payment intent.
"""

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import stripe
from pydantic import SecretStr

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

logging.getLogger("stripe").setLevel(logging.WARNING)  # it tells of every request
TOLERANCE_S = 300
"""How old a signed call may be."""
SESSION = "checkout.session."
UNDONE = frozenset({"failed", "canceled", "won"})
REFUSALS = (stripe.InvalidRequestError, stripe.CardError, stripe.AuthenticationError, stripe.PermissionError)
EXPANDED = {"expand": ["payment_intent.latest_charge"]}
Json = dict[str, Any]
T = TypeVar("T")


class Stripe:
    """`return_url`: where its page leads when somebody has paid or turned back."""

    name: ProviderName = "stripe"

    def __init__(
        self,
        public_key: str,
        secret_key: SecretStr,
        webhook_secret: SecretStr,
        *,
        url: str | None,
        return_url: str,
        timeout_s: float,
    ) -> None:
        self.public_key = public_key
        self._webhook_secret = webhook_secret
        self._return_url = return_url
        self._threads = Threads(self.name, timeout_s=timeout_s)
        self._client: Any = stripe.StripeClient(
            secret_key.get_secret_value(),
            base_addresses={"api": url} if url else None,
            http_client=stripe.RequestsClient(timeout=timeout_s),
            max_network_retries=0,
        )

    def close(self) -> None:
        self._threads.close()

    async def place(self, order_id: int, amount: int, currency: str, description: str) -> Placed:
        item = {
            "quantity": 1,
            "price_data": {"currency": currency.lower(), "unit_amount": amount, "product_data": {"name": description}},
        }
        data = {
            "mode": "payment",
            "line_items": [item],
            "client_reference_id": f"order-{order_id}",
            "payment_intent_data": {"metadata": {"order": str(order_id)}},
            **self._return_urls(),
        }
        return await self._call(lambda: self._client.v1.checkout.sessions.create(data), _placed)

    def is_signed(self, order_ref: str, payment_id: str, signature: str) -> bool:  # noqa: ARG002
        """Its page gives the app nothing to prove: the provider itself is asked."""
        return True

    async def payment(self, order_ref: str, payment_id: str) -> PaymentSeen | None:
        found = await self.payments_of(order_ref)
        return next((payment for payment in found if payment_id in {"", payment.payment_id}), None)

    async def capture(self, payment: PaymentSeen) -> PaymentSeen:
        """Never needed: a session's payment is taken as soon as it is authorized."""
        return payment

    async def payments_of(self, order_ref: str) -> list[PaymentSeen]:
        return await self._call(lambda: self._client.v1.checkout.sessions.retrieve(order_ref, EXPANDED), _paid)

    async def refund(self, payment_id: str, amount: int, mark: str) -> ReversalSeen:
        """Looked for first: Stripe remembers its idempotency keys for a day or so."""

        def make() -> Any:
            made = self._client.v1.refunds.list({"payment_intent": payment_id, "limit": 100})
            for refund in made.data:
                if (refund.to_dict().get("metadata") or {}).get("refund") == mark:
                    return refund
            return self._client.v1.refunds.create(
                {"payment_intent": payment_id, "amount": amount, "metadata": {"refund": mark}},
                {"idempotency_key": mark},
            )

        return await self._call(make, lambda refund: _reversal(refund, "refund"))

    async def order_of(self, payment_id: str) -> str | None:
        data = {"payment_intent": payment_id, "limit": 1}
        return await self._call(
            lambda: self._client.v1.checkout.sessions.list(data),
            lambda found: next((str(session["id"]) for session in found["data"]), None),
        )

    def notice(self, body: str, signature: str, event_id: str) -> Notice:  # noqa: ARG002
        """The event's id stands in the body."""
        if not signature.isascii():
            raise InvalidSignature
        try:
            stripe.WebhookSignature.verify_header(body, signature, self._webhook_secret.get_secret_value(), TOLERANCE_S)
        except stripe.SignatureVerificationError:
            raise InvalidSignature from None
        try:
            told = json.loads(body)
            return Notice(str(told["id"]), str(told["type"]), tuple(_reports(told["type"], told["data"]["object"])))
        except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError, OSError):
            raise ServiceError("VALIDATION_ERROR", "This is no event of Stripe's.") from None

    async def subscribe(self, subscription_id: int, plan_ref: str) -> Placed:
        data = {
            "mode": "subscription",
            "line_items": [{"price": plan_ref, "quantity": 1}],
            "subscription_data": {"metadata": {"subscription": str(subscription_id)}},
            **self._return_urls(),
        }
        return await self._call(lambda: self._client.v1.checkout.sessions.create(data), _placed)

    async def change_plan(self, subscription_ref: str, plan_ref: str) -> None:
        item = await self._call(
            lambda: self._client.v1.subscriptions.retrieve(subscription_ref),
            lambda found: str(found["items"]["data"][0]["id"]),
        )
        await self._update(subscription_ref, items=[{"id": item, "price": plan_ref}], proration_behavior="none")

    async def stop_renewal(self, subscription_ref: str) -> None:
        await self._update(subscription_ref, cancel_at_period_end=True)

    async def resume_renewal(self, subscription_ref: str) -> None:
        await self._update(subscription_ref, cancel_at_period_end=False)

    async def end(self, subscription_ref: str) -> None:
        """One whose page was never paid at is known by its session alone."""
        if subscription_ref.startswith("cs_"):
            await self._expire(subscription_ref)
            return
        try:
            await self._call(lambda: self._client.v1.subscriptions.cancel(subscription_ref), _nothing)
        except ProviderRefused:
            status = await self._call(
                lambda: self._client.v1.subscriptions.retrieve(subscription_ref), lambda found: str(found["status"])
            )
            if status != "canceled":
                raise

    async def _expire(self, session_ref: str) -> None:
        try:
            await self._call(lambda: self._client.v1.checkout.sessions.expire(session_ref), _nothing)
        except ProviderRefused:
            log.info("a page that is no longer open needs no end", session=session_ref)

    async def _update(self, subscription_ref: str, **changes: Any) -> None:
        await self._call(lambda: self._client.v1.subscriptions.update(subscription_ref, changes), _nothing)

    async def _call(self, call: Callable[[], Any], read: Callable[[Json], T]) -> T:
        def run() -> T:
            try:
                return read(call().to_dict())
            except REFUSALS as error:
                log.warning("stripe refused", error=type(error).__name__, code=error.code)
                raise ProviderRefused from None
            except stripe.StripeError as error:
                log.warning("stripe is away", error=type(error).__name__)
                raise ProviderAway from None

        return await self._threads.run(run)

    def _return_urls(self) -> dict[str, str]:
        return {
            "success_url": f"{self._return_url}?order_id={{CHECKOUT_SESSION_ID}}",
            "cancel_url": f"{self._return_url}?cancelled=true",
        }


def _nothing(_: Json) -> None:
    """Where it is enough that it was done."""


def _placed(session: Json) -> Placed:
    return Placed(str(session["id"]), str(session["url"]))


def _paid(session: Json) -> list[PaymentSeen]:
    """The payment of a checkout session, as far as there is one yet."""
    intent = session.get("payment_intent")
    if not intent:
        return []
    charge = (intent.get("latest_charge") if isinstance(intent, dict) else None) or {}
    status: PaymentStatus = "captured" if session["payment_status"] == "paid" else "pending"
    return [
        PaymentSeen(
            str(intent["id"] if isinstance(intent, dict) else intent),
            str(session["id"]),
            "failed" if status == "pending" and session.get("status") == "expired" else status,
            int(session["amount_total"]),
            str(session["currency"]).upper(),
            refunded=int(charge.get("amount_refunded") or 0) if isinstance(charge, dict) else 0,
        )
    ]


def _reports(kind: str, found: Json) -> list[Report]:
    if kind.startswith(SESSION) and found["mode"] == "payment":
        return list(_paid(found))
    if kind.startswith(("refund.", "charge.refund.")) and found.get("payment_intent"):
        return [_reversal(found, "refund")]
    if kind.startswith("charge.dispute.") and found.get("payment_intent"):
        # A warning is a question of the bank's, that costs nothing; it may become a dispute.
        return [] if found["status"].startswith(("warning", "prevented")) else [_reversal(found, "dispute")]
    if kind.startswith(("invoice.", "customer.subscription.")):
        return _subscription(kind, found)
    return []


def _reversal(found: Json, kind: Any) -> ReversalSeen:
    stands = found["status"] not in UNDONE
    return ReversalSeen(str(found["payment_intent"]), str(found["id"]), kind, int(found["amount"]), stands)


def _subscription(kind: str, found: Json) -> list[Report]:
    if kind == "customer.subscription.deleted":
        own_id = _own_id(found)
        return [SubscriptionEnded(own_id)] if own_id else []
    details = (found.get("parent") or {}).get("subscription_details") or {}
    own_id = _own_id(details)
    if not own_id:
        return []
    if kind == "invoice.payment_failed":
        return [RenewalFailed(own_id)]
    if kind != "invoice.paid":
        return []
    period = found["lines"]["data"][0]["period"]
    starts_at, ends_at = (datetime.fromtimestamp(int(period[name]), UTC) for name in ("start", "end"))
    paid = (int(found["amount_paid"]), str(found["currency"]).upper())
    return [PeriodPaid(own_id, str(details["subscription"]), str(found["id"]), *paid, starts_at, ends_at)]


def _own_id(found: Json) -> int | None:
    """Our id, which Stripe was given to keep; None where it is no subscription of ours."""
    text = str((found.get("metadata") or {}).get("subscription", ""))
    return int(text) if text.isdecimal() else None
