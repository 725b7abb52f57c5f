"""The rules of a subscription: periods that are paid for, one after another. One stream per subscription.

What its owner decides is committed here first, and then told to the provider until it knows (`alignment.py`).
"""

from datetime import datetime, timedelta
from typing import assert_never

from contracts.errors import ServiceError
from kernel.decider import Decider
from services.ledger.payments.refunding import BeginRefund, EndRefund
from services.ledger.payments.subscription.commands import (
    BeginSubscription,
    ChangePlan,
    Command,
    EndLook,
    MeetDeadline,
    PlaceSubscription,
    ReportEnd,
    ReportPeriod,
    ReportPeriodReversal,
    ReportRenewalFailed,
    ResumeRenewal,
    StopRenewal,
    Terms,
)
from services.ledger.payments.subscription.events import (
    EVENTS,
    Event,
    GraceBegun,
    PeriodMismatched,
    PeriodStarted,
    PlanChangeAsked,
    RenewalResumed,
    RenewalStopped,
    SubscriptionBegun,
    SubscriptionEnded,
    SubscriptionLookedAt,
    SubscriptionPlaced,
)
from services.ledger.payments.subscription.refunding import refund, refund_ended, reversal
from services.ledger.payments.subscription.state import Subscription, evolve
from services.ledger.payments.words import PeriodPaid

PATIENCE = timedelta(days=1)
"""For the first payment, after which the subscription is forgotten."""
GRACE = timedelta(days=7)
"""After a period's end, for the renewal to be paid."""
RENEWAL_WINDOW = timedelta(days=3)
"""A renewal can fail from so long before the period's end; told earlier, it is about a period that was paid since."""
LOOKS_AFTER = tuple(timedelta(minutes=minutes) for minutes in (10, 60, 240, 720, 1440, 2880))
"""When the provider is asked about a payment that is waited for, each counted from the look before; the last look is
at the deadline itself.
"""


class WrongState(ServiceError):
    def __init__(self, message: str) -> None:
        super().__init__("SUBSCRIPTION_STATE", message)


def decide(command: Command, now_is: Subscription, now: datetime) -> list[Event]:
    match command:
        case BeginSubscription():
            what = (command.subscription_id, command.user_id, command.terms, command.provider)
            if now_is.status != "new":
                return []
            return [SubscriptionBegun(*what, deadline=now + PATIENCE, look_at=now + LOOKS_AFTER[0])]
        case PlaceSubscription(subscription_id=subscription_id, ref=ref):
            return [] if now_is.ref else [SubscriptionPlaced(subscription_id, ref)]
        case ReportPeriod() | ReportPeriodReversal() | ReportRenewalFailed() | ReportEnd():
            return _report(command, now_is, now)
        case ChangePlan() | StopRenewal() | ResumeRenewal():
            return _wish(command, now_is)
        case MeetDeadline(subscription_id=subscription_id, asked_at=asked_at):
            return _deadline(subscription_id, now_is, asked_at, now)
        case EndLook():
            return _looked(command, now_is, now)
        case BeginRefund():
            return [refund(command, now_is)]
        case EndRefund():
            return refund_ended(command, now_is)
        case _:
            assert_never(command)


def _report(
    command: ReportPeriod | ReportPeriodReversal | ReportRenewalFailed | ReportEnd, now_is: Subscription, now: datetime
) -> list[Event]:
    """What the provider tells."""
    match command:
        case ReportPeriod(paid=paid):
            return _period(paid, now_is)
        case ReportPeriodReversal():
            return reversal(command, now_is)
        case ReportRenewalFailed(subscription_id=subscription_id):
            if now_is.status != "active" or now_is.ends_at is None or now < now_is.ends_at - RENEWAL_WINDOW:
                return []
            return [_grace(subscription_id, now_is, now_is.ends_at, now)]
        case ReportEnd(subscription_id=subscription_id, reason=reason):
            if now_is.status in {"new", "ended"}:
                return []
            return [SubscriptionEnded(subscription_id, now_is.user_id, reason)]
        case _:
            assert_never(command)


def _period(paid: PeriodPaid, now_is: Subscription) -> list[Event]:
    """Even of one that has ended: the money came."""
    if now_is.terms is None or paid.payment_id in {*now_is.payments, *now_is.mismatched}:
        return []
    terms = _terms_of(paid, now_is)
    if terms is None:
        what = (now_is.user_id, now_is.provider, paid.payment_id, paid.amount, paid.currency)
        return [PeriodMismatched(paid.subscription_id, *what)]
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
            paid.charge_id,
        )
    ]


def _terms_of(paid: PeriodPaid, now_is: Subscription) -> Terms | None:
    """What was bought for that price. A period may be told so late that other terms were agreed on meanwhile."""
    for terms in (now_is.next_terms, now_is.terms, *reversed(now_is.past_terms)):
        if terms and (terms.amount, terms.currency) == (paid.amount, paid.currency):
            return terms
    return None


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


def _deadline(subscription_id: int, now_is: Subscription, asked_at: datetime, now: datetime) -> list[Event]:
    if now_is.deadline is None or asked_at < now_is.deadline:
        return []
    match now_is.status:
        case "pending":
            return [SubscriptionEnded(subscription_id, now_is.user_id, "abandoned")]
        case "ending":
            return [SubscriptionEnded(subscription_id, now_is.user_id, "cancelled")]
        case "grace":
            return [SubscriptionEnded(subscription_id, now_is.user_id, "lapsed")]
        case "active":
            return [_grace(subscription_id, now_is, now_is.deadline, now)]
        case "new" | "ended":
            return []
        case _:
            assert_never(now_is.status)


def _grace(subscription_id: int, now_is: Subscription, since: datetime, now: datetime) -> GraceBegun:
    return GraceBegun(subscription_id, now_is.user_id, since + GRACE, look_at=now + LOOKS_AFTER[0])


def _looked(command: EndLook, now_is: Subscription, now: datetime) -> list[Event]:
    if now_is.look_at is None or now_is.deadline is None or int(now_is.look_at.timestamp()) != command.at:
        return []
    number = now_is.looks + 1
    look_at = now + LOOKS_AFTER[number] if number < len(LOOKS_AFTER) else None
    return [SubscriptionLookedAt(command.subscription_id, look_at if look_at and look_at < now_is.deadline else None)]


SUBSCRIPTION: Decider[Command, Subscription, Event] = Decider("subscription", Subscription(), decide, evolve, EVENTS)
