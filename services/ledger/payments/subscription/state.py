"""A subscription as its events have left it."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, assert_never

from services.ledger.payments.refunding import Refund, RefundBegun, RefundMade, RefundRefused
from services.ledger.payments.refunding import after as refunds_after
from services.ledger.payments.reversals import Paid, Reversal
from services.ledger.payments.subscription.commands import Terms
from services.ledger.payments.subscription.events import (
    Event,
    GraceBegun,
    PeriodMismatched,
    PeriodReversalUndone,
    PeriodReversed,
    PeriodStarted,
    PlanChangeAsked,
    RenewalResumed,
    RenewalStopped,
    SubscriptionBegun,
    SubscriptionEnded,
    SubscriptionLookedAt,
    SubscriptionPlaced,
)

REMEMBERED = 600
"""Payments that a subscription remembers, in months: fifty years. Its provider tells all of them when it is asked, and
one that was forgotten would be credited again.
"""
TERMS_REMEMBERED = 12

Status = Literal["new", "pending", "active", "ending", "grace", "ended"]


@dataclass(frozen=True, slots=True)
class Subscription:
    """`ref`: the provider's. `next_terms`: from the next period on; `past_terms`: others that were once agreed on.
    `payments`: those that were credited. `look_at`: when the provider is asked next, for the `looks`-th time after
    the first. `refunds`: those begun here, by their numbers from 1.
    """

    status: Status = "new"
    user_id: int = 0
    terms: Terms | None = None
    next_terms: Terms | None = None
    provider: str = ""
    ref: str | None = None
    ends_at: datetime | None = None
    deadline: datetime | None = None
    payments: dict[str, Paid] = field(default_factory=dict)
    mismatched: tuple[str, ...] = ()
    past_terms: tuple[Terms, ...] = ()
    look_at: datetime | None = None
    looks: int = 0
    refunds: dict[int, Refund] = field(default_factory=dict)


def evolve(now_is: Subscription, event: Event) -> Subscription:
    match event:
        case SubscriptionBegun(user_id=user_id, terms=terms, provider=provider, deadline=deadline, look_at=look_at):
            return Subscription("pending", user_id, terms, provider=provider, deadline=deadline, look_at=look_at)
        case SubscriptionPlaced(ref=ref):
            return replace(now_is, ref=ref)
        case PeriodStarted():
            return _started(now_is, event)
        case PeriodMismatched(payment_id=payment_id):
            return replace(now_is, mismatched=(*now_is.mismatched, payment_id)[-REMEMBERED:])
        case PeriodReversed() | PeriodReversalUndone():
            return replace(now_is, payments={**now_is.payments, event.payment_id: _reversed(now_is, event)})
        case PlanChangeAsked(terms=terms):
            return replace(now_is, next_terms=terms, past_terms=_past(now_is, terms))
        case RenewalStopped() | RenewalResumed():
            status: Status = "ending" if isinstance(event, RenewalStopped) else "active"
            return replace(now_is, status=status, deadline=now_is.ends_at)
        case GraceBegun(deadline=deadline, look_at=look_at):
            return replace(now_is, status="grace", deadline=deadline, look_at=look_at, looks=0)
        case SubscriptionLookedAt(look_at=look_at):
            return replace(now_is, look_at=look_at, looks=now_is.looks + 1)
        case SubscriptionEnded():
            return replace(now_is, status="ended", deadline=None, look_at=None)
        case RefundBegun() | RefundMade() | RefundRefused():
            return replace(now_is, refunds=refunds_after(now_is.refunds, event))
        case _:
            assert_never(event)


def _started(now_is: Subscription, event: PeriodStarted) -> Subscription:
    """Periods may be told out of order: the last to end is the one that counts."""
    payments = {**now_is.payments, event.payment_id: Paid(event.terms.amount, event.terms.credits)}
    after = replace(now_is, payments=dict(list(payments.items())[-REMEMBERED:]))
    is_newest = now_is.ends_at is None or event.ends_at > now_is.ends_at
    if not is_newest:
        return after
    status: Status = now_is.status if now_is.status in {"ending", "ended"} else "active"
    return replace(
        after,
        status=status,
        ref=event.ref,
        terms=event.terms,
        next_terms=None if now_is.next_terms == event.terms else now_is.next_terms,
        past_terms=_past(now_is, event.terms),
        ends_at=event.ends_at,
        deadline=None if status == "ended" else event.ends_at,
        look_at=None,
        looks=0,
    )


def _past(now_is: Subscription, terms: Terms) -> tuple[Terms, ...]:
    """All that was agreed on before `terms`."""
    agreed = (*now_is.past_terms, now_is.terms, now_is.next_terms)
    return tuple({found: None for found in agreed if found and found != terms})[-TERMS_REMEMBERED:]


def _reversed(now_is: Subscription, event: PeriodReversed | PeriodReversalUndone) -> Paid:
    stands = isinstance(event, PeriodReversed)
    reversal = Reversal(event.kind, event.amount, stands)
    return now_is.payments[event.payment_id].after(
        event.reversal_id, reversal, event.credits if stands else -event.credits
    )
