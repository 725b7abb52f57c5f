"""An order as its events have left it."""

from dataclasses import dataclass, field, replace
from typing import Literal, assert_never

from services.ledger.payments.order.events import (
    Event,
    OrderChecked,
    OrderClosed,
    OrderOpened,
    OrderPlaced,
    PaymentCaptured,
    PaymentFailed,
    PaymentMismatched,
    PaymentReversed,
    ReversalUndone,
)
from services.ledger.payments.refunding import Refund, RefundBegun, RefundMade, RefundRefused
from services.ledger.payments.refunding import after as refunds_after
from services.ledger.payments.reversals import Paid, Reversal

REMEMBERED = 20
"""Failed or wrong payments that an order remembers: a phone may try often."""
STRAYS = 100
"""Payments of money that bought nothing."""
STRAY_FAULTS = frozenset({"second_payment", "amount"})
"""What is wrong with those that are the order's all the same, and in its currency."""

Status = Literal["new", "open", "paid", "closed"]


@dataclass(frozen=True, slots=True)
class Order:
    """`payment_id`: the payment that was credited. `taken`: credits that its reversals have cost the buyer so far.
    `refunds`: those begun here, by their numbers from 1. `strays`: money that came and bought nothing, which can be
    refunded: a second payment, or another amount.
    """

    status: Status = "new"
    user_id: int = 0
    package_id: int = 0
    credits: int = 0
    amount: int = 0
    currency: str = ""
    provider: str = ""
    provider_order_id: str | None = None
    checkout_url: str | None = None
    payment_id: str | None = None
    failed: tuple[str, ...] = ()
    mismatched: tuple[str, ...] = ()
    reversals: dict[str, Reversal] = field(default_factory=dict)
    taken: int = 0
    checks: int = 0
    refunds: dict[int, Refund] = field(default_factory=dict)
    strays: dict[str, Paid] = field(default_factory=dict)

    @property
    def paid(self) -> Paid:
        return Paid(self.amount, self.credits, self.reversals, self.taken)

    def payment(self, payment_id: str | None) -> Paid | None:
        """The credited one, where none is named. None: there is no such payment that can be refunded."""
        if payment_id is None or payment_id == self.payment_id:
            return self.paid if self.payment_id else None
        return self.strays.get(payment_id)


def evolve(order: Order, event: Event) -> Order:
    match event:
        case OrderOpened():
            return Order(
                "open", event.user_id, event.package_id, event.credits, event.amount, event.currency, event.provider
            )
        case OrderPlaced(provider_order_id=provider_order_id, checkout_url=checkout_url):
            return replace(order, provider_order_id=provider_order_id, checkout_url=checkout_url)
        case PaymentCaptured(payment_id=payment_id):
            # It may have been told of wrongly before. What goes back of it is the order's now, not a stray's.
            strays = {name: stray for name, stray in order.strays.items() if name != payment_id}
            return replace(order, status="paid", payment_id=payment_id, strays=strays)
        case PaymentFailed(payment_id=payment_id):
            return replace(order, failed=(*order.failed, payment_id)[-REMEMBERED:])
        case PaymentMismatched():
            return _mismatched(order, event)
        case PaymentReversed() | ReversalUndone():
            return _reversed(order, event)
        case OrderChecked(number=number):
            return replace(order, checks=number)
        case OrderClosed():
            return replace(order, status="closed")
        case RefundBegun() | RefundMade() | RefundRefused():
            return replace(order, refunds=refunds_after(order.refunds, event))
        case _:
            assert_never(event)


def _mismatched(order: Order, event: PaymentMismatched) -> Order:
    if event.fault in STRAY_FAULTS:
        strays = {**order.strays, event.payment_id: Paid(event.amount, credits=0)}
        return replace(order, strays=dict(list(strays.items())[-STRAYS:]))
    return replace(order, mismatched=(*order.mismatched, event.payment_id)[-REMEMBERED:])


def _reversed(order: Order, event: PaymentReversed | ReversalUndone) -> Order:
    stands = isinstance(event, PaymentReversed)
    paid = order.strays.get(event.payment_id, order.paid)
    what = Reversal(event.kind, event.amount, stands)
    after = paid.after(event.reversal_id, what, event.credits if stands else -event.credits)
    if event.payment_id in order.strays:
        return replace(order, strays={**order.strays, event.payment_id: after})
    return replace(order, reversals=after.reversals, taken=after.taken)
