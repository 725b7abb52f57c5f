"""An order: what was offered at which price, and what became of the money."""

from services.ledger.payments.order.commands import (
    BeginRefund,
    Command,
    EndCheck,
    EndRefund,
    OpenOrder,
    PlaceOrder,
    ReportPayment,
    ReportReversal,
    Source,
)
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
from services.ledger.payments.order.refunding import PaymentNotFound, RefundTooLarge, left_of
from services.ledger.payments.order.rules import CHECKS_AFTER, ORDER
from services.ledger.payments.order.state import REMEMBERED, Order

__all__ = [
    "CHECKS_AFTER",
    "ORDER",
    "REMEMBERED",
    "BeginRefund",
    "Command",
    "EndCheck",
    "EndRefund",
    "Event",
    "OpenOrder",
    "Order",
    "OrderChecked",
    "OrderClosed",
    "OrderOpened",
    "OrderPlaced",
    "PaymentCaptured",
    "PaymentFailed",
    "PaymentMismatched",
    "PaymentNotFound",
    "PaymentReversed",
    "PlaceOrder",
    "RefundBegun",
    "RefundMade",
    "RefundRefused",
    "RefundTooLarge",
    "ReportPayment",
    "ReportReversal",
    "ReversalUndone",
    "Source",
    "left_of",
]
