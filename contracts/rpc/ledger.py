"""What can be asked of ledger."""

from datetime import datetime
from typing import Any, ClassVar, Literal

from pydantic import Field

from contracts.envelope import Message, Request

MAX_CREDITS = 1_000_000_000
"""In one command: sums of millions of them still fit."""


class Balance(Message):
    """`lifetime_earned - lifetime_spent = balance + pending`, always."""

    balance: int
    pending: int
    lifetime_earned: int
    lifetime_spent: int


class GetBalance(Request[Balance]):
    """Of a user who has no wallet yet: zeros. `at`: as it was at that moment."""

    SUBJECT: ClassVar[str] = "rpc.ledger.balance"
    user_id: int
    at: datetime | None = None


class Spent(Message):
    """`balance` is what is left to spend. `replayed`: this key had been used, and nothing was spent again."""

    credits: int
    balance: int
    replayed: bool = False


class SpendOwnCredits(Request[Spent]):
    """Straight from the balance. Errors: INSUFFICIENT_CREDITS, VALIDATION_ERROR, IDEMPOTENCY_CONFLICT."""

    SUBJECT: ClassVar[str] = "rpc.ledger.spend"
    user_id: int
    credits: int = Field(ge=1, le=MAX_CREDITS)
    description: str = Field(min_length=1, max_length=200)
    idempotency_key: str | None = None


class HistoryEntry(Message):
    """`amount` is positive when earned, negative when spent."""

    id: int
    amount: int
    type: str
    description: str
    balance_after: int
    created_at: str


class History(Message):
    """`next_cursor` leads to the entries that follow; None after the last."""

    items: list[HistoryEntry]
    total: int
    next_cursor: int | None = None


class GetHistory(Request[History]):
    """Newest first. With a `cursor` the entries that follow it, whatever was added meanwhile; `page` does not count."""

    SUBJECT: ClassVar[str] = "rpc.ledger.history"
    user_id: int
    type: Literal["all", "earned", "spent"] = "all"
    page: int = 1
    limit: int = 20
    cursor: int | None = None


REQUESTS: tuple[type[Request[Any]], ...] = (GetBalance, GetHistory, SpendOwnCredits)
