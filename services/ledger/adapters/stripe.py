"""Stripe: checkout sessions, subscriptions and webhooks, by its SDK.

https://docs.stripe.com/api and /webhooks. An order is a checkout session, a payment its payment intent.
"""

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import stripe
from pydantic import SecretStr

from contracts.errors import ServiceError
from contracts.rpc.payments import ProviderName
from kernel.logging import log
from services.ledger.adapters import stripe_told as told
from services.ledger.adapters.threads import Threads
from services.ledger.adapters.words import words
from services.ledger.payments.ports import InvalidSignature, Placed, ProviderAway, ProviderRefused
from services.ledger.payments.words import (
    Notice,
    PaymentSeen,
    PaymentStatus,
    PeriodPaid,
    Report,
    ReversalSeen,
    SubscriptionEnded,
)

logging.getLogger("stripe").setLevel(logging.WARNING)  # it tells of every request
TOLERANCE_S = 300
"""How old a signed call may be."""
REFUSALS = (stripe.InvalidRequestError, stripe.CardError)
"""Not that our key is not taken just now: what was asked before may have been done all the same."""
ENDED_STATES = frozenset({"canceled", "incomplete_expired"})
MAX_INVOICES = 100
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
        return await self._call(
            lambda: self._client.v1.checkout.sessions.retrieve(order_ref, EXPANDED), told.payments_of
        )

    async def refund(self, payment_id: str, amount: int, mark: str) -> ReversalSeen:
        """Looked for first: Stripe remembers its idempotency keys for a day or so."""

        def make() -> ReversalSeen:
            if made := self._marked(payment_id, mark):
                return made
            data = {"payment_intent": payment_id, "amount": amount, "metadata": {"refund": mark}}
            refund = self._client.v1.refunds.create(data, {"idempotency_key": mark})
            return told.reversal_of(refund.to_dict(), "refund")

        return await self._run(make)

    async def refund_made(self, payment_id: str, mark: str) -> ReversalSeen | None:
        return await self._run(lambda: self._marked(payment_id, mark))

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
            event = json.loads(body)
            kind, found = str(event["type"]), event["data"]["object"]
            return Notice(str(event["id"]), kind, tuple(told.reports_of(kind, found)))
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

    async def reports_of(self, subscription_id: int, subscription_ref: str) -> list[Report]:
        """Of one that is known by its page alone: of the subscription that was begun there, if one was."""

        def look() -> list[Report]:
            ref = subscription_ref
            if ref.startswith("cs_"):
                ref = str(self._client.v1.checkout.sessions.retrieve(ref).to_dict().get("subscription") or "")
            return self._told_of(subscription_id, ref) if ref else []

        return await self._run(look)

    def _told_of(self, subscription_id: int, ref: str) -> list[Report]:
        wanted = {"subscription": ref, "status": "paid", "limit": MAX_INVOICES, "expand": ["data.payments"]}
        invoices = self._client.v1.invoices.list(wanted).to_dict()["data"]
        status = self._client.v1.subscriptions.retrieve(ref).to_dict()["status"]
        paid = [told.period_of(subscription_id, ref, invoice) for invoice in invoices]
        ended = [SubscriptionEnded(subscription_id)] if status in ENDED_STATES else []
        return [*sorted(paid, key=lambda period: period.ends_at), *ended]

    async def period_of(self, charge_id: str) -> PeriodPaid | None:
        wanted = {
            "payment": {"type": "payment_intent", "payment_intent": charge_id},
            "limit": 1,
            "expand": ["data.invoice"],
        }

        def read(found: Json) -> PeriodPaid | None:
            for payment in found["data"]:
                own_id, ref = told.subscribed_by(payment["invoice"])
                if own_id and payment["invoice"]["status"] == "paid":
                    return replace(told.period_of(own_id, ref, payment["invoice"]), charge_id=charge_id)
            return None

        return await self._call(lambda: self._client.v1.invoice_payments.list(wanted), read)

    async def charge_of(self, payment_id: str) -> str | None:
        """A period is known by its invoice, its refunds by the payment intent."""
        expanded = {"expand": ["payments"]}
        return await self._call(lambda: self._client.v1.invoices.retrieve(payment_id, expanded), told.charge_of)

    async def period_payment(self, payment_id: str) -> PaymentSeen | None:
        """By its invoice; how much has gone back its charge knows."""

        def look() -> PaymentSeen | None:
            invoice = self._client.v1.invoices.retrieve(payment_id, {"expand": ["payments"]}).to_dict()
            intent = told.charge_of(invoice)
            charge: Json = {}
            if intent:
                expanded = {"expand": ["latest_charge"]}
                charge = self._client.v1.payment_intents.retrieve(intent, expanded).to_dict()["latest_charge"] or {}
            status: PaymentStatus = "captured" if invoice["status"] == "paid" else "pending"
            paid = (int(invoice["amount_paid"]), str(invoice["currency"]).upper())
            return PaymentSeen(payment_id, None, status, *paid, refunded=int(charge.get("amount_refunded") or 0))

        try:
            return await self._run(look)
        except ProviderRefused:
            return None

    def _marked(self, payment_id: str, mark: str) -> ReversalSeen | None:
        made = self._client.v1.refunds.list({"payment_intent": payment_id, "limit": 100}).to_dict()["data"]
        found = (refund for refund in made if (refund.get("metadata") or {}).get("refund") == mark)
        return next((told.reversal_of(refund, "refund") for refund in found), None)

    async def _expire(self, session_ref: str) -> None:
        try:
            await self._call(lambda: self._client.v1.checkout.sessions.expire(session_ref), _nothing)
        except ProviderRefused:
            log.info("a page that is no longer open needs no end", session=session_ref)

    async def _update(self, subscription_ref: str, **changes: Any) -> None:
        await self._call(lambda: self._client.v1.subscriptions.update(subscription_ref, changes), _nothing)

    async def _call(self, call: Callable[[], Any], read: Callable[[Json], T]) -> T:
        return await self._run(lambda: read(call().to_dict()))

    async def _run(self, ask: Callable[[], T]) -> T:
        def run() -> T:
            try:
                return ask()
            except REFUSALS as error:
                log.warning("stripe refused", error=type(error).__name__, code=error.code)
                raise ProviderRefused(words(error.code or "")) from None
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
