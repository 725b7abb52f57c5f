"""What becomes of a subscription."""

from dataclasses import dataclass
from datetime import datetime

from services.ledger.payments.refunding import RefundBegun, RefundMade, RefundRefused
from services.ledger.payments.subscription.commands import EndReason, Terms
from services.ledger.payments.words import ReversalKind


@dataclass(frozen=True, slots=True)
class SubscriptionBegun:
    """`look_at`: when the provider is asked whether it was paid. Old ones have none."""

    subscription_id: int
    user_id: int
    terms: Terms
    provider: str
    deadline: datetime
    look_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SubscriptionPlaced:
    subscription_id: int
    ref: str


@dataclass(frozen=True, slots=True)
class PeriodStarted:
    """`payment_id`: what was credited, once. `charge_id`: what its refunds and disputes name, where that is known."""

    subscription_id: int
    user_id: int
    provider: str
    ref: str
    payment_id: str
    terms: Terms
    starts_at: datetime
    ends_at: datetime
    charge_id: str | None = None


@dataclass(frozen=True, slots=True)
class PeriodMismatched:
    """Money that is not what was agreed: somebody must look at it. Nothing was credited for it."""

    subscription_id: int
    user_id: int
    provider: str
    payment_id: str
    amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class PeriodReversed:
    """`credits` are to be taken back for it."""

    subscription_id: int
    user_id: int
    provider: str
    payment_id: str
    charge_id: str
    reversal_id: str
    kind: ReversalKind
    amount: int
    credits: int


@dataclass(frozen=True, slots=True)
class PeriodReversalUndone:
    """A refund that failed, a dispute that was won. `credits` that it had cost are to be given back."""

    subscription_id: int
    user_id: int
    provider: str
    payment_id: str
    charge_id: str
    reversal_id: str
    kind: ReversalKind
    amount: int
    credits: int


@dataclass(frozen=True, slots=True)
class PlanChangeAsked:
    """From the next period on."""

    subscription_id: int
    user_id: int
    terms: Terms


@dataclass(frozen=True, slots=True)
class RenewalStopped:
    subscription_id: int
    user_id: int


@dataclass(frozen=True, slots=True)
class RenewalResumed:
    subscription_id: int
    user_id: int


@dataclass(frozen=True, slots=True)
class GraceBegun:
    subscription_id: int
    user_id: int
    deadline: datetime
    look_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SubscriptionLookedAt:
    """Its provider knows of no payment yet. `look_at`: when it is asked again, if it is before the deadline."""

    subscription_id: int
    look_at: datetime | None


@dataclass(frozen=True, slots=True)
class SubscriptionEnded:
    subscription_id: int
    user_id: int
    reason: EndReason


Event = (
    SubscriptionBegun
    | SubscriptionPlaced
    | PeriodStarted
    | PeriodMismatched
    | PeriodReversed
    | PeriodReversalUndone
    | PlanChangeAsked
    | RenewalStopped
    | RenewalResumed
    | GraceBegun
    | SubscriptionLookedAt
    | SubscriptionEnded
    | RefundBegun
    | RefundMade
    | RefundRefused
)

EVENTS: tuple[type[Event], ...] = (
    SubscriptionBegun,
    SubscriptionPlaced,
    PeriodStarted,
    PeriodMismatched,
    PeriodReversed,
    PeriodReversalUndone,
    PlanChangeAsked,
    RenewalStopped,
    RenewalResumed,
    GraceBegun,
    SubscriptionLookedAt,
    SubscriptionEnded,
    RefundBegun,
    RefundMade,
    RefundRefused,
)
