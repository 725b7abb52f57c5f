"""The numbers of receipts: without gaps, within each financial year (April to March). One stream per year."""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from kernel.decider import Decider

IST = timezone(timedelta(hours=5, minutes=30))
"""India's time, by which its financial years go."""
FIRST_MONTH = 4
NUMBERS_A_YEAR = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Receipts:
    issued: int = 0


@dataclass(frozen=True, slots=True)
class IssueReceipt:
    """`order_id`: None for a period of a subscription. `gst_percent`: contained in the amount; 0: none.
    `is_integrated`: all of it is the union's (IGST), because the buyer is in another state.
    """

    year: int
    user_id: int
    order_id: int | None
    provider: str
    payment_id: str
    description: str
    amount: int
    currency: str
    gst_percent: int
    is_integrated: bool = False


@dataclass(frozen=True, slots=True)
class ReceiptIssued:
    year: int
    number: int
    user_id: int
    order_id: int | None
    provider: str
    payment_id: str
    description: str
    amount: int
    currency: str
    gst_percent: int
    is_integrated: bool = False


def decide(command: IssueReceipt, receipts: Receipts, _: datetime) -> list[ReceiptIssued]:
    """Whoever asks gives each payment one key."""
    what = (command.user_id, command.order_id, command.provider, command.payment_id, command.description)
    money = (command.amount, command.currency, command.gst_percent, command.is_integrated)
    return [ReceiptIssued(command.year, receipts.issued + 1, *what, *money)]


def evolve(_: Receipts, event: ReceiptIssued) -> Receipts:
    return Receipts(event.number)


def year_of(moment: datetime) -> int:
    """The financial year: 202526 for April 2025 to March 2026."""
    local = moment.astimezone(IST)
    begins = local.year if local.month >= FIRST_MONTH else local.year - 1
    return begins * 100 + (begins + 1) % 100


def shown_number(year: int, number: int, kind: str = "MP") -> str:
    """At most 16 characters, as the rules of GST want it."""
    return f"{kind}/{year // 100 % 100}-{year % 100:02}/{number:07}"


def shown_credit_note(year: int, number: int) -> str:
    return shown_number(year, number, "CN")


def public_id(year: int, number: int) -> int:
    """What a receipt, or a credit note, is asked for by."""
    return year * NUMBERS_A_YEAR + number


RECEIPTS: Decider[IssueReceipt, Receipts, ReceiptIssued] = Decider(
    category="receipts", initial=Receipts(), decide=decide, evolve=evolve, events=(ReceiptIssued,)
)
