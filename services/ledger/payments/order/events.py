"""What becomes of an order."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from services.ledger.payments.order.commands import Source
from services.ledger.payments.refunding import RefundBegun, RefundMade, RefundRefused
from services.ledger.payments.words import ReversalKind

Fault = Literal["order", "amount", "currency", "second_payment"]


@dataclass(frozen=True, slots=True)
class OrderOpened:
    order_id: int
    user_id: int
    package_id: int
    credits: int
    amount: int
    currency: str
    provider: str
    check_at: datetime


@dataclass(frozen=True, slots=True)
class OrderPlaced:
    order_id: int
    provider_order_id: str
    checkout_url: str | None = None


@dataclass(frozen=True, slots=True)
class PaymentCaptured:
    order_id: int
    user_id: int
    provider: str
    payment_id: str
    package_id: int
    credits: int
    amount: int
    currency: str
    source: Source


@dataclass(frozen=True, slots=True)
class PaymentFailed:
    order_id: int
    user_id: int
    payment_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class PaymentMismatched:
    """Money that is not what was ordered: somebody must look at it. Nothing was credited for it."""

    order_id: int
    user_id: int
    provider: str
    payment_id: str
    fault: Fault
    amount: int
    currency: str
    source: Source


@dataclass(frozen=True, slots=True)
class PaymentReversed:
    """`credits` are to be taken back for it: none for a payment that was never credited."""

    order_id: int
    user_id: int
    payment_id: str
    reversal_id: str
    kind: ReversalKind
    amount: int
    credits: int


@dataclass(frozen=True, slots=True)
class ReversalUndone:
    """A refund that failed, a dispute that was won. `credits` that it had cost are to be given back."""

    order_id: int
    user_id: int
    payment_id: str
    reversal_id: str
    kind: ReversalKind
    amount: int
    credits: int


@dataclass(frozen=True, slots=True)
class OrderChecked:
    order_id: int
    number: int
    check_at: datetime


@dataclass(frozen=True, slots=True)
class OrderClosed:
    """Nobody has paid for so long that we stop asking. Should money come all the same, it is credited."""

    order_id: int


Event = (
    OrderOpened
    | OrderPlaced
    | PaymentCaptured
    | PaymentFailed
    | PaymentMismatched
    | PaymentReversed
    | ReversalUndone
    | OrderChecked
    | OrderClosed
    | RefundBegun
    | RefundMade
    | RefundRefused
)

EVENTS: tuple[type[Event], ...] = (
    OrderOpened,
    OrderPlaced,
    PaymentCaptured,
    PaymentFailed,
    PaymentMismatched,
    PaymentReversed,
    ReversalUndone,
    OrderChecked,
    OrderClosed,
    RefundBegun,
    RefundMade,
    RefundRefused,
)
