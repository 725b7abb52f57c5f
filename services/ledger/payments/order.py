"""The rules of an order: what was offered at which price, and what became of the money. One stream per order.

Reports of the provider come in any order and any number of times, from the phone, the webhook and the reconciler.
Only what was ordered is paid for: another amount, currency or order is told to the operator and credited to nobody.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal, assert_never

from contracts.errors import ServiceError
from kernel.decider import Decider
from services.ledger.payments.words import PaymentSeen, ReversalKind, ReversalSeen

CHECKS_AFTER = tuple(timedelta(minutes=minutes) for minutes in (2, 10, 30, 120, 480, 1440, 4320))
"""When the provider is asked about an order that is still open, each counted from the look before."""
REMEMBERED = 20
"""Failed or wrong payments that an order remembers: a phone may try often."""

Status = Literal["new", "open", "paid", "closed"]
Source = Literal["verify", "webhook", "reconciler"]
Fault = Literal["order", "amount", "currency", "second_payment"]


@dataclass(frozen=True, slots=True)
class Reversal:
    kind: ReversalKind
    amount: int
    stands: bool


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


@dataclass(frozen=True, slots=True)
class OpenOrder:
    order_id: int
    user_id: int
    package_id: int
    credits: int
    amount: int
    currency: str
    provider: str


@dataclass(frozen=True, slots=True)
class PlaceOrder:
    """The provider has the order now, under an id of its own, and perhaps a page to pay it at."""

    order_id: int
    provider_order_id: str
    checkout_url: str | None = None


@dataclass(frozen=True, slots=True)
class ReportPayment:
    order_id: int
    payment: PaymentSeen
    source: Source


@dataclass(frozen=True, slots=True)
class ReportReversal:
    order_id: int
    reversal: ReversalSeen


@dataclass(frozen=True, slots=True)
class EndCheck:
    """The provider was asked about the order, for the `number`-th time, and all that it said has been reported."""

    order_id: int
    number: int


@dataclass(frozen=True, slots=True)
class BeginRefund:
    """By the administrator `by`. `amount` None: all that is left."""

    order_id: int
    by: int
    amount: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class EndRefund:
    """What the provider made of it. None: it refused."""

    order_id: int
    number: int
    reversal: ReversalSeen | None


Command = OpenOrder | PlaceOrder | ReportPayment | ReportReversal | EndCheck | BeginRefund | EndRefund


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
    """`credits` are to be taken back for it."""

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


@dataclass(frozen=True, slots=True)
class RefundMade:
    order_id: int
    number: int
    reversal_id: str


@dataclass(frozen=True, slots=True)
class RefundRefused:
    order_id: int
    number: int


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


class NotCapturedYet(ServiceError):
    """What goes back must have come first: the report of that is on its way."""

    def __init__(self) -> None:
        super().__init__("SERVICE_UNAVAILABLE", "This payment is not known yet. Please try again.")


class PaymentNotFound(ServiceError):
    def __init__(self) -> None:
        super().__init__("PAYMENT_NOT_FOUND", "There is no such payment.")


class RefundTooLarge(ServiceError):
    """`left`: what can still go back, in the smallest unit."""

    def __init__(self, left: int) -> None:
        super().__init__("REFUND_TOO_LARGE", "That is more than is left of the payment.", details={"left": left})


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
        case ReportReversal(order_id=order_id, reversal=reversal):
            return _reversal(order_id, reversal, order)
        case EndCheck(order_id=order_id, number=number):
            if order.status != "open" or number != order.checks + 1:
                return []
            if number >= len(CHECKS_AFTER):
                return [OrderClosed(order_id)]
            return [OrderChecked(order_id, number, now + CHECKS_AFTER[number])]
        case BeginRefund():
            return [_refund(command, order)]
        case EndRefund(order_id=order_id, number=number, reversal=reversal):
            return _refund_ended(order_id, number, reversal, order)
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
    if payment.payment_id in order.mismatched:
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


def _reversal(order_id: int, seen: ReversalSeen, order: Order) -> list[Event]:
    """A reversal that was undone stays so: a report of its beginning may come late."""
    if seen.payment_id in order.mismatched:
        return []  # it was never credited
    if seen.payment_id != order.payment_id:
        raise NotCapturedYet
    known = order.reversals.get(seen.reversal_id)
    if known and (known.stands == seen.stands or not known.stands):
        return []
    after = {**order.reversals, seen.reversal_id: Reversal(seen.kind, seen.amount, seen.stands)}
    change = _owed(order, after) - order.taken
    what = (order_id, order.user_id, seen.payment_id, seen.reversal_id, seen.kind, seen.amount)
    return [PaymentReversed(*what, credits=change) if seen.stands else ReversalUndone(*what, credits=-change)]


def _owed(order: Order, reversals: dict[str, Reversal]) -> int:
    """Credits that are not the buyer's any more: as large a part of them as of the money, rounded down."""
    gone = sum(reversal.amount for reversal in reversals.values() if reversal.stands)
    return order.credits * min(gone, order.amount) // order.amount


def _refund(command: BeginRefund, order: Order) -> RefundBegun:
    """Errors: PAYMENT_NOT_FOUND, PERMISSION_DENIED (one's own purchase), REFUND_TOO_LARGE."""
    if order.payment_id is None:
        raise PaymentNotFound
    if order.user_id == command.by:
        raise ServiceError("PERMISSION_DENIED", "Nobody refunds what they bought themselves.")
    left = _left(order)
    amount = left if command.amount is None else command.amount
    if not 0 < amount <= left:
        raise RefundTooLarge(left)
    number = len(order.refunds) + 1
    return RefundBegun(
        command.order_id, number, order.user_id, command.by, amount, order.currency, reason=command.reason
    )


def _left(order: Order) -> int:
    """What can still go back. A refund that is open counts even if its webhook was faster: rather too little."""
    gone = sum(reversal.amount for reversal in order.reversals.values() if reversal.stands)
    asked = sum(refund.amount for refund in order.refunds.values() if refund.status == "open")
    return max(0, order.amount - gone - asked)


def _refund_ended(order_id: int, number: int, reversal: ReversalSeen | None, order: Order) -> list[Event]:
    """Its webhook may have told the same before."""
    refund = order.refunds.get(number)
    if refund is None or refund.status != "open":
        return []
    if reversal is None:
        return [RefundRefused(order_id, number)]
    end = RefundMade(order_id, number, reversal.reversal_id) if reversal.stands else RefundRefused(order_id, number)
    return [*_reversal(order_id, reversal, order), end]


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


ORDER: Decider[Command, Order, Event] = Decider(
    category="order",
    initial=Order(),
    decide=decide,
    evolve=evolve,
    events=(
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
    ),
)
