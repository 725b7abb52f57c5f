"""Events of orders, receipts and subscriptions → their read tables and deadlines."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import asyncpg

from kernel.store import Recorded
from services.ledger.payments import billing, credit_note, order, receipt, subscription
from services.ledger.payments.order.state import STRAY_FAULTS
from services.ledger.payments.refunding import RefundBegun, RefundMade, RefundRefused

REFUND_AGAIN = timedelta(minutes=2)
"""When the provider is asked once more about a refund that may have been cut short."""
LOOKS_AFTER_DAYS = (1, 7, 30)
"""When it is asked whether a refund that it made still stands, or one that it refused was made all the same."""

REVERSED = {"refund": "refunded", "dispute": "disputed"}

OPEN = """
INSERT INTO orders (order_id, user_id, package_id, credits, amount, currency, provider, opened_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""
PLACE = "UPDATE orders SET provider_order_id = $2 WHERE order_id = $1"
ISSUE = "INSERT INTO receipts VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
CREDIT_NOTE = "INSERT INTO credit_notes VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
CANCEL_NOTE = "UPDATE credit_notes SET cancelled_at = $2 WHERE credit_note_id = $1"
BEGIN = "INSERT INTO subscriptions VALUES ($1, $2, true)"
END = "UPDATE subscriptions SET is_live = false WHERE subscription_id = $1"
CREDIT = "INSERT INTO subscription_payments VALUES ($1, $2, $3, $4, $5)"
CHARGE = "UPDATE subscription_payments SET charge_id = $3 WHERE (provider, payment_id) = ($1, $2)"
NOTE = "INSERT INTO subscription_history VALUES ($1, $2, $3, $4, $5, $6)"
STRAY = "INSERT INTO stray_payments VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
PAY = "UPDATE orders SET payment_id = $2, paid_at = $3 WHERE order_id = $1"


async def project(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    for record in recorded:
        match record.event:
            case order.OrderOpened() as event:
                what = (event.package_id, event.credits, event.amount, event.currency, event.provider)
                await connection.execute(OPEN, event.order_id, event.user_id, *what, record.at)
            case order.OrderPlaced(order_id=order_id, provider_order_id=provider_order_id):
                await connection.execute(PLACE, order_id, provider_order_id)
            case order.PaymentCaptured(order_id=order_id, payment_id=payment_id):
                await connection.execute(PAY, order_id, payment_id, record.at)
            case order.PaymentMismatched(fault=fault) as event if fault in STRAY_FAULTS:
                await connection.execute(STRAY, event.provider, event.payment_id, event.order_id)
            case receipt.ReceiptIssued() as event:
                await connection.execute(ISSUE, receipt_id(event), *_of_receipt(event), record.at, event.is_integrated)
            case credit_note.CreditNoteIssued(year=year, number=number) as event:
                money = (event.reversal_id, event.amount, event.credited_before)
                whose = (receipt.public_id(year, number), year, number, event.user_id, event.receipt_id)
                await connection.execute(CREDIT_NOTE, *whose, *money, record.at)
            case credit_note.CreditNoteCancelled(year=year, number=number):
                await connection.execute(CANCEL_NOTE, receipt.public_id(year, number), record.at)
            case _:
                await _project_subscription(connection, record)


def receipt_id(event: receipt.ReceiptIssued) -> int:
    return receipt.public_id(event.year, event.number)


def _of_receipt(event: receipt.ReceiptIssued) -> tuple[object, ...]:
    what = (event.provider, event.payment_id, event.description, event.amount, event.currency, event.gst_percent)
    return (event.year, event.number, event.user_id, event.order_id, *what)


async def _project_subscription(connection: asyncpg.Connection, record: Recorded) -> None:
    entry: tuple[str, str, int | None] | None = None
    match record.event:
        case subscription.SubscriptionBegun() as event:
            await connection.execute(BEGIN, event.subscription_id, event.user_id)
            entry = ("begun", event.terms.plan_id, None)
        case subscription.PeriodStarted(terms=terms) as event:
            what = (event.payment_id, event.subscription_id, event.charge_id)
            await connection.execute(CREDIT, event.provider, *what, record.at)
            entry = ("period_paid", terms.plan_id, terms.amount)
        case subscription.PeriodReversed() as event:
            await connection.execute(CHARGE, event.provider, event.payment_id, event.charge_id)
            entry = (f"period_{REVERSED[event.kind]}", "", event.amount)
        case subscription.PeriodReversalUndone() as event:
            await connection.execute(CHARGE, event.provider, event.payment_id, event.charge_id)
            entry = (f"{event.kind}_undone", "", event.amount)
        case subscription.PlanChangeAsked(terms=terms):
            entry = ("plan_change_asked", terms.plan_id, None)
        case subscription.RenewalStopped():
            entry = ("cancelled", "", None)
        case subscription.RenewalResumed():
            entry = ("resumed", "", None)
        case subscription.GraceBegun():
            entry = ("payment_failed", "", None)
        case subscription.SubscriptionEnded(subscription_id=subscription_id, reason=reason):
            await connection.execute(END, subscription_id)
            entry = (f"ended_{reason}", "", None)
    if entry:
        await connection.execute(NOTE, record.position, record.event.user_id, *entry, record.at)


async def keep(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    await billing.keep(connection, recorded)


def deadlines(record: Recorded) -> dict[str, datetime | None]:
    """Each look at an order has a timer of its own: one that fires is deleted, and must not delete the next."""
    due: dict[str, datetime | None] = {}
    match record.event:
        case order.OrderOpened(order_id=order_id, check_at=check_at):
            due[order_timer(order_id, 1)] = check_at
        case order.OrderChecked(order_id=order_id, number=number, check_at=check_at):
            due[order_timer(order_id, number + 1)] = check_at
        case RefundBegun(number=number) as begun:
            due[refund_timer(begun.order_id, begun.subscription_id, number)] = record.at + REFUND_AGAIN
        case RefundMade(number=number) | RefundRefused(number=number) as ended:
            for days in LOOKS_AFTER_DAYS:
                timer = refund_timer(ended.order_id, ended.subscription_id, number)
                due[f"made-{days}-{timer}"] = record.at + timedelta(days=days)
        case (
            subscription.SubscriptionBegun(subscription_id=subscription_id, deadline=deadline)
            | subscription.GraceBegun(subscription_id=subscription_id, deadline=deadline)
            | subscription.PeriodStarted(subscription_id=subscription_id, ends_at=deadline)
        ):
            due[f"subscription:{subscription_id}:{int(deadline.timestamp())}"] = deadline
    match record.event:
        case (
            subscription.SubscriptionBegun(subscription_id=subscription_id, look_at=look_at)
            | subscription.GraceBegun(subscription_id=subscription_id, look_at=look_at)
            | subscription.SubscriptionLookedAt(subscription_id=subscription_id, look_at=look_at)
        ) if look_at:
            due[f"look:{subscription_id}:{int(look_at.timestamp())}"] = look_at
    return due


def refund_timer(order_id: int, subscription_id: int, number: int) -> str:
    return f"period-refund:{subscription_id}:{number}" if subscription_id else f"refund:{order_id}:{number}"


def order_timer(order_id: int, number: int) -> str:
    return f"order:{order_id}:{number}"
