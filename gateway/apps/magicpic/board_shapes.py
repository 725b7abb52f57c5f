"""What clients send and get about leaderboards."""

from typing import Literal

from pydantic import BaseModel, Field

from contracts.rpc.boards import MAX_NEIGHBOURS, Period
from gateway.answers import Paging
from gateway.apps.magicpic.shapes import Answer, Pagination, Person


class BoardQuery(BaseModel):
    period: Period | None = Field(default=None, description="`weekly` unless `of` is a month.")
    of: str | None = Field(
        default=None,
        pattern="^[0-9]{4}-(W[0-9]{2}|[0-9]{2})$",
        description="A past week, `2026-W46`, or month, `2026-10`: their boards stay. Weeks are ISO 8601's, in UTC.",
    )


class LeaderboardQuery(BoardQuery, Paging):
    pass


class AroundQuery(BoardQuery):
    size: int = Field(default=5, ge=1, le=MAX_NEIGHBOURS, description="How many before and how many after.")


class Leader(BaseModel):
    rank: int
    user: Person
    wins: int
    total_battles: int = Field(description="Battles that have ended; ties are among them.")
    win_rate: float = Field(description="Percentage, with one decimal.")
    badge: Literal["🥇", "🥈", "🥉"] | None
    is_current_user: bool


class OwnRank(BaseModel):
    rank: int
    wins: int
    total_battles: int


class Leaderboard(BaseModel):
    period: Period
    of: str = Field(description="Which week or month it is, or `all_time`.")
    leaders: list[Leader]
    current_user_rank: OwnRank | None = Field(description="Null for those who are not on the board.")


class LeaderboardPage(Answer[Leaderboard]):
    total: int = Field(description="How many are on the board.")
    pagination: Pagination


class LeaderboardPart(Answer[Leaderboard]):
    total: int = Field(description="How many are on the board.")
