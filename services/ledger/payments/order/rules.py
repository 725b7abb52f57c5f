"""The rules of an order: what was offered at which price, and what became of the money. One stream per order.

Reports of the provider come in any order and any number of times, from the phone, the webhook and the reconciler.
Only what was ordered is paid for: another amount, currency or order is told to the operator and credited to nobody.
"""

from datetime import datetime, timedelta
from typing import assert_never

from kernel.decider import Decider
from services.ledger.payments.order.commands import (
    Command,
    EndCheck,
    OpenOrder,
    PlaceOrder,
    ReportPayment,
    ReportReversal,
)
from services.ledger.payments.order.events import (
    EVENTS,
    Event,
    Fault,
    OrderChecked,
    OrderClosed,
    OrderOpened,
    OrderPlaced,
    PaymentCaptured,
    PaymentFailed,
    PaymentMismatched,
)
from services.ledger.payments.order.refunding import refund, refund_ended, reversal
from services.ledger.payments.order.state import Order, evolve
from services.ledger.payments.refunding import BeginRefund, EndRefund
from services.ledger.payments.words import PaymentSeen

CHECKS_AFTER = tuple(timedelta(minutes=minutes) for minutes in (2, 10, 30, 120, 480, 1440, 4320))
"""When the provider is asked about an order that is still open, each counted from the look before."""


def decide(command: Command, order: Order, now: datetime) -> list[Event]:
    match command:
        case OpenOrder():
            return [] if order.status != "new" else [_opened(command, now)]
        case PlaceOrder(order_id=order_id, provider_order_id=provider_order_id, checkout_url=checkout_url):
            if order.provider_order_id:
                return []
            return [OrderPlaced(order_id, provider_order_id, checkout_url)]
        case ReportPayment(payment=payment):
            return _payment(command, payment, order)
        case ReportReversal(order_id=order_id, reversal=seen):
            return reversal(order_id, seen, order)
        case EndCheck(order_id=order_id, number=number):
            if order.status != "open" or number != order.checks + 1:
                return []
            if number >= len(CHECKS_AFTER):
                return [OrderClosed(order_id)]
            return [OrderChecked(order_id, number, now + CHECKS_AFTER[number])]
        case BeginRefund():
            return [refund(command, order)]
        case EndRefund():
            return refund_ended(command, order)
        case _:
            assert_never(command)


def _opened(command: OpenOrder, now: datetime) -> OrderOpened:
    return OrderOpened(
        command.order_id,
        command.user_id,
        command.package_id,
        command.credits,
        command.amount,
        command.currency,
        command.provider,
        check_at=now + CHECKS_AFTER[0],
    )


def _payment(command: ReportPayment, payment: PaymentSeen, order: Order) -> list[Event]:
    known = payment.payment_id == order.payment_id
    if known or order.status == "new" or payment.status in {"pending", "authorized"}:
        return []
    if payment.status == "failed":
        if payment.payment_id in order.failed:
            return []
        return [PaymentFailed(command.order_id, order.user_id, payment.payment_id, payment.reason)]
    fault = _fault(payment, order)
    if fault is None:
        return [
            PaymentCaptured(
                command.order_id,
                order.user_id,
                order.provider,
                payment.payment_id,
                order.package_id,
                order.credits,
                payment.amount,
                payment.currency,
                command.source,
            )
        ]
    if payment.payment_id in {*order.mismatched, *order.strays}:
        return []
    return [
        PaymentMismatched(
            command.order_id,
            order.user_id,
            order.provider,
            payment.payment_id,
            fault,
            payment.amount,
            payment.currency,
            command.source,
        )
    ]


def _fault(payment: PaymentSeen, order: Order) -> Fault | None:
    """What is wrong with a captured payment; None when it is exactly what was ordered."""
    if order.provider_order_id is None or payment.order_ref != order.provider_order_id:
        return "order"
    if payment.currency != order.currency:
        return "currency"
    if payment.amount != order.amount:
        return "amount"
    return "second_payment" if order.payment_id else None


ORDER: Decider[Command, Order, Event] = Decider("order", Order(), decide, evolve, EVENTS)
