"""The second half of a purchase: what happened to the money → what happens to the credits, receipts and providers."""

from collections.abc import Mapping

from contracts.envelope import Event
from contracts.events import payments as published
from kernel.bus import Delivery, Listener, MessageBus
from services.ledger.ads.rewards import Rewards
from services.ledger.payments.alignment import Alignment
from services.ledger.payments.credit_notes import CreditNotes
from services.ledger.payments.receipts import Receipts
from services.ledger.payments.wallets import Wallets

CONSUMER = "ledger-payments"
RECEIPTS = "ledger-receipts"


class Subscribers:
    def __init__(
        self, wallets: Wallets, rewards: Rewards, alignment: Alignment, receipts: Receipts, notes: CreditNotes
    ) -> None:
        self._wallets = wallets
        self._rewards = rewards
        self._alignment = alignment
        self._receipts = receipts
        self._notes = notes

    def listen(self, bus: MessageBus) -> None:
        """Receipts have a consumer of their own: a paper must not hold up a credit."""
        own: Mapping[type[Event], Listener] = {
            published.PaymentCaptured: self.pay_out,
            published.PaymentReversed: self.take_back,
            published.ReversalUndone: self.give_back,
            published.PlanCreditsDue: self._alignment.on_period,
            published.SubscriptionChanged: self._alignment.on_changed,
            published.AdWatched: self._rewards.on_watched,
            published.AdRewarded: self._rewards.on_rewarded,
        }
        bus.listen("ledger", CONSUMER, own)
        papers: Mapping[type[Event], Listener] = {
            published.PaymentCaptured: self._receipts.on_captured,
            published.PlanCreditsDue: self._receipts.on_period,
            published.PaymentReversed: self._notes.on_reversal,
            published.ReversalUndone: self._notes.on_reversal,
        }
        bus.listen("ledger", RECEIPTS, papers)

    async def pay_out(self, event: published.PaymentCaptured, _: Delivery) -> None:
        await self._wallets.pay_out(event.order_id, event.user_id, event.provider, event.payment_id, event.credits)

    async def take_back(self, event: published.PaymentReversed, _: Delivery) -> None:
        await self._wallets.take_back(event)

    async def give_back(self, event: published.ReversalUndone, _: Delivery) -> None:
        await self._wallets.give_back(event)
