"""The rules of an order's money that goes back: as the provider reports it, and as administrators refund it."""

from dataclasses import replace

from services.ledger.payments.order.events import Event, PaymentReversed, ReversalUndone
from services.ledger.payments.order.state import Order
from services.ledger.payments.refunding import (
    BeginRefund,
    EndRefund,
    RefundBegun,
    RefundMade,
    answered,
    begun,
    end_of,
    proven_by,
    undone_by,
)
from services.ledger.payments.reversals import NotCapturedYet
from services.ledger.payments.words import ReversalSeen


def reversal(order_id: int, seen: ReversalSeen, order: Order) -> list[Event]:
    """What a report of money that goes back makes happen. Errors: SERVICE_UNAVAILABLE before its payment is known."""
    if seen.payment_id in order.mismatched:
        return []  # it was never credited, and cannot be refunded here
    paid = order.payment(seen.payment_id)
    if paid is None:
        raise NotCapturedYet
    owed = paid.owed_for(seen)
    if owed is None:
        return []
    what = (order_id, order.user_id, seen.payment_id, seen.reversal_id, seen.kind, seen.amount)
    if seen.stands:
        proven = proven_by(seen, order.refunds, order_id=order_id, credited=order.payment_id or "")
        return [PaymentReversed(*what, credits=owed), *proven]
    return [ReversalUndone(*what, credits=-owed), *undone_by(seen, order.refunds, order_id=order_id)]


def refund(command: BeginRefund, order: Order) -> RefundBegun:
    """Errors: PAYMENT_NOT_FOUND, PERMISSION_DENIED (one's own purchase), REFUND_TOO_LARGE."""
    if command.payment_id == order.payment_id:
        command = replace(command, payment_id=None)
    paid = order.payment(command.payment_id)
    return begun(command, paid, order.refunds, user_id=order.user_id, currency=order.currency)


def refund_ended(command: EndRefund, order: Order) -> list[Event]:
    """Its webhook may have told the same before. One that has ended before may turn out to have been made."""
    found = order.refunds.get(command.number)
    paid = order.payment(found.payment_id) if found else None
    if found is None or paid is None:
        return []
    seen = answered(command, found.payment_id or order.payment_id)
    told = reversal(command.order_id, seen, order) if seen else []
    is_over = found.status != "open" or any(isinstance(event, RefundMade) for event in told)
    return told if is_over else [*told, end_of(command, paid)]
