"""Asks the provider about orders that stay open: phones die, and webhooks get lost."""

from kernel.commands import CommandBus
from kernel.logging import log
from services.ledger.payments.order import ORDER, EndCheck
from services.ledger.payments.ports import ProviderRefused
from services.ledger.payments.providers import Providers
from services.ledger.payments.queries import OrderQueries
from services.ledger.payments.reports import Reports


class Reconciler:
    def __init__(self, commands: CommandBus, queries: OrderQueries, providers: Providers, reports: Reports) -> None:
        self._commands = commands
        self._queries = queries
        self._providers = providers
        self._reports = reports

    async def fire(self, order_id: int, number: int) -> None:
        """The order's `number`-th look. Errors: SERVICE_UNAVAILABLE, PAYMENTS_OFF; the timer then tries again."""
        order = await self._queries.order(order_id)
        if order.status != "open":
            return
        if order.provider_order_id:
            provider = self._providers.of(order.provider)
            try:
                await self._reports.ask(provider, order_id, order.provider_order_id, "reconciler")
            except ProviderRefused:
                log.error("the provider does not know an order of ours", order=order_id, provider=order.provider)
        await self._commands.execute(ORDER, order_id, EndCheck(order_id, number))
