"""What a payment house tells, in words that are the same for every one of them.

Amounts are whole numbers of the currency's smallest unit (paise, cents).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

PaymentStatus = Literal["pending", "authorized", "captured", "failed"]
ReversalKind = Literal["refund", "dispute"]


@dataclass(frozen=True, slots=True)
class PaymentSeen:
    """A payment as its provider describes it. `order_ref`: the provider's id of the order that it is for.

    `refunded`: how much of it has gone back.
    """

    payment_id: str
    order_ref: str | None
    status: PaymentStatus
    amount: int
    currency: str
    reason: str = ""
    refunded: int = 0


@dataclass(frozen=True, slots=True)
class ReversalSeen:
    """Money that goes back, or is claimed back. `stands`: it has not failed (refund), or been won by us (dispute).
    `reason`: why it has failed, if the provider says so. `mark`: ours, of a refund that was begun here.
    """

    payment_id: str
    reversal_id: str
    kind: ReversalKind
    amount: int
    stands: bool
    reason: str = ""
    mark: str | None = None


@dataclass(frozen=True, slots=True)
class PeriodPaid:
    """A period of a subscription was paid for. `subscription_id` is ours, which the provider was given to keep;
    `subscription_ref` is the provider's. `payment_id` is the same from whatever side it is told; `charge_id` is what
    refunds and disputes name, which may be another, and is not told by every webhook.
    """

    subscription_id: int
    subscription_ref: str
    payment_id: str
    amount: int
    currency: str
    starts_at: datetime
    ends_at: datetime
    charge_id: str | None = None


@dataclass(frozen=True, slots=True)
class RenewalFailed:
    """The next period could not be charged; the provider goes on trying for a while."""

    subscription_id: int


@dataclass(frozen=True, slots=True)
class SubscriptionEnded:
    """The provider will not charge any more, and nothing can change that."""

    subscription_id: int


Report = PaymentSeen | ReversalSeen | PeriodPaid | RenewalFailed | SubscriptionEnded


@dataclass(frozen=True, slots=True)
class Notice:
    """One call of a provider's webhook, proven to be its. `event_id` is the same however often it is sent."""

    event_id: str
    kind: str
    reports: tuple[Report, ...]
