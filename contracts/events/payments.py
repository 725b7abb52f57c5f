"""What ledger tells of money from outside. Amounts are in the currency's smallest unit (paise, cents)."""

from typing import ClassVar, Literal

from contracts.envelope import Event


class PaymentCaptured(Event):
    """An order was paid, exactly as it was ordered: `credits` are granted for it, once."""

    TYPE: ClassVar[str] = "ledger.payment_captured"
    order_id: int
    user_id: int
    provider: str
    payment_id: str
    package_id: int
    credits: int
    amount: int
    currency: str


class PaymentFailed(Event):
    TYPE: ClassVar[str] = "ledger.payment_failed"
    order_id: int
    user_id: int
    payment_id: str
    reason: str


class PaymentMismatched(Event):
    """An alert: money came that is not what was ordered. Nothing was credited; somebody must look at it.

    `fault`: `order`, `amount`, `currency`, `second_payment` (the order had been paid before) or
    `subscription` (not what a subscription costs; `order_id` is 0).
    """

    TYPE: ClassVar[str] = "ledger.payment_mismatched"
    order_id: int
    user_id: int
    provider: str
    payment_id: str
    fault: str
    amount: int
    currency: str


class PaymentReversed(Event):
    """Money goes back (`refund`) or is claimed back (`dispute`): `credits` are taken back for it. Of a subscription's
    period `order_id` is 0.
    """

    TYPE: ClassVar[str] = "ledger.payment_reversed"
    order_id: int
    user_id: int
    payment_id: str
    reversal_id: str
    kind: Literal["refund", "dispute"]
    amount: int
    credits: int
    subscription_id: int = 0


class ReversalUndone(Event):
    """A refund failed, or a dispute was won: the `credits` that it had cost are given back. Of a subscription's period
    `order_id` is 0.
    """

    TYPE: ClassVar[str] = "ledger.reversal_undone"
    order_id: int
    user_id: int
    payment_id: str
    reversal_id: str
    kind: Literal["refund", "dispute"]
    amount: int
    credits: int
    subscription_id: int = 0


class RefundBegun(Event):
    """An administrator gives money back: who and why. What it takes from the wallet `payment_reversed` tells.

    `payment_id`: which of the order's payments, where it is not the one that was credited, or which period's of a
    subscription, of which `order_id` is 0. `correction_id`: what a second administrator approved it by.
    """

    TYPE: ClassVar[str] = "ledger.refund_begun"
    order_id: int
    number: int
    user_id: int
    by: int
    amount: int
    currency: str
    reason: str
    payment_id: str | None = None
    correction_id: int | None = None
    subscription_id: int = 0


class RefundRefused(Event):
    """The provider would not do it, or could not after all: no money went back. `reason`: in its words, if it said why.
    Of a subscription's period `order_id` is 0.
    """

    TYPE: ClassVar[str] = "ledger.refund_refused"
    order_id: int
    number: int
    reason: str = ""
    subscription_id: int = 0


class RefundMadeAfterAll(Event):
    """The provider had refused it (`refund_refused`), and has made it all the same: the money went back, once. What it
    takes from the wallet `payment_reversed` tells. Of a subscription's period `order_id` is 0.
    """

    TYPE: ClassVar[str] = "ledger.refund_made_after_all"
    order_id: int
    number: int
    subscription_id: int = 0


class AdWatched(Event):
    """A network's word and the app's claim of an ad have met: it is to be rewarded, if the day allows it."""

    TYPE: ClassVar[str] = "ledger.ad_watched"
    view_id: str
    user_id: int
    network: str


class AdRewarded(Event):
    """`watched`: how many rewarded ads that is on this day (UTC) of theirs."""

    TYPE: ClassVar[str] = "ledger.ad_rewarded"
    view_id: str
    user_id: int
    credits: int
    watched: int


class SubscriptionChanged(Event):
    """`what`: `plan_change_asked` (from the next period on), `ending` (at the period's end), `active` (again), `grace`
    (the renewal could not be charged) or `ended`.
    """

    TYPE: ClassVar[str] = "ledger.subscription_changed"
    subscription_id: int
    user_id: int
    what: str


class PlanCreditsDue(Event):
    """A period was paid for: `credits` are granted for it, once. `expires_at`: when they go, if they do."""

    TYPE: ClassVar[str] = "ledger.plan_credits_due"
    subscription_id: int
    user_id: int
    plan_id: str
    provider: str
    payment_id: str
    credits: int
    amount: int
    currency: str
    expires_at: str | None


EVENTS: tuple[type[Event], ...] = (
    PaymentCaptured,
    PaymentFailed,
    PaymentMismatched,
    PaymentReversed,
    ReversalUndone,
    RefundBegun,
    RefundRefused,
    RefundMadeAfterAll,
    AdWatched,
    AdRewarded,
    SubscriptionChanged,
    PlanCreditsDue,
)
