"""What can be told of a subscription, or asked of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from services.ledger.payments.refunding import BeginRefund, EndRefund
from services.ledger.payments.words import PeriodPaid, ReversalSeen

EndReason = Literal["abandoned", "cancelled", "lapsed", "provider"]


@dataclass(frozen=True, slots=True)
class Terms:
    """`credits` each period; they go with it if `credits_expire`."""

    plan_id: str
    credits: int
    amount: int
    currency: str
    credits_expire: bool


@dataclass(frozen=True, slots=True)
class BeginSubscription:
    subscription_id: int
    user_id: int
    terms: Terms
    provider: str


@dataclass(frozen=True, slots=True)
class PlaceSubscription:
    subscription_id: int
    ref: str


@dataclass(frozen=True, slots=True)
class ReportPeriod:
    paid: PeriodPaid


@dataclass(frozen=True, slots=True)
class ReportPeriodReversal:
    """`payment_id`: the period's, by which it was credited; the reversal names the charge behind it."""

    subscription_id: int
    payment_id: str
    reversal: ReversalSeen


@dataclass(frozen=True, slots=True)
class ReportRenewalFailed:
    subscription_id: int


@dataclass(frozen=True, slots=True)
class ReportEnd:
    subscription_id: int
    reason: EndReason


@dataclass(frozen=True, slots=True)
class ChangePlan:
    subscription_id: int
    terms: Terms


@dataclass(frozen=True, slots=True)
class StopRenewal:
    subscription_id: int


@dataclass(frozen=True, slots=True)
class ResumeRenewal:
    subscription_id: int


@dataclass(frozen=True, slots=True)
class MeetDeadline:
    """All that the provider knew at `asked_at` has been reported: only a deadline of before then has passed in vain."""

    subscription_id: int
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class EndLook:
    """The provider was asked, as was due `at` (in seconds since 1970), and all that it said has been reported."""

    subscription_id: int
    at: int


Command = (
    BeginSubscription
    | PlaceSubscription
    | ReportPeriod
    | ReportPeriodReversal
    | ReportRenewalFailed
    | ReportEnd
    | ChangePlan
    | StopRenewal
    | ResumeRenewal
    | MeetDeadline
    | EndLook
    | BeginRefund
    | EndRefund
)
