"""Subscribing, and changing one's mind."""

from contracts.errors import ServiceError
from contracts.events.auth import AccountDeleted
from contracts.rpc import payments as rpc
from kernel.bus import Delivery
from kernel.clock import iso
from kernel.commands import CommandBus
from kernel.ids import IdBlock
from services.ledger.payments.plans import PLANS, Plan, plan
from services.ledger.payments.providers import PaymentMethodUnsupported, Providers
from services.ledger.payments.queries import OrderQueries
from services.ledger.payments.settings import PlanRefs
from services.ledger.payments.subscription import (
    SUBSCRIPTION,
    BeginSubscription,
    ChangePlan,
    Command,
    PlaceSubscription,
    ReportEnd,
    ResumeRenewal,
    StopRenewal,
    Subscription,
)


class SubscriptionExists(ServiceError):
    def __init__(self) -> None:
        super().__init__("SUBSCRIPTION_EXISTS", "You have a subscription already.")


class NoSubscription(ServiceError):
    def __init__(self) -> None:
        super().__init__("NOT_FOUND", "You have no subscription.")


class Subscribing:
    """`refs`: the plans' ids at each provider."""

    def __init__(
        self, commands: CommandBus, queries: OrderQueries, *, ids: IdBlock, providers: Providers, refs: PlanRefs
    ) -> None:
        self._commands = commands
        self._queries = queries
        self._ids = ids
        self._providers = providers
        self._refs = refs

    async def subscribe(self, request: rpc.Subscribe) -> rpc.SubscriptionToPay:
        """One that was begun and never paid for makes room."""
        chosen = plan(request.plan_id)
        provider = self._providers.chosen(request.payment_method)
        plan_ref = self._ref(provider.name, chosen)
        await self._make_room(request.user_id)
        subscription_id = await self._ids.take()
        command = BeginSubscription(subscription_id, request.user_id, chosen.terms, provider.name)
        await self._commands.execute(SUBSCRIPTION, subscription_id, command, private=request.billing)
        placed = await provider.subscribe(subscription_id, plan_ref)
        await self._commands.execute(SUBSCRIPTION, subscription_id, PlaceSubscription(subscription_id, placed.ref))
        return rpc.SubscriptionToPay(
            subscription_id=subscription_id,
            provider_subscription_id=placed.ref,
            public_key=provider.public_key,
            checkout_url=placed.checkout_url,
        )

    async def change(self, request: rpc.ChangeSubscription) -> rpc.CurrentSubscription:
        """Told to the provider by a subscriber of the event: it may be away just now."""
        subscription_id = await self._queries.live_subscription(request.user_id)
        if subscription_id is None:
            raise NoSubscription
        command: Command
        match request.action:
            case "change":
                chosen = plan(request.plan_id)
                subscription = await self._queries.state(SUBSCRIPTION, subscription_id)
                self._ref(subscription.provider, chosen)
                command = ChangePlan(subscription_id, chosen.terms)
            case "cancel":
                command = StopRenewal(subscription_id)
            case "resume":
                command = ResumeRenewal(subscription_id)
        await self._commands.execute(SUBSCRIPTION, subscription_id, command)
        return await self.current(rpc.GetSubscription(user_id=request.user_id))

    async def on_account_deleted(self, event: AccountDeleted, _: Delivery) -> None:
        """Nobody is charged who is not here any more."""
        live = await self._queries.live_subscription(event.user_id)
        if live is not None:
            await self._commands.execute(SUBSCRIPTION, live, ReportEnd(live, "cancelled"))

    async def current(self, request: rpc.GetSubscription) -> rpc.CurrentSubscription:
        subscription_id = await self._queries.live_subscription(request.user_id)
        if subscription_id is None:
            return rpc.CurrentSubscription(subscription=None)
        found = await self._queries.state(SUBSCRIPTION, subscription_id)
        return rpc.CurrentSubscription(subscription=_shown(subscription_id, found))

    async def _make_room(self, user_id: int) -> None:
        """Errors: SUBSCRIPTION_EXISTS."""
        live = await self._queries.live_subscription(user_id)
        if live is None:
            return
        if (await self._queries.state(SUBSCRIPTION, live)).status != "pending":
            raise SubscriptionExists
        await self._commands.execute(SUBSCRIPTION, live, ReportEnd(live, "abandoned"))

    def _ref(self, provider: str, chosen: Plan) -> str:
        """Errors: PAYMENT_METHOD_UNSUPPORTED: the provider was not told of this plan."""
        ref = self._refs.get(provider, {}).get(chosen.id)
        if not ref:
            raise PaymentMethodUnsupported
        return ref


def _shown(subscription_id: int, found: Subscription) -> rpc.Subscription | None:
    if found.terms is None:
        return None
    return rpc.Subscription(
        id=subscription_id,
        plan=PLANS[found.terms.plan_id].shown(),
        status=found.status,
        provider=found.provider,
        period_ends_at=iso(found.ends_at) if found.ends_at else None,
        ends_at_period_end=found.status == "ending",
    )
