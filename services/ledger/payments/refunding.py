"""Refunds that administrators begin: the rules that are the same for an order and a subscription's period."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, assert_never

from contracts.errors import ServiceError
from services.ledger.domain.allowance import Use
from services.ledger.payments.reversals import Paid
from services.ledger.payments.words import ReversalSeen


@dataclass(frozen=True, slots=True)
class BeginRefund:
    """By the administrator `by`. `payment_id`: None for the payment that an order was credited for. It was allowed by a
    second administrator (`correction_id`), or is one that its administrator may make `alone`.
    """

    order_id: int
    by: int
    amount: int
    reason: str
    payment_id: str | None = None
    subscription_id: int = 0
    correction_id: int | None = None
    alone: Use | None = None


@dataclass(frozen=True, slots=True)
class EndRefund:
    """What the provider made of it. None: it refused, for a `reason` if it said one."""

    order_id: int
    number: int
    reversal: ReversalSeen | None
    reason: str = ""
    subscription_id: int = 0


@dataclass(frozen=True, slots=True)
class RefundBegun:
    """Committed before the provider is asked: whatever dies then, it is asked until it has answered."""

    order_id: int
    number: int
    user_id: int
    by: int
    amount: int
    currency: str
    reason: str
    payment_id: str | None = None
    subscription_id: int = 0
    correction_id: int | None = None
    alone: Use | None = None


@dataclass(frozen=True, slots=True)
class RefundMade:
    """`after_all`: the provider had refused it before."""

    order_id: int
    number: int
    reversal_id: str
    subscription_id: int = 0
    after_all: bool = False


@dataclass(frozen=True, slots=True)
class RefundRefused:
    """At once, or after it had been made: what was taken back for it is given back by the reversal's own events. It may
    turn out to have been made all the same.
    """

    order_id: int
    number: int
    reason: str = ""
    subscription_id: int = 0


RefundEvent = RefundBegun | RefundMade | RefundRefused


@dataclass(frozen=True, slots=True)
class Refund:
    """`open`: nobody knows yet whether the provider has done it. `payment_id`: as in `BeginRefund`. `reversal_id`: what
    the provider calls it, once it was made.
    """

    amount: int
    by: int
    status: Literal["open", "made", "refused"] = "open"
    payment_id: str | None = None
    reversal_id: str | None = None
    correction_id: int | None = None
    alone: Use | None = None
    reason: str = ""


Refunds = Mapping[int, Refund]
"""By their numbers from 1."""


class PaymentNotFound(ServiceError):
    def __init__(self) -> None:
        super().__init__("PAYMENT_NOT_FOUND", "There is no such payment.")


class RefundTooLarge(ServiceError):
    """`left`: what can still go back, in the smallest unit."""

    def __init__(self, left: int) -> None:
        super().__init__("REFUND_TOO_LARGE", "That is more than is left of the payment.", details={"left": left})


def begun(command: BeginRefund, paid: Paid | None, refunds: Refunds, *, user_id: int, currency: str) -> RefundBegun:
    """Errors: PAYMENT_NOT_FOUND, PERMISSION_DENIED (what they paid themselves), REFUND_TOO_LARGE."""
    if paid is None:
        raise PaymentNotFound
    if user_id == command.by:
        raise ServiceError("PERMISSION_DENIED", "Nobody refunds what they bought themselves.")
    left = left_of(paid, refunds, command.payment_id)
    if not 0 < command.amount <= left:
        raise RefundTooLarge(left)
    return RefundBegun(
        command.order_id,
        len(refunds) + 1,
        user_id,
        command.by,
        command.amount,
        currency,
        command.reason,
        command.payment_id,
        command.subscription_id,
        command.correction_id,
        command.alone,
    )


def left_of(paid: Paid, refunds: Refunds, payment_id: str | None) -> int:
    """What can still go back. A refund that is open counts even if its webhook was faster: rather too little."""
    gone = sum(found.amount for found in paid.reversals.values() if found.stands)
    asked = sum(found.amount for found in refunds.values() if found.status == "open" and found.payment_id == payment_id)
    return max(0, paid.amount - gone - asked)


def end_of(command: EndRefund, paid: Paid) -> RefundMade | RefundRefused:
    """Of one that is open. That it has failed may have been told before the answer that it was made."""
    seen = command.reversal
    if seen is None or not paid.lets_stand(seen):
        reason = seen.reason if seen else command.reason
        return RefundRefused(command.order_id, command.number, reason, command.subscription_id)
    return RefundMade(command.order_id, command.number, seen.reversal_id, command.subscription_id)


def mark(payment_id: str, number: int) -> str:
    """By which the provider knows a refund again. `payment_id`: as it calls the payment."""
    return f"refund-{payment_id}-{number}"


def answered(command: EndRefund, payment_id: str | None) -> ReversalSeen | None:
    """What the provider answered about this refund: it bears its mark, whether it says so or not."""
    return replace(command.reversal, mark=mark(payment_id or "", command.number)) if command.reversal else None


def proven_by(
    seen: ReversalSeen, refunds: Refunds, *, order_id: int, credited: str = "", subscription_id: int = 0
) -> list[RefundMade]:
    """Which refund was made, as a reversal shows that stands and bears its mark: one that nobody has answered for yet,
    or one that was refused. `credited`: the payment of those that name none.
    """
    return [
        RefundMade(order_id, number, seen.reversal_id, subscription_id, after_all=found.status == "refused")
        for number, found in refunds.items()
        if found.status != "made" and seen.stands and seen.mark == mark(found.payment_id or credited, number)
    ]


def undone_by(seen: ReversalSeen, refunds: Refunds, *, order_id: int, subscription_id: int = 0) -> list[RefundRefused]:
    """Which of the refunds that were made was none, now that its reversal does not stand."""
    return [
        RefundRefused(order_id, number, seen.reason, subscription_id)
        for number, found in refunds.items()
        if found.status == "made" and found.reversal_id == seen.reversal_id and not seen.stands
    ]


def after(refunds: Refunds, event: RefundEvent) -> dict[int, Refund]:
    match event:
        case RefundBegun(amount=amount, by=by):
            found = Refund(
                amount, by, payment_id=event.payment_id, correction_id=event.correction_id, alone=event.alone
            )
        case RefundMade(number=number, reversal_id=reversal_id):
            found = replace(refunds[number], status="made", reversal_id=reversal_id, reason="")
        case RefundRefused(number=number, reason=reason):
            found = replace(refunds[number], status="refused", reason=reason)
        case _:
            assert_never(event)
    return {**refunds, event.number: found}
