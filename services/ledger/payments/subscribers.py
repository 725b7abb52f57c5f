"""The second half of a purchase: what happened to the money → what happens to the credits."""

from collections.abc import Mapping

from contracts.envelope import Event
from contracts.events import payments as published
from kernel.bus import Delivery, Listener, MessageBus
from services.ledger.ads.rewards import Rewards
from services.ledger.payments.wallets import Wallets

CONSUMER = "ledger-payments"


class Subscribers:
    def __init__(self, wallets: Wallets, rewards: Rewards) -> None:
        self._wallets = wallets
        self._rewards = rewards

    def listen(self, bus: MessageBus) -> None:
        own: Mapping[type[Event], Listener] = {
            published.PaymentCaptured: self.pay_out,
            published.PaymentReversed: self.take_back,
            published.ReversalUndone: self.give_back,
            published.AdWatched: self._rewards.on_watched,
            published.AdRewarded: self._rewards.on_rewarded,
        }
        bus.listen("ledger", CONSUMER, own)

    async def pay_out(self, event: published.PaymentCaptured, _: Delivery) -> None:
        await self._wallets.pay_out(event.order_id, event.user_id, event.provider, event.payment_id, event.credits)

    async def take_back(self, event: published.PaymentReversed, _: Delivery) -> None:
        await self._wallets.take_back(event)

    async def give_back(self, event: published.ReversalUndone, _: Delivery) -> None:
        await self._wallets.give_back(event)
