"""The rules of money that goes back: as the provider reports it, and refunds that an administrator begins."""

from contracts.errors import ServiceError
from services.ledger.payments.order.commands import BeginRefund
from services.ledger.payments.order.events import (
    Event,
    PaymentReversed,
    RefundBegun,
    RefundMade,
    RefundRefused,
    ReversalUndone,
)
from services.ledger.payments.order.state import Order
from services.ledger.payments.reversals import NotCapturedYet
from services.ledger.payments.words import ReversalSeen


class PaymentNotFound(ServiceError):
    def __init__(self) -> None:
        super().__init__("PAYMENT_NOT_FOUND", "There is no such payment.")


class RefundTooLarge(ServiceError):
    """`left`: what can still go back, in the smallest unit."""

    def __init__(self, left: int) -> None:
        super().__init__("REFUND_TOO_LARGE", "That is more than is left of the payment.", details={"left": left})


def reversal(order_id: int, seen: ReversalSeen, order: Order) -> list[Event]:
    """What a report of money that goes back makes happen. Errors: SERVICE_UNAVAILABLE before its payment is known."""
    if seen.payment_id in order.mismatched:
        return []  # it was never credited
    if seen.payment_id != order.payment_id:
        raise NotCapturedYet
    owed = order.paid.owed_for(seen)
    if owed is None:
        return []
    what = (order_id, order.user_id, seen.payment_id, seen.reversal_id, seen.kind, seen.amount)
    return [PaymentReversed(*what, credits=owed) if seen.stands else ReversalUndone(*what, credits=-owed)]


def refund(command: BeginRefund, order: Order) -> RefundBegun:
    """Errors: PAYMENT_NOT_FOUND, PERMISSION_DENIED (one's own purchase), REFUND_TOO_LARGE."""
    if order.payment_id is None:
        raise PaymentNotFound
    if order.user_id == command.by:
        raise ServiceError("PERMISSION_DENIED", "Nobody refunds what they bought themselves.")
    left = left_of(order)
    if not 0 < command.amount <= left:
        raise RefundTooLarge(left)
    number = len(order.refunds) + 1
    return RefundBegun(
        command.order_id, number, order.user_id, command.by, command.amount, order.currency, reason=command.reason
    )


def left_of(order: Order) -> int:
    """What can still go back. A refund that is open counts even if its webhook was faster: rather too little."""
    gone = sum(found.amount for found in order.reversals.values() if found.stands)
    asked = sum(begun.amount for begun in order.refunds.values() if begun.status == "open")
    return max(0, order.amount - gone - asked)


def refund_ended(order_id: int, number: int, seen: ReversalSeen | None, order: Order) -> list[Event]:
    """Its webhook may have told the same before."""
    begun = order.refunds.get(number)
    if begun is None:
        return []
    if begun.status != "open":  # money that went back after all is news
        return reversal(order_id, seen, order) if seen else []
    if seen is None:
        return [RefundRefused(order_id, number)]
    end = RefundMade(order_id, number, seen.reversal_id) if seen.stands else RefundRefused(order_id, number)
    return [*reversal(order_id, seen, order), end]
