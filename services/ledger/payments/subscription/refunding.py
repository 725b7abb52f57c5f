"""The rules of a period's money that goes back: as the provider reports it, and as administrators refund it."""

from services.ledger.payments.refunding import (
    BeginRefund,
    EndRefund,
    PaymentNotFound,
    RefundBegun,
    RefundMade,
    answered,
    begun,
    end_of,
    proven_by,
    undone_by,
)
from services.ledger.payments.reversals import NotCapturedYet
from services.ledger.payments.subscription.commands import ReportPeriodReversal
from services.ledger.payments.subscription.events import Event, PeriodReversalUndone, PeriodReversed
from services.ledger.payments.subscription.state import Subscription


def reversal(command: ReportPeriodReversal, now_is: Subscription) -> list[Event]:
    """As an order's. Errors: SERVICE_UNAVAILABLE before its payment is known."""
    payment_id, seen, own_id = command.payment_id, command.reversal, command.subscription_id
    if payment_id in now_is.mismatched:
        return []  # it was never credited
    if payment_id not in now_is.payments:
        raise NotCapturedYet
    owed = now_is.payments[payment_id].owed_for(seen)
    if owed is None:
        return []
    ids = (own_id, now_is.user_id, now_is.provider, payment_id, seen.payment_id, seen.reversal_id)
    if seen.stands:
        proven = proven_by(seen, now_is.refunds, order_id=0, subscription_id=own_id)
        return [PeriodReversed(*ids, seen.kind, seen.amount, credits=owed), *proven]
    undone = PeriodReversalUndone(*ids, seen.kind, seen.amount, credits=-owed)
    return [undone, *undone_by(seen, now_is.refunds, order_id=0, subscription_id=own_id)]


def refund(command: BeginRefund, now_is: Subscription) -> RefundBegun:
    """Errors: PAYMENT_NOT_FOUND, PERMISSION_DENIED (one's own), REFUND_TOO_LARGE."""
    paid = now_is.payments.get(command.payment_id or "")
    if now_is.terms is None:
        raise PaymentNotFound
    return begun(command, paid, now_is.refunds, user_id=now_is.user_id, currency=now_is.terms.currency)


def refund_ended(command: EndRefund, now_is: Subscription) -> list[Event]:
    """Its webhook may have told the same before. One that has ended before may turn out to have been made."""
    found = now_is.refunds.get(command.number)
    if found is None or not found.payment_id:
        return []
    paid, seen = now_is.payments[found.payment_id], answered(command, found.payment_id)
    report = ReportPeriodReversal(command.subscription_id, found.payment_id, seen) if seen else None
    told = reversal(report, now_is) if report else []
    is_over = found.status != "open" or any(isinstance(event, RefundMade) for event in told)
    return told if is_over else [*told, end_of(command, paid)]
