"""An order: what was offered at which price, and what became of the money."""

from services.ledger.payments.order.commands import (
    Command,
    EndCheck,
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
    ReversalUndone,
)
from services.ledger.payments.order.rules import CHECKS_AFTER, ORDER
from services.ledger.payments.order.state import REMEMBERED, Order

__all__ = [
    "CHECKS_AFTER",
    "ORDER",
    "REMEMBERED",
    "Command",
    "EndCheck",
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
    "PaymentReversed",
    "PlaceOrder",
    "ReportPayment",
    "ReportReversal",
    "ReversalUndone",
    "Source",
]
