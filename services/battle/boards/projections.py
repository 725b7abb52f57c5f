"""Battles that have ended → places on the boards and the counts above them, a batch at a time.

Called in the transaction of the events, under the append lock: nobody else writes at the same time. What comes of many
battles does not depend on how they are parted into batches.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from services.battle.boards.periods import boards_of
from services.battle.boards.tables import ARRIVAL_BITS, MOST_WINS, SHIFTS

_COUNT = f"""
, deltas AS (
  SELECT board, shift, key >> shift AS prefix, sum(players) AS players
  FROM moves CROSS JOIN unnest(ARRAY{list(SHIFTS)}) AS shift
  GROUP BY board, shift, key >> shift HAVING sum(players) <> 0
), counted AS (
  INSERT INTO board_counts AS node (board, shift, prefix, players) SELECT * FROM deltas
  ON CONFLICT (board, shift, prefix) DO UPDATE SET players = node.players + excluded.players
  RETURNING node.ctid, node.players
)
SELECT ctid FROM counted WHERE players = 0
"""  # noqa: S608  (numbers of our own)
"""`moves` are keys with 1 where somebody came to stand and -1 where somebody left. Finds the nodes that are empty now.

Upserts go by the index, however much the planner believes there is to do; a join might read the whole tree.
"""
WRITE = f"""
WITH moved AS (
  INSERT INTO board_places AS place (user_id, board, key, wins, battles)
  SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[])
  ON CONFLICT (user_id, board) DO UPDATE SET
    key = CASE WHEN excluded.wins > 0 THEN excluded.key - (place.wins << {ARRIVAL_BITS}) ELSE place.key END,
    wins = place.wins + excluded.wins,
    battles = place.battles + excluded.battles
  RETURNING new.board, old.key AS before, new.key AS after
), moves AS (
  SELECT board, before AS key, -1 AS players FROM moved WHERE before <> after
  UNION ALL
  SELECT board, after, 1 FROM moved WHERE before IS DISTINCT FROM after
)
{_COUNT}
"""  # noqa: S608
LEAVE = f"""
WITH left_now AS (INSERT INTO board_leavers SELECT unnest($1::bigint[]) ON CONFLICT DO NOTHING),
moves AS (DELETE FROM board_places WHERE user_id = ANY($1) RETURNING board, key, -1 AS players)
{_COUNT}
"""  # noqa: S608
LEAVERS = "SELECT user_id FROM board_leavers WHERE user_id = ANY($1)"
DELETE_EMPTY = "DELETE FROM board_counts WHERE ctid = ANY($1)"


@dataclass(frozen=True, slots=True)
class Ended:
    """A battle that has come to its end. `winner_user` is null on a tie; `position` is that of its event."""

    battle_id: int
    user_a: int
    user_b: int
    winner_user: int | None
    at: datetime
    position: int


@dataclass(slots=True)
class _Gain:
    """What a batch adds for one person on one board. `arrival`: when the last win came, or else the first battle."""

    arrival: int
    wins: int = 0
    battles: int = 0

    @property
    def key(self) -> int:
        """As it is for whoever was not on the board before."""
        return key_of(self.wins, self.arrival)


def key_of(wins: int, arrival: int) -> int:
    return (MOST_WINS - wins) << ARRIVAL_BITS | arrival


async def write(connection: asyncpg.Connection, ended: Sequence[Ended]) -> None:
    """Count each of these battles, in the order of their events, on the three boards of the time it ended."""
    gains = _gains(ended)
    leavers = {row["user_id"] for row in await connection.fetch(LEAVERS, [user_id for user_id, _ in gains])}
    rows = [(*who, gain.key, gain.wins, gain.battles) for who, gain in sorted(gains.items()) if who[0] not in leavers]
    if rows:
        await _count(connection, WRITE, *zip(*rows, strict=True))


async def leave(connection: asyncpg.Connection, user_ids: Iterable[int]) -> None:
    """These people are on no board any more, past ones included; those behind them move up."""
    if gone := list(user_ids):
        await _count(connection, LEAVE, gone)


async def _count(connection: asyncpg.Connection, statement: str, *columns: object) -> None:
    empty = [row["ctid"] for row in await connection.fetch(statement, *columns)]
    if empty:
        await connection.execute(DELETE_EMPTY, empty)


def _gains(ended: Sequence[Ended]) -> dict[tuple[int, str], _Gain]:
    """By person and board."""
    gains: dict[tuple[int, str], _Gain] = {}
    for battle in ended:
        boards = boards_of(battle.at)
        for user_id, arrival in _arrivals(battle):
            won = user_id == battle.winner_user
            for board in boards:
                gain = gains.setdefault((user_id, board), _Gain(arrival))
                gain.battles += 1
                if won:
                    gain.wins += 1
                    gain.arrival = arrival
    return gains


def _arrivals(battle: Ended) -> Iterator[tuple[int, int]]:
    """No two people arrive at the same time: of two who begin with the same battle, `user_a` was there first."""
    yield battle.user_a, 2 * battle.position
    yield battle.user_b, 2 * battle.position + 1
