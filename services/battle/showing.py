"""Which battle someone is shown. Fair to all battles: the least seen first. Fair to the person: nothing twice."""

import asyncio
from collections import Counter
from datetime import datetime

import asyncpg
import sqlalchemy as sa

from contracts.rpc import battle as rpc
from kernel.clock import Clock
from kernel.db import LOST, Database, Query
from kernel.logging import log
from services.battle.queries import SHOWN, told
from services.battle.tables import battles, shown

COUNT_EVERY_S = 0.25

_LAST = Query(
    SHOWN.join(shown, shown.c.battle_id == battles.c.battle_id).where(
        shown.c.user_id == sa.bindparam("user_id", type_=sa.BigInteger),
        battles.c.status == "active",
        battles.c.ends_at > sa.bindparam("now", type_=sa.DateTime(timezone=True)),
    )
)
# $1 the user, $2 now, $3 whether the battle shown last is skipped, $4 another one to skip, or null.
#
# `chosen` walks along the index of (seen, battle_id) and stops at the first battle that fits. What has been voted on
# and skipped is looked up by primary key on the way, and tends to lie behind: who was shown a battle has made it seen
# more. At 10⁵ active battles and 10⁶ votes that takes 1 ms, and 6 for someone who has voted on every second of them.
#
# The rows of `exposure` are held until the commit: a battle that ends at this moment clears away what is written here.
CHOOSE = """
WITH passed AS (
  SELECT battle_id FROM exposure
  WHERE battle_id = $4 OR ($3 AND battle_id = (SELECT battle_id FROM shown WHERE user_id = $1)) FOR KEY SHARE
), skipped AS (
  INSERT INTO skips (battle_id, user_id) SELECT battle_id, $1 FROM passed ON CONFLICT DO NOTHING
), chosen AS (
  SELECT battle_id FROM exposure e
  WHERE ends_at > $2 AND user_a <> $1 AND user_b <> $1
    AND NOT EXISTS (SELECT FROM passed p WHERE p.battle_id = e.battle_id)
    AND NOT EXISTS (SELECT FROM votes v WHERE v.battle_id = e.battle_id AND v.user_id = $1)
    AND NOT EXISTS (SELECT FROM skips s WHERE s.battle_id = e.battle_id AND s.user_id = $1)
  ORDER BY seen, battle_id LIMIT 1 FOR KEY SHARE OF e
), noted AS (
  INSERT INTO shown (user_id, battle_id) SELECT $1, battle_id FROM chosen
  ON CONFLICT (user_id) DO UPDATE SET battle_id = excluded.battle_id
), cleared AS (
  DELETE FROM shown WHERE user_id = $1 AND NOT EXISTS (SELECT FROM chosen)
)
SELECT battles.*, NULL::bigint AS user_vote FROM chosen JOIN battles USING (battle_id)
"""
ADD_SEEN = """
UPDATE exposure SET seen = exposure.seen + n.seen FROM unnest($1::bigint[], $2::bigint[]) AS n(battle_id, seen)
WHERE exposure.battle_id = n.battle_id
"""


class Showing:
    """How often a battle was shown is gathered and written a few times a second: a process that dies has shown some
    battles a little more often than is known.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._seen: Counter[int] = Counter()
        self._task: asyncio.Task[None] | None = None

    async def current(self, request: rpc.CurrentBattle) -> rpc.MaybeBattle:
        now = self._clock()
        if row := await self._database.row(_LAST, user_id=request.user_id, now=now):
            return rpc.MaybeBattle(battle=told(row))
        return await self._choose(request.user_id, now, skip_last=False, skip=None)

    async def next(self, request: rpc.NextBattle) -> rpc.MaybeBattle:
        return await self._choose(request.user_id, self._clock(), skip_last=True, skip=request.exclude_id)

    async def _choose(self, user_id: int, now: datetime, *, skip_last: bool, skip: int | None) -> rpc.MaybeBattle:
        async with self._database.write() as connection:
            row: asyncpg.Record | None = await connection.fetchrow(CHOOSE, user_id, now, skip_last, skip)
        if row is None:
            return rpc.MaybeBattle(battle=None)
        self._seen[row["battle_id"]] += 1
        return rpc.MaybeBattle(battle=told(row))

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="seen")

    async def close(self) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._try_to_count()

    async def _count(self) -> None:
        """Write down what was shown since the last time."""
        seen, self._seen = self._seen, Counter()
        if seen:
            in_order = sorted(seen.items())  # as every process does it: none waits for another in a circle
            async with self._database.write() as connection:
                await connection.execute(ADD_SEEN, [key for key, _ in in_order], [times for _, times in in_order])

    async def _run(self) -> None:
        while True:
            await self._try_to_count()
            await asyncio.sleep(COUNT_EVERY_S)

    async def _try_to_count(self) -> None:
        try:
            await self._count()
        except LOST as error:
            log.warning("what was shown is not counted", error=type(error).__name__)
        except Exception:  # noqa: BLE001  (logged; counting must go on)
            log.exception("counting what was shown failed")
