"""What can be told of an order, or asked of it."""

from dataclasses import dataclass
from typing import Literal

from services.ledger.payments.refunding import BeginRefund, EndRefund
from services.ledger.payments.words import PaymentSeen, ReversalSeen

Source = Literal["verify", "webhook", "reconciler"]


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


Command = OpenOrder | PlaceOrder | ReportPayment | ReportReversal | EndCheck | BeginRefund | EndRefund
