"""What a provider says of payments → commands. The same for phone, webhook and reconciler."""

from collections.abc import Iterable, Sequence
from typing import assert_never

from prometheus_client import Counter

from kernel.commands import CommandBus
from kernel.logging import log
from services.ledger.payments.order import ORDER, ReportPayment, ReportReversal, Source
from services.ledger.payments.ports import Provider, ProviderRefused
from services.ledger.payments.queries import OrderQueries
from services.ledger.payments.subscription import (
    SUBSCRIPTION,
    ReportEnd,
    ReportPeriod,
    ReportPeriodReversal,
    ReportRenewalFailed,
)
from services.ledger.payments.words import (
    PaymentSeen,
    PeriodPaid,
    RenewalFailed,
    Report,
    ReversalSeen,
    SubscriptionEnded,
)

MISMATCHES = Counter("payment_mismatches_total", "Payments that are not what was ordered", ["source"])


class Reports:
    """No command here has a key: an order or a subscription knows what it has been told, and a second telling changes
    nothing.
    """

    def __init__(self, commands: CommandBus, queries: OrderQueries) -> None:
        self._commands = commands
        self._queries = queries

    async def apply(self, provider: Provider, reports: Iterable[Report], source: Source) -> None:
        """What is not about our orders is left alone: others may use the same account."""
        for report in reports:
            match report:
                case PaymentSeen():
                    await self._payment(provider, report, source)
                case ReversalSeen():
                    await self._reversal(provider, report, source)
                case PeriodPaid():
                    await self._period(report, source)
                case RenewalFailed(subscription_id=subscription_id):
                    await self._commands.execute(SUBSCRIPTION, subscription_id, ReportRenewalFailed(subscription_id))
                case SubscriptionEnded(subscription_id=subscription_id):
                    await self._commands.execute(SUBSCRIPTION, subscription_id, ReportEnd(subscription_id, "provider"))
                case _:
                    assert_never(report)

    async def report(self, order_id: int, payment: PaymentSeen, source: Source) -> None:
        outcome = await self._commands.execute(
            ORDER,
            order_id,
            ReportPayment(order_id, payment, source),
            answer=_names,
        )
        if "PaymentMismatched" in outcome.answer:
            MISMATCHES.labels(source).inc()
            log.error("a payment is not what was ordered", order=order_id, payment=payment.payment_id)

    async def ask(self, provider: Provider, order_id: int, order_ref: str, source: Source) -> None:
        """Ask the provider for every payment of an order, take one that is only authorized unless it is paid already,
        and report it all. A second one that is never taken goes back by itself.
        """
        found = await provider.payments_of(order_ref)
        for seen in sorted(found, key=lambda payment: payment.status == "authorized"):
            payment = seen
            if seen.status == "authorized":
                order = await self._queries.order(order_id)
                if not order.payment_id and (seen.amount, seen.currency) == (order.amount, order.currency):
                    payment = await provider.capture(seen)
            await self.report(order_id, payment, source)

    async def learn(self, provider: Provider, payment_id: str) -> tuple[int, int, str] | None:
        """Ask the provider what a payment is for that nobody has told of, and report it: its order, or its subscription
        and what is known there. None: it is for nothing of ours. Errors: SERVICE_UNAVAILABLE.
        """
        try:
            order_ref = await provider.order_of(payment_id)
            order_id = await self._queries.order_with(provider.name, order_ref) if order_ref else None
            if order_id is not None and order_ref is not None:
                await self.ask(provider, order_id, order_ref, "reconciler")
                return order_id, 0, payment_id
            period = await provider.period_of(payment_id)
        except ProviderRefused:
            return None  # not even the provider knows it
        if period is None or (await self._queries.subscription(period.subscription_id)).status == "new":
            return None
        await self._period(period, "reconciler")
        return 0, period.subscription_id, period.payment_id

    async def _payment(self, provider: Provider, payment: PaymentSeen, source: Source) -> None:
        order_id = payment.order_ref and await self._queries.order_with(provider.name, payment.order_ref)
        if order_id:
            await self.report(int(order_id), payment, source)

    async def _period(self, period: PeriodPaid, source: Source) -> None:
        outcome = await self._commands.execute(
            SUBSCRIPTION, period.subscription_id, ReportPeriod(period), answer=_names
        )
        if "PeriodMismatched" in outcome.answer:
            MISMATCHES.labels(source).inc()
            what = {"subscription": period.subscription_id, "payment": period.payment_id}
            log.error("a payment is not what a subscription costs", **what)

    async def _reversal(self, provider: Provider, reversal: ReversalSeen, source: Source) -> None:
        """What was paid with it is looked for here, then asked for: it may be told before its payment is."""
        what = (provider.name, reversal.payment_id)
        order_id = await self._queries.order_paid_by(*what) or await self._queries.order_of_stray(*what)
        if order_id is None:
            if await self._period_reversal(provider, reversal):
                return
            order_ref = await provider.order_of(reversal.payment_id)
            order_id = await self._queries.order_with(provider.name, order_ref) if order_ref else None
            if order_id is None or order_ref is None:
                await self._period_unknown(provider, reversal, source)
                return
            await self.ask(provider, order_id, order_ref, source)
        await self._commands.execute(ORDER, order_id, ReportReversal(order_id, reversal))

    async def _period_reversal(self, provider: Provider, reversal: ReversalSeen) -> bool:
        """Whether it is about a period that is known here."""
        period = await self._queries.period_paid_by(provider.name, reversal.payment_id)
        if period is None:
            return False
        subscription_id, payment_id = period
        command = ReportPeriodReversal(subscription_id, payment_id, reversal)
        await self._commands.execute(SUBSCRIPTION, subscription_id, command)
        return True

    async def _period_unknown(self, provider: Provider, reversal: ReversalSeen, source: Source) -> None:
        """The period first, if it is for one of ours: what goes back must have come."""
        try:
            period = await provider.period_of(reversal.payment_id)
        except ProviderRefused:
            period = None  # not even the provider knows it
        if period is None or (await self._queries.state(SUBSCRIPTION, period.subscription_id)).status == "new":
            log.warning("money goes back that nothing of ours was paid with", payment=reversal.payment_id)
            return
        own_id = period.subscription_id
        await self._period(period, source)
        await self._commands.execute(SUBSCRIPTION, own_id, ReportPeriodReversal(own_id, period.payment_id, reversal))


def _names(_: object, events: Sequence[object]) -> list[str]:
    return [type(event).__name__ for event in events]
