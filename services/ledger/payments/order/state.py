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
    RefundBegun,
    RefundMade,
    RefundRefused,
    ReversalUndone,
)
from services.ledger.payments.reversals import Paid, Reversal

REMEMBERED = 20
"""Failed or wrong payments that an order remembers: a phone may try often."""

Status = Literal["new", "open", "paid", "closed"]


@dataclass(frozen=True, slots=True)
class Refund:
    """That an administrator asked for. `open`: nobody knows yet whether the provider has done it."""

    amount: int
    by: int
    status: Literal["open", "made", "refused"] = "open"


@dataclass(frozen=True, slots=True)
class Order:
    """`payment_id`: the payment that was credited. `taken`: credits that its reversals have cost the buyer so far.
    `refunds`: those begun here, by their numbers from 1.
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

    @property
    def paid(self) -> Paid:
        return Paid(self.amount, self.credits, self.reversals, self.taken)


def evolve(order: Order, event: Event) -> Order:
    match event:
        case OrderOpened():
            return Order(
                "open", event.user_id, event.package_id, event.credits, event.amount, event.currency, event.provider
            )
        case OrderPlaced(provider_order_id=provider_order_id, checkout_url=checkout_url):
            return replace(order, provider_order_id=provider_order_id, checkout_url=checkout_url)
        case PaymentCaptured(payment_id=payment_id):
            return replace(order, status="paid", payment_id=payment_id)
        case PaymentFailed(payment_id=payment_id):
            return replace(order, failed=(*order.failed, payment_id)[-REMEMBERED:])
        case PaymentMismatched(payment_id=payment_id):
            return replace(order, mismatched=(*order.mismatched, payment_id)[-REMEMBERED:])
        case PaymentReversed(reversal_id=reversal_id, kind=kind, amount=amount, credits=change):
            reversals = {**order.reversals, reversal_id: Reversal(kind, amount, stands=True)}
            return replace(order, reversals=reversals, taken=order.taken + change)
        case ReversalUndone(reversal_id=reversal_id, kind=kind, amount=amount, credits=change):
            reversals = {**order.reversals, reversal_id: Reversal(kind, amount, stands=False)}
            return replace(order, reversals=reversals, taken=order.taken - change)
        case OrderChecked(number=number):
            return replace(order, checks=number)
        case OrderClosed():
            return replace(order, status="closed")
        case RefundBegun() | RefundMade() | RefundRefused():
            return replace(order, refunds={**order.refunds, event.number: _refund_now(order, event)})
        case _:
            assert_never(event)


def _refund_now(order: Order, event: RefundBegun | RefundMade | RefundRefused) -> Refund:
    match event:
        case RefundBegun(amount=amount, by=by):
            return Refund(amount, by)
        case RefundMade(number=number):
            return replace(order.refunds[number], status="made")
        case RefundRefused(number=number):
            return replace(order.refunds[number], status="refused")
        case _:
            assert_never(event)
