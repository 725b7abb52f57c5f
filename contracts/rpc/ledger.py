"""What can be asked of ledger."""

from typing import Any, ClassVar, Literal

from contracts.envelope import Message, Request
from contracts.rpc.exporting import ExportPage


class Balance(Message):
    """`lifetime_earned - lifetime_spent = balance + pending`, always."""

    balance: int
    pending: int
    lifetime_earned: int
    lifetime_spent: int


class GetBalance(Request[Balance]):
    """Of a user who has no wallet yet: zeros."""

    SUBJECT: ClassVar[str] = "rpc.ledger.balance"
    user_id: int


class HistoryEntry(Message):
    """`amount` is positive when earned, negative when spent."""

    id: int
    amount: int
    type: str
    description: str
    balance_after: int
    created_at: str


class History(Message):
    items: list[HistoryEntry]
    total: int


class GetHistory(Request[History]):
    """Newest first."""

    SUBJECT: ClassVar[str] = "rpc.ledger.history"
    user_id: int
    type: Literal["all", "earned", "spent"] = "all"
    page: int = 1
    limit: int = 20


class ExportHistory(Request[ExportPage]):
    """The whole history of one wallet, oldest first."""

    SUBJECT: ClassVar[str] = "rpc.ledger.export"
    user_id: int
    after: int = 0


REQUESTS: tuple[type[Request[Any]], ...] = (GetBalance, GetHistory, ExportHistory)
