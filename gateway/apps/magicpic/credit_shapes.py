"""What clients send and get about their credits."""

from typing import Literal

from pydantic import AwareDatetime, BaseModel, Field

from contracts.rpc import ledger
from gateway.answers import Paging
from gateway.apps.magicpic.shapes import Listing, PaginationWithCursor


class BalanceQuery(BaseModel):
    at: AwareDatetime | None = Field(default=None, description="As it was at this moment, `2026-02-18T06:29:40Z`.")


class HistoryQuery(Paging):
    type: Literal["all", "earned", "spent"] = "all"
    cursor: int | None = Field(
        default=None, ge=1, le=2**31 - 1, description="`next_cursor` of the answer before; then `page` does not count."
    )


class HistoryListing(Listing[ledger.HistoryEntry]):
    pagination: PaginationWithCursor


class PromoForm(BaseModel):
    code: ledger.PromoCode


class Redeemed(BaseModel):
    credits_earned: int
    new_balance: int


class Consumed(BaseModel):
    credits_used: int
    balance: int
