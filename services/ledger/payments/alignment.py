"""What became of a subscription here → the provider, until it knows. Each call says how things are now, so neither
order nor repetition matters.
"""

from contracts.events import payments as published
from kernel.bus import Delivery
from services.ledger.payments.providers import Providers
from services.ledger.payments.queries import OrderQueries
from services.ledger.payments.renewals import Renewals
from services.ledger.payments.settings import PlanRefs
from services.ledger.payments.subscription import SUBSCRIPTION, Subscription
from services.ledger.payments.wallets import Wallets


class Alignment:
    def __init__(
        self, queries: OrderQueries, providers: Providers, wallets: Wallets, renewals: Renewals, refs: PlanRefs
    ) -> None:
        self._queries = queries
        self._providers = providers
        self._wallets = wallets
        self._renewals = renewals
        self._refs = refs

    async def on_changed(self, event: published.SubscriptionChanged, _: Delivery) -> None:
        await self._align(event.subscription_id, plan_too=event.what == "plan_change_asked")

    async def on_period(self, event: published.PlanCreditsDue, _: Delivery) -> None:
        """Paid in spite of its end: credited, and ended once more."""
        await self._wallets.pay_period(event)
        if (await self._queries.state(SUBSCRIPTION, event.subscription_id)).status == "ended":
            await self._align(event.subscription_id, plan_too=False)

    async def _align(self, subscription_id: int, *, plan_too: bool) -> None:
        """Until what was told is still so when it has been told: a slower call could have come after a later one."""
        found = await self._queries.state(SUBSCRIPTION, subscription_id)
        while True:
            await self._tell(subscription_id, found, plan_too=plan_too)
            now_is = await self._queries.state(SUBSCRIPTION, subscription_id)
            if (now_is.status, now_is.terms, now_is.next_terms) == (found.status, found.terms, found.next_terms):
                return
            plan_too |= now_is.next_terms != found.next_terms
            found = now_is

    async def _tell(self, subscription_id: int, found: Subscription, *, plan_too: bool) -> None:
        if found.ref is None or found.terms is None:
            return
        provider = self._providers.of(found.provider)
        match found.status:
            case "ended":
                await provider.end(found.ref)
                await self._renewals.ask(subscription_id, found)  # what came at the last moment
            case "ending":
                await provider.stop_renewal(found.ref)
            case "active" if plan_too:
                wanted = found.next_terms or found.terms
                await provider.change_plan(found.ref, self._refs[found.provider][wanted.plan_id])
            case "active":
                await provider.resume_renewal(found.ref)
            case _:
                return
