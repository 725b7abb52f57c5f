"""Asks the provider about subscriptions whose money is waited for: a webhook that never comes costs nobody a period.

It is asked at the end of each period and of each grace, and in between at growing intervals (`LOOKS_AFTER`); when one
was begun, until it is paid or forgotten; and once more when it has ended, after which nothing can be charged.
"""

from kernel.clock import Clock
from kernel.commands import CommandBus
from kernel.logging import log
from services.ledger.payments.ports import ProviderRefused
from services.ledger.payments.providers import Providers
from services.ledger.payments.queries import OrderQueries
from services.ledger.payments.reports import Reports
from services.ledger.payments.subscription import SUBSCRIPTION, EndLook, MeetDeadline, Subscription


class Renewals:
    def __init__(
        self, commands: CommandBus, queries: OrderQueries, providers: Providers, reports: Reports, clock: Clock
    ) -> None:
        self._commands = commands
        self._queries = queries
        self._providers = providers
        self._reports = reports
        self._clock = clock

    async def look(self, subscription_id: int, at: int) -> None:
        """One that was due `at`. Errors: SERVICE_UNAVAILABLE, PAYMENTS_OFF; the timer then tries again."""
        found = await self._queries.state(SUBSCRIPTION, subscription_id)
        if found.look_at is None or int(found.look_at.timestamp()) != at:
            return  # it was paid meanwhile
        await self.ask(subscription_id, found)
        await self._commands.execute(SUBSCRIPTION, subscription_id, EndLook(subscription_id, at))

    async def meet_deadline(self, subscription_id: int) -> None:
        """Nothing ends or lapses before the provider has been asked. Errors: as `look`."""
        found = await self._queries.state(SUBSCRIPTION, subscription_id)
        asked_at = self._clock()
        if found.deadline is None or asked_at < found.deadline:
            return  # that of a period before
        await self.ask(subscription_id, found)
        await self._commands.execute(SUBSCRIPTION, subscription_id, MeetDeadline(subscription_id, asked_at))

    async def ask(self, subscription_id: int, subscription: Subscription) -> None:
        """Report all that the provider knows of it, as its webhook would have."""
        if subscription.ref is None:
            return  # nobody was shown where to pay for it
        provider = self._providers.of(subscription.provider)
        try:
            reports = await provider.reports_of(subscription_id, subscription.ref)
        except ProviderRefused:
            log.error("the provider does not know a subscription of ours", subscription=subscription_id)
            return
        await self._reports.apply(provider, reports, "reconciler")
