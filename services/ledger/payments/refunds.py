"""Refunds that administrators begin: committed here, made at the provider, and taken back from the wallet."""

from collections.abc import Sequence

from contracts.errors import ServiceError
from contracts.events import payments as published
from contracts.rpc import payments as rpc
from kernel.commands import CommandBus
from services.ledger.corrections import TRANSACTION
from services.ledger.payments.order import (
    ORDER,
    BeginRefund,
    EndRefund,
    Event,
    Order,
    PaymentReversed,
    RefundBegun,
)
from services.ledger.payments.ports import ProviderAway, ProviderRefused
from services.ledger.payments.providers import Providers
from services.ledger.payments.publishing import publish_order
from services.ledger.payments.queries import OrderQueries
from services.ledger.payments.wallets import Wallets


class RefundRefused(ServiceError):
    def __init__(self) -> None:
        super().__init__("REFUND_REFUSED", "The payment provider refused this refund.")


class Refunds:
    """A timer goes on with those whose answer never came."""

    def __init__(self, commands: CommandBus, queries: OrderQueries, providers: Providers, wallets: Wallets) -> None:
        self._commands = commands
        self._queries = queries
        self._providers = providers
        self._wallets = wallets

    async def repay(self, order_id: int, amount: int, *, by: int, reason: str, key: str, at_once: bool) -> None:
        """One that was approved, once for the key. While the provider is away it stays `open`; if not `at_once`, it
        is left to its timer.

        Errors: PAYMENT_NOT_FOUND, PERMISSION_DENIED, REFUND_TOO_LARGE, REFUND_REFUSED, PAYMENTS_OFF.
        """
        command = BeginRefund(order_id, by, amount, reason)
        if at_once:
            await self.begin(command, key=key, fingerprint="repaid")
        else:
            await self._begin(command, key, "repaid")

    async def begin(self, command: BeginRefund, *, key: str | None, fingerprint: str) -> rpc.Refund:
        """While the provider is away it stays `open`: it is begun all the same. Errors: as `repay`."""
        order_id = command.order_id
        number = await self._begin(command, key, fingerprint)
        try:
            order = await self._carry_out(order_id, number)
        except ProviderAway:
            order = await self._queries.order(order_id)
        return _told(order_id, number, order)

    async def _begin(self, command: BeginRefund, key: str | None, fingerprint: str) -> int:
        self._providers.of((await self._queries.order(command.order_id)).provider)
        outcome = await self._commands.execute(
            ORDER, command.order_id, command, key=key, fingerprint=fingerprint, answer=_number
        )
        number: int = outcome.answer
        return number

    async def fire(self, order_id: int, number: int) -> None:
        """Errors: SERVICE_UNAVAILABLE, PAYMENTS_OFF; the timer then tries again."""
        await self._carry_out(order_id, number)

    async def _carry_out(self, order_id: int, number: int) -> Order:
        order = await self._queries.order(order_id)
        refund = order.refunds[number]
        if refund.status != "open" or order.payment_id is None:
            return order
        provider = self._providers.of(order.provider)
        mark = f"refund-{order.payment_id}-{number}"
        try:
            reversal = await provider.refund(order.payment_id, refund.amount, mark)
        except ProviderRefused:
            reversal = None
        outcome = await self._commands.execute(
            ORDER, order_id, EndRefund(order_id, number, reversal), answer=lambda _, events: list(events)
        )
        for event in outcome.answer:
            told = publish_order(event) if isinstance(event, PaymentReversed) else None
            if isinstance(told, published.PaymentReversed):
                await self._wallets.take_back(told)
        return await self._queries.order(order_id)


def _number(_: Order, events: Sequence[Event]) -> int:
    return next(event.number for event in events if isinstance(event, RefundBegun))


def _told(order_id: int, number: int, order: Order) -> rpc.Refund:
    """Errors: REFUND_REFUSED."""
    refund = order.refunds[number]
    if refund.status == "refused":
        raise RefundRefused
    return rpc.Refund(
        id=f"{order_id}-{number}",
        status=refund.status,
        transaction_id=f"{TRANSACTION}{order_id}",
        user_id=order.user_id,
        amount=refund.amount,
        currency=order.currency,
        credits_taken=order.taken,
        refunded_by=refund.by,
    )
