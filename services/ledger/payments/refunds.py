"""Refunds that administrators begin: committed here, made at the provider, and taken back from the wallet."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from contracts.errors import ServiceError
from contracts.events import payments as published
from kernel.commands import CommandBus
from kernel.decider import Decider
from kernel.logging import log
from services.ledger.domain.corrections import Repayment
from services.ledger.payments import order, subscription
from services.ledger.payments.ports import ProviderAway, ProviderRefused
from services.ledger.payments.providers import Providers
from services.ledger.payments.publishing import publish_order, publish_subscription
from services.ledger.payments.queries import OrderQueries
from services.ledger.payments.refunding import BeginRefund, EndRefund, Refund, RefundBegun, mark
from services.ledger.payments.reversals import Paid
from services.ledger.payments.wallets import Wallets
from services.ledger.payments.words import ReversalSeen

NO_CHARGE = "Nothing was charged for it."
"""Why a period that was paid otherwise, as by a balance at the provider, cannot go back."""


class RefundRefused(ServiceError):
    def __init__(self, reason: str) -> None:
        details = {"reason": reason} if reason else None
        super().__init__("REFUND_REFUSED", "The payment provider refused this refund.", details)


@dataclass(frozen=True, slots=True)
class Payer:
    """Whose payments are refunded: an order's, or a subscription's."""

    state: order.Order | subscription.Subscription

    @property
    def refunds(self) -> dict[int, Refund]:
        return self.state.refunds

    def paid(self, payment_id: str | None) -> Paid | None:
        """Of an order, None is the payment that was credited."""
        if isinstance(self.state, order.Order):
            return self.state.payment(payment_id)
        return self.state.payments.get(payment_id or "")

    def named(self, payment_id: str | None) -> str:
        """As its provider calls it."""
        return payment_id or (self.state.payment_id if isinstance(self.state, order.Order) else None) or ""


class Refunds:
    """A timer goes on with those whose answer never came."""

    def __init__(self, commands: CommandBus, queries: OrderQueries, providers: Providers, wallets: Wallets) -> None:
        self._commands = commands
        self._queries = queries
        self._providers = providers
        self._wallets = wallets

    async def repay(
        self, repayment: Repayment, *, by: int, reason: str, correction_id: int, key: str, at_once: bool
    ) -> None:
        """One that was approved, once for the key. While the provider is away it stays `open`; if not `at_once`, it
        is left to its timer.

        Errors: PAYMENT_NOT_FOUND, PERMISSION_DENIED, REFUND_TOO_LARGE, REFUND_REFUSED, PAYMENTS_OFF.
        """
        command = BeginRefund(
            repayment.order_id,
            by,
            repayment.amount,
            reason,
            repayment.payment_id,
            repayment.subscription_id,
            correction_id=correction_id,
        )
        if not at_once:
            await self._begin(command, key, "repaid")
            return
        number, payer = await self.begin(command, key=key, fingerprint="repaid")
        refund = payer.refunds[number]
        if refund.status == "refused":
            raise RefundRefused(refund.reason)

    async def begin(self, command: BeginRefund, *, key: str | None, fingerprint: str) -> tuple[int, Payer]:
        """The refund's number, and what is known then. While the provider is away it stays `open`: it is begun all the
        same.

        Errors: PAYMENT_NOT_FOUND, PERMISSION_DENIED, REFUND_TOO_LARGE, PAYMENTS_OFF, IDEMPOTENCY_CONFLICT.
        """
        number = await self._begin(command, key, fingerprint)
        with suppress(ProviderAway):  # its timer asks again
            await self._carry_out(command.order_id, command.subscription_id, number)
        return number, await self.payer(command.order_id, command.subscription_id)

    async def payer(self, order_id: int, subscription_id: int) -> Payer:
        if subscription_id:
            return Payer(await self._queries.subscription(subscription_id))
        return Payer(await self._queries.order(order_id))

    async def fire(self, order_id: int, subscription_id: int, number: int) -> None:
        """Errors: SERVICE_UNAVAILABLE, PAYMENTS_OFF; the timer then tries again."""
        await self._carry_out(order_id, subscription_id, number)

    async def look(self, order_id: int, subscription_id: int, number: int) -> None:
        """Whether one that was made still stands, or one that was refused was made all the same: banks refuse money
        days later, and webhooks get lost. Errors: as `fire`.
        """
        payer = await self.payer(order_id, subscription_id)
        refund = payer.refunds[number]
        if refund.status == "open":
            return
        provider, payment_id = self._providers.of(payer.state.provider), payer.named(refund.payment_id)
        try:
            charge = await provider.charge_of(payment_id) if subscription_id else payment_id
            reversal = await provider.refund_made(charge, mark(payment_id, number)) if charge else None
        except ProviderRefused:
            reversal = None
        if reversal is None:
            if refund.status == "refused":
                return
            log.error("the provider does not know a refund that it made", refund=mark(payment_id, number))
            return
        decider, own_id = _stream(order_id, subscription_id)
        command = EndRefund(order_id, number, reversal, subscription_id=subscription_id)
        await self._commands.execute(decider, own_id, command)

    async def _begin(self, command: BeginRefund, key: str | None, fingerprint: str) -> int:
        self._providers.of((await self.payer(command.order_id, command.subscription_id)).state.provider)
        decider, own_id = _stream(command.order_id, command.subscription_id)
        outcome = await self._commands.execute(
            decider, own_id, command, key=key, fingerprint=fingerprint, answer=_number
        )
        number: int = outcome.answer
        return number

    async def _carry_out(self, order_id: int, subscription_id: int, number: int) -> None:
        payer = await self.payer(order_id, subscription_id)
        refund = payer.refunds[number]
        if refund.status != "open":
            return
        reversal, reason = await self._ask(payer, refund, number)
        decider, own_id = _stream(order_id, subscription_id)
        command = EndRefund(order_id, number, reversal, reason, subscription_id)
        outcome = await self._commands.execute(decider, own_id, command, answer=lambda _, events: list(events))
        publish = publish_subscription if subscription_id else publish_order
        for event in outcome.answer:
            told = publish(event)
            if isinstance(told, published.PaymentReversed):
                await self._wallets.take_back(told)

    async def _ask(self, payer: Payer, refund: Refund, number: int) -> tuple[ReversalSeen | None, str]:
        """What the provider made of it; None and why, if it refused. Errors: SERVICE_UNAVAILABLE."""
        provider = self._providers.of(payer.state.provider)
        payment_id = payer.named(refund.payment_id)
        is_period = isinstance(payer.state, subscription.Subscription)
        try:
            charge = await provider.charge_of(payment_id) if is_period else payment_id
            if charge is None:
                return None, NO_CHARGE
            return await provider.refund(charge, refund.amount, mark(payment_id, number)), ""
        except ProviderRefused as error:
            return None, error.reason


def _stream(order_id: int, subscription_id: int) -> tuple[Decider[Any, Any, Any], int]:
    if subscription_id:
        return subscription.SUBSCRIPTION, subscription_id
    return order.ORDER, order_id


def _number(_: object, events: Sequence[object]) -> int:
    return next(event.number for event in events if isinstance(event, RefundBegun))
