"""Leaderboards as the gateway remembers them: ready pages, in which whoever asks is marked; and people's own ranks."""

from dataclasses import dataclass
from time import time
from typing import Any

import orjson

from contracts.events.auth import AccountDeleted
from contracts.events.battle import BattleEnded
from contracts.rpc.boards import Board, BoardRow, GetOwnRank, ListAround, ListLeaders
from gateway.answers import Paging, pagination
from gateway.apps.magicpic.board_shapes import AroundQuery, BoardQuery, LeaderboardQuery
from gateway.apps.magicpic.people import People, nameless
from gateway.memory import Memory
from gateway.tap import Tap
from kernel.caller import Caller

HOUR_S = 3600
BADGES = {1: "🥇", 2: "🥈", 3: "🥉"}
MAX_RANKS = 10_000
NOT_ME, ME = b"false", b"true"
NO_RANK = b"null"


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a board in ready JSON, as nobody in particular sees it.

    `head`, `leaders`, `tail` follow one another, with a person's own rank between the last two. `marks`: where in
    `leaders` it says that a person is not the one who asks; `ranks`: what each of them is told about themselves.
    """

    head: bytes
    leaders: bytes
    tail: bytes
    marks: dict[int, int]
    ranks: dict[int, bytes]

    def seen_by(self, user_id: int, rank: bytes) -> bytes:
        """The whole body."""
        leaders = self.leaders
        if (mark := self.marks.get(user_id)) is not None:
            leaders = leaders[:mark] + ME + leaders[mark + len(NOT_ME) :]
        return b"".join((self.head, leaders, b',"current_user_rank":', rank, self.tail))


class Boards:
    """Kept until battle says that a battle has ended: what is remembered then is served for half a second more."""

    def __init__(self, caller: Caller, people: People, tap: Tap) -> None:
        self._caller = caller
        self._people = people
        self._pages: Memory[Page] = Memory(lambda: tap.hears)
        self._ranks: Memory[bytes] = Memory(lambda: tap.hears, max_kept=MAX_RANKS)
        self._surroundings: Memory[bytes] = Memory(lambda: tap.hears)
        self._memories: tuple[Memory[Any], ...] = (self._pages, self._ranks, self._surroundings)
        for memory in self._memories:
            tap.on_gap(memory.forget)
        for event in (BattleEnded, AccountDeleted):
            tap.hook(event, lambda _: self._forget_soon())

    async def leaders(self, user_id: int, query: LeaderboardQuery) -> bytes:
        """A page as this person sees it. Errors: VALIDATION_ERROR."""
        board = _board_of(query)

        async def fetch() -> Page:
            request = ListLeaders(period=query.period, of=query.of, page=query.page, limit=query.limit)
            return await self._page(await self._caller.ask(request), query)

        async def fetch_rank() -> bytes:
            question = GetOwnRank(period=query.period, of=query.of, user_id=user_id)
            found = await self._caller.ask(question)
            return _rank(found.standing) if found.standing else NO_RANK

        page = await self._pages.get((*board, query.page, query.limit), fetch)
        rank = page.ranks.get(user_id)
        if rank is None:
            rank = await self._ranks.get((*board, user_id), fetch_rank)
        return page.seen_by(user_id, rank)

    async def around(self, user_id: int, query: AroundQuery) -> bytes:
        """Who stands around this person. Errors: VALIDATION_ERROR."""

        async def fetch() -> bytes:
            request = ListAround(period=query.period, of=query.of, user_id=user_id, size=query.size)
            page = await self._page(await self._caller.ask(request), None)
            return page.seen_by(user_id, page.ranks.get(user_id, NO_RANK))

        return await self._surroundings.get((*_board_of(query), user_id, query.size), fetch)

    async def _page(self, board: Board, paging: Paging | None) -> Page:
        people = await self._people.known(standing.user_id for standing in board.standings)
        if people is None:
            self._forget_soon()  # auth is away: names are to come as soon as it is back
            people = {}
        leaders, marks = bytearray(b"["), dict[int, int]()
        for standing in board.standings:
            leaders += b"," if marks else b""
            leaders += orjson.dumps(_leader(standing, people.get(standing.user_id)))[:-1] + b',"is_current_user":'
            marks[standing.user_id] = len(leaders)
            leaders += NOT_ME + b"}"
        more = b',"total":%d' % board.total
        if paging:
            more += b',"pagination":' + orjson.dumps(pagination(paging, board.total))
        of = orjson.dumps({"period": board.period, "of": board.of})[:-1]
        return Page(
            head=b'{"success":true,"data":' + of + b',"leaders":',
            leaders=bytes(leaders + b"]"),
            tail=b"}" + more + b"}",
            marks=marks,
            ranks={standing.user_id: _rank(standing) for standing in board.standings},
        )

    def _forget_soon(self) -> None:
        for memory in self._memories:
            memory.forget_soon()


def _board_of(query: BoardQuery) -> tuple[object, ...]:
    """Names a board in memory. The present ones are others with the next week or month, which begin with an hour."""
    return int(time()) // HOUR_S, query.period, query.of


def _leader(standing: BoardRow, person: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "rank": standing.rank,
        "user": person or nameless(standing.user_id),
        "wins": standing.wins,
        "total_battles": standing.total_battles,
        "win_rate": standing.win_rate,
        "badge": BADGES.get(standing.rank),
    }


def _rank(standing: BoardRow) -> bytes:
    return orjson.dumps({"rank": standing.rank, "wins": standing.wins, "total_battles": standing.total_battles})
