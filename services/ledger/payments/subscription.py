"""The rules of a subscription: periods that are paid for, one after another. One stream per subscription.

What its owner decides is committed here first, and then told to the provider until it knows (`alignment.py`).
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, assert_never

from contracts.errors import ServiceError
from kernel.decider import Decider
from services.ledger.payments.words import PeriodPaid

PATIENCE = timedelta(days=1)
"""For the first payment, after which the subscription is forgotten."""
GRACE = timedelta(days=7)
"""After a period's end, for the renewal to be paid."""
RENEWAL_WINDOW = timedelta(days=3)
"""A renewal can fail from so long before the period's end; told earlier, it is about a period that was paid since."""
REMEMBERED = 36

Status = Literal["new", "pending", "active", "ending", "grace", "ended"]
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
class Subscription:
    """`ref`: the provider's. `next_terms`: from the next period on. `payments`: the last ones that were credited."""

    status: Status = "new"
    user_id: int = 0
    terms: Terms | None = None
    next_terms: Terms | None = None
    provider: str = ""
    ref: str | None = None
    ends_at: datetime | None = None
    deadline: datetime | None = None
    payments: tuple[str, ...] = ()
    mismatched: tuple[str, ...] = ()


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
    subscription_id: int


Command = (
    BeginSubscription
    | PlaceSubscription
    | ReportPeriod
    | ReportRenewalFailed
    | ReportEnd
    | ChangePlan
    | StopRenewal
    | ResumeRenewal
    | MeetDeadline
)


@dataclass(frozen=True, slots=True)
class SubscriptionBegun:
    subscription_id: int
    user_id: int
    terms: Terms
    provider: str
    deadline: datetime


@dataclass(frozen=True, slots=True)
class SubscriptionPlaced:
    subscription_id: int
    ref: str


@dataclass(frozen=True, slots=True)
class PeriodStarted:
    subscription_id: int
    user_id: int
    provider: str
    ref: str
    payment_id: str
    terms: Terms
    starts_at: datetime
    ends_at: datetime


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
    | PlanChangeAsked
    | RenewalStopped
    | RenewalResumed
    | GraceBegun
    | SubscriptionEnded
)


class WrongState(ServiceError):
    def __init__(self, message: str) -> None:
        super().__init__("SUBSCRIPTION_STATE", message)


def decide(command: Command, now_is: Subscription, now: datetime) -> list[Event]:
    match command:
        case BeginSubscription():
            what = (command.subscription_id, command.user_id, command.terms, command.provider)
            return [] if now_is.status != "new" else [SubscriptionBegun(*what, deadline=now + PATIENCE)]
        case PlaceSubscription(subscription_id=subscription_id, ref=ref):
            return [] if now_is.ref else [SubscriptionPlaced(subscription_id, ref)]
        case ReportPeriod(paid=paid):
            return _period(paid, now_is)
        case ReportRenewalFailed(subscription_id=subscription_id):
            if now_is.status != "active" or now_is.ends_at is None or now < now_is.ends_at - RENEWAL_WINDOW:
                return []
            return [GraceBegun(subscription_id, now_is.user_id, now_is.ends_at + GRACE)]
        case ReportEnd(subscription_id=subscription_id, reason=reason):
            if now_is.status in {"new", "ended"}:
                return []
            return [SubscriptionEnded(subscription_id, now_is.user_id, reason)]
        case ChangePlan() | StopRenewal() | ResumeRenewal():
            return _wish(command, now_is)
        case MeetDeadline(subscription_id=subscription_id):
            return _deadline(subscription_id, now_is, now)
        case _:
            assert_never(command)


def _period(paid: PeriodPaid, now_is: Subscription) -> list[Event]:
    """Even of one that has ended: the money came."""
    known = {*now_is.payments, *now_is.mismatched}
    if now_is.terms is None or paid.payment_id in known:
        return []
    for terms in (now_is.next_terms, now_is.terms):
        if terms and (terms.amount, terms.currency) == (paid.amount, paid.currency):
            return [
                PeriodStarted(
                    paid.subscription_id,
                    now_is.user_id,
                    now_is.provider,
                    paid.subscription_ref,
                    paid.payment_id,
                    terms,
                    paid.starts_at,
                    paid.ends_at,
                )
            ]
    what = (now_is.user_id, now_is.provider, paid.payment_id, paid.amount, paid.currency)
    return [PeriodMismatched(paid.subscription_id, *what)]


def _wish(command: ChangePlan | StopRenewal | ResumeRenewal, now_is: Subscription) -> list[Event]:
    """What the owner wants, where it is still to be had."""
    if now_is.status not in {"active", "ending", "grace"} or now_is.terms is None:
        raise WrongState("There is no subscription that runs.")
    what = (command.subscription_id, now_is.user_id)
    match command:
        case ChangePlan(terms=terms):
            if now_is.status != "active":
                raise WrongState("The plan can be changed while the subscription is active.")
            wanted = now_is.next_terms or now_is.terms
            return [] if terms.plan_id == wanted.plan_id else [PlanChangeAsked(*what, terms)]
        case StopRenewal():
            return [] if now_is.status == "ending" else [RenewalStopped(*what)]
        case ResumeRenewal():
            return [RenewalResumed(*what)] if now_is.status == "ending" else []
        case _:
            assert_never(command)


def _deadline(subscription_id: int, now_is: Subscription, now: datetime) -> list[Event]:
    if now_is.deadline is None or now < now_is.deadline:
        return []
    match now_is.status:
        case "pending":
            return [SubscriptionEnded(subscription_id, now_is.user_id, "abandoned")]
        case "ending":
            return [SubscriptionEnded(subscription_id, now_is.user_id, "cancelled")]
        case "grace":
            return [SubscriptionEnded(subscription_id, now_is.user_id, "lapsed")]
        case "active":
            return [GraceBegun(subscription_id, now_is.user_id, now_is.deadline + GRACE)]
        case "new" | "ended":
            return []
        case _:
            assert_never(now_is.status)


def evolve(now_is: Subscription, event: Event) -> Subscription:
    match event:
        case SubscriptionBegun(user_id=user_id, terms=terms, provider=provider, deadline=deadline):
            return Subscription("pending", user_id, terms, provider=provider, deadline=deadline)
        case SubscriptionPlaced(ref=ref):
            return replace(now_is, ref=ref)
        case PeriodStarted():
            return _started(now_is, event)
        case PeriodMismatched(payment_id=payment_id):
            return replace(now_is, mismatched=(*now_is.mismatched, payment_id)[-REMEMBERED:])
        case PlanChangeAsked(terms=terms):
            return replace(now_is, next_terms=terms)
        case RenewalStopped():
            return replace(now_is, status="ending", deadline=now_is.ends_at)
        case RenewalResumed():
            return replace(now_is, status="active", deadline=now_is.ends_at)
        case GraceBegun(deadline=deadline):
            return replace(now_is, status="grace", deadline=deadline)
        case SubscriptionEnded():
            return replace(now_is, status="ended", deadline=None)
        case _:
            assert_never(event)


def _started(now_is: Subscription, event: PeriodStarted) -> Subscription:
    """Periods may be told out of order: the last to end is the one that counts."""
    payments = (*now_is.payments, event.payment_id)[-REMEMBERED:]
    is_newest = now_is.ends_at is None or event.ends_at > now_is.ends_at
    if not is_newest:
        return replace(now_is, payments=payments)
    status: Status = now_is.status if now_is.status in {"ending", "ended"} else "active"
    after = replace(now_is, status=status, ref=event.ref, terms=event.terms, ends_at=event.ends_at, payments=payments)
    kept = None if now_is.next_terms == event.terms else now_is.next_terms
    return replace(after, next_terms=kept, deadline=None if status == "ended" else event.ends_at)


SUBSCRIPTION: Decider[Command, Subscription, Event] = Decider(
    category="subscription",
    initial=Subscription(),
    decide=decide,
    evolve=evolve,
    events=(
        SubscriptionBegun,
        SubscriptionPlaced,
        PeriodStarted,
        PeriodMismatched,
        PlanChangeAsked,
        RenewalStopped,
        RenewalResumed,
        GraceBegun,
        SubscriptionEnded,
    ),
)
