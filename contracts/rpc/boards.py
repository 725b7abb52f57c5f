"""What can be asked of battle about its leaderboards."""

from typing import Any, ClassVar, Literal

from contracts.envelope import Message, Request

Period = Literal["weekly", "monthly", "all_time"]
MAX_PAGE, MAX_LIMIT, MAX_NEIGHBOURS = 1_000_000, 50, 25


class BoardRow(Message):
    """Ranks are 1 to the number of those on the board, none twice: who got to so many wins first stands before.

    `total_battles`: those that have ended, ties among them. `win_rate`: percentage of them that was won, one decimal.
    """

    rank: int
    user_id: int
    wins: int
    total_battles: int
    win_rate: float


class Board(Message):
    """A part of a board. `of`: the week (`2026-W46`) or month (`2026-10`) that it is of, or `all_time`."""

    period: Period
    of: str
    standings: list[BoardRow]
    total: int


class OnBoard(Message):
    """Null for whoever is not on it."""

    standing: BoardRow | None


class Boarding(Message):
    """Which board is meant: `of` a past week or month, or else the present one of the period, weekly by default.

    Weeks are those of ISO 8601, and weeks and months are UTC's. A battle counts in the one in which it ended.
    """

    period: Period | None = None
    of: str | None = None


class ListLeaders(Boarding, Request[Board]):
    """Errors: VALIDATION_ERROR."""

    SUBJECT: ClassVar[str] = "rpc.battle.leaders"
    page: int = 1
    limit: int = 20


class GetOwnRank(Boarding, Request[OnBoard]):
    """Errors: VALIDATION_ERROR."""

    SUBJECT: ClassVar[str] = "rpc.battle.standing"
    user_id: int


class ListAround(Boarding, Request[Board]):
    """Who stands around somebody: up to `size` before and after them. Empty when they are not on the board.

    Errors: VALIDATION_ERROR.
    """

    SUBJECT: ClassVar[str] = "rpc.battle.around"
    user_id: int
    size: int = 5


REQUESTS: tuple[type[Request[Any]], ...] = (ListLeaders, GetOwnRank, ListAround)
