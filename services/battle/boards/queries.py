"""Every read of the boards: each is one statement, so that its parts belong together."""

from dataclasses import dataclass

import asyncpg
import sqlalchemy as sa

from contracts.errors import ServiceError
from contracts.rpc.boards import (
    MAX_LIMIT,
    MAX_NEIGHBOURS,
    MAX_PAGE,
    Board,
    BoardRow,
    GetOwnRank,
    ListAround,
    ListLeaders,
    OnBoard,
)
from kernel.clock import Clock, utc_now
from kernel.db import Database, Query
from services.battle.boards.periods import board
from services.battle.boards.tables import LEAF_BITS, ROOT, SHIFTS, STEP_BITS

_BOARD = sa.bindparam("board", type_=sa.Text)
_USER = sa.bindparam("user_id", type_=sa.BigInteger)
_SIZE = sa.bindparam("size", type_=sa.BigInteger)
_TOTAL = f"""
SELECT coalesce(sum(players), 0) AS total FROM board_counts WHERE board = :board AND shift = {SHIFTS[0]}
"""  # noqa: S608  (here and below: numbers of our own)
_OWN = f"""
SELECT key, user_id, wins, battles, 1 + under_leaf.players + left_of_way.players AS rank
FROM board_places AS place
CROSS JOIN LATERAL (
  SELECT count(*) AS players FROM board_places
  WHERE board = place.board AND key < place.key AND key >= place.key >> {LEAF_BITS} << {LEAF_BITS}
) AS under_leaf
CROSS JOIN LATERAL (
  SELECT coalesce(sum(siblings.players), 0) AS players
  FROM unnest(ARRAY{list(SHIFTS)}) AS level(shift) CROSS JOIN LATERAL (
    SELECT sum(players) AS players FROM board_counts
    WHERE board = place.board AND shift = level.shift AND prefix < place.key >> level.shift
      AND prefix >= place.key >> level.shift >> {STEP_BITS} << {STEP_BITS}
  ) AS siblings
) AS left_of_way
WHERE place.user_id = :user_id AND place.board = :board
"""  # noqa: S608
"""Who stands before somebody: under the same leaf, and under the left siblings of the nodes on the way there.

Lateral, here and below, so that the planner has nothing to weigh: each part is a short look at an index.
"""
USUAL_LIMIT, USUAL_NEIGHBOURS = 20, 5


def _page(most: int) -> Query:
    """Down the tree to the leaf under which the page's first place is, and from there along the index.

    For `size` up to `most`, which is a number here: the planner believes that an unknown limit is a tenth of the table,
    and then plans anew at each question.
    """
    statement = f"""
WITH RECURSIVE way(shift, prefix, skip) AS (
  SELECT {ROOT}, CAST(0 AS bigint), CAST(:skip AS bigint)
  UNION ALL
  SELECT way.shift - {STEP_BITS}, child.prefix, way.skip - child.before
  FROM way CROSS JOIN LATERAL (
    SELECT prefix, before FROM (
      SELECT prefix, players, sum(players) OVER (ORDER BY prefix) - players AS before
      FROM board_counts
      WHERE board = :board AND shift = way.shift - {STEP_BITS}
        AND prefix >= way.prefix << {STEP_BITS} AND prefix < (way.prefix + 1) << {STEP_BITS}
    ) AS children
    WHERE before + players > way.skip ORDER BY prefix LIMIT 1
  ) AS child
  WHERE way.shift > {LEAF_BITS}
), page AS (
  SELECT places.*, row_number() OVER (ORDER BY key) AS nth FROM way CROSS JOIN LATERAL (
    SELECT user_id, wins, battles, key FROM board_places
    WHERE board = :board AND key >= way.prefix << {LEAF_BITS} ORDER BY key OFFSET way.skip LIMIT {most}
  ) AS places WHERE way.shift = {LEAF_BITS}
)
SELECT total, user_id, wins, battles, :skip + nth AS rank
FROM ({_TOTAL}) AS everyone LEFT JOIN page ON nth <= :size ORDER BY nth
"""  # noqa: S608
    return Query(sa.text(statement).bindparams(_BOARD, _SIZE, sa.bindparam("skip", type_=sa.BigInteger)))


def _around(most: int) -> Query:
    """Somebody and up to `size` places on each side, for `size` up to `most`."""
    statement = f"""
WITH own AS ({_OWN}), around AS (
  SELECT user_id, wins, battles, key, 0 AS step FROM own
  UNION ALL
  SELECT before.*, -row_number() OVER (ORDER BY before.key DESC) FROM own CROSS JOIN LATERAL (
    SELECT user_id, wins, battles, key FROM board_places
    WHERE board = :board AND key < own.key ORDER BY key DESC LIMIT {most}
  ) AS before
  UNION ALL
  SELECT after.*, row_number() OVER (ORDER BY after.key) FROM own CROSS JOIN LATERAL (
    SELECT user_id, wins, battles, key FROM board_places
    WHERE board = :board AND key > own.key ORDER BY key LIMIT {most}
  ) AS after
)
SELECT total, user_id, wins, battles, (SELECT rank FROM own) + step AS rank
FROM ({_TOTAL}) AS everyone LEFT JOIN around ON abs(step) <= :size ORDER BY step
"""  # noqa: S608
    return Query(sa.text(statement).bindparams(_BOARD, _SIZE, _USER))


_STANDING = Query(sa.text(_OWN).bindparams(_BOARD, _USER))
_PAGES = {most: _page(most) for most in (USUAL_LIMIT, MAX_LIMIT)}
_AROUNDS = {most: _around(most) for most in (USUAL_NEIGHBOURS, MAX_NEIGHBOURS)}


@dataclass(frozen=True, slots=True)
class Boards:
    database: Database
    clock: Clock = utc_now

    async def leaders(self, request: ListLeaders) -> Board:
        """Errors: VALIDATION_ERROR."""
        if not (1 <= request.page <= MAX_PAGE and 1 <= request.limit <= MAX_LIMIT):
            raise _invalid("page", f"Pages are counted from 1, and a page has 1 to {MAX_LIMIT} places.")
        period, name = board(request.period, request.of, self.clock())
        skip = (request.page - 1) * request.limit
        query = _PAGES[USUAL_LIMIT if request.limit <= USUAL_LIMIT else MAX_LIMIT]
        rows = await self.database.rows(query, board=name, skip=skip, size=request.limit)
        return Board(period=period, of=name, standings=_standings(rows), total=rows[0]["total"])

    async def standing(self, request: GetOwnRank) -> OnBoard:
        """Errors: VALIDATION_ERROR."""
        _, name = board(request.period, request.of, self.clock())
        rows = await self.database.rows(_STANDING, board=name, user_id=request.user_id)
        return OnBoard(standing=next(iter(_standings(rows)), None))

    async def around(self, request: ListAround) -> Board:
        """Errors: VALIDATION_ERROR."""
        if not 1 <= request.size <= MAX_NEIGHBOURS:
            raise _invalid("size", f"1 to {MAX_NEIGHBOURS} neighbours on each side.")
        period, name = board(request.period, request.of, self.clock())
        query = _AROUNDS[USUAL_NEIGHBOURS if request.size <= USUAL_NEIGHBOURS else MAX_NEIGHBOURS]
        rows = await self.database.rows(query, board=name, user_id=request.user_id, size=request.size)
        return Board(period=period, of=name, standings=_standings(rows), total=rows[0]["total"])


def _standings(rows: list[asyncpg.Record]) -> list[BoardRow]:
    return [
        BoardRow(
            rank=row["rank"],
            user_id=row["user_id"],
            wins=row["wins"],
            total_battles=row["battles"],
            win_rate=round(100 * row["wins"] / row["battles"], 1),
        )
        for row in rows
        if row["user_id"] is not None
    ]


def _invalid(field: str, fault: str) -> ServiceError:
    return ServiceError("VALIDATION_ERROR", fault, {field: fault})
