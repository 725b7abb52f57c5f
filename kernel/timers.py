"""Durable deadlines. A timer is a row written in the transaction of the event that sets it (`deadlines` of the bus).

When it is due, its command is executed with the timer's id as its key, so it takes effect once however many processes
look; then the row goes. A command that fails is tried again later.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime

import asyncpg
from prometheus_client import Counter

from contracts.errors import ServiceError
from kernel.clock import Clock, utc_now
from kernel.db import LOST, Database, json_column
from kernel.logging import log

BATCH = 100
LOOK_EVERY_S = 0.5

FIRED = Counter("timers_fired_total", "Timers by outcome", ["outcome"])

SET = """
INSERT INTO timers (timer_id, due_at) SELECT timer_id, due_at::timestamptz
FROM ROWS FROM (json_array_elements_text($1::json), json_array_elements_text($2::json)) AS t(timer_id, due_at)
ON CONFLICT (timer_id) DO UPDATE SET due_at = excluded.due_at, attempts = 0
"""
# Skipping what another process has locked; moved a little into the future, so that one that dies leaves it due again.
CLAIM = """
UPDATE timers SET due_at = $1 + interval '10 seconds' * (attempts + 1), attempts = attempts + 1
WHERE timer_id IN (
  SELECT timer_id FROM timers WHERE due_at <= $1 ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED
) RETURNING timer_id, due_at
"""
# One that was set again while it fired stays.
DONE = """
DELETE FROM timers USING unnest($1::text[], $2::timestamptz[]) AS fired(timer_id, due_at)
WHERE timers.timer_id = fired.timer_id AND timers.due_at = fired.due_at
"""

Fire = Callable[[str], Awaitable[None]]


async def set_timers(connection: asyncpg.Connection, timers: Iterable[tuple[str, datetime]]) -> None:
    """Set timers `(id, due_at)`, or move those that are set already, where no event sets them."""
    rows = list(timers)
    if rows:
        ids, times = zip(*rows, strict=True)
        await connection.execute(SET, json_column(ids), json_column(times))


class Timers:
    """Looks for timers that are due and fires them: `fire(timer_id)` executes the command that the timer stands for."""

    def __init__(self, database: Database, fire: Fire, *, clock: Clock = utc_now) -> None:
        self._database = database
        self._fire = fire
        self._clock = clock
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="timers")

    async def close(self) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def fire_due(self) -> int:
        """Fire what is due now, at most a batch; returns how many were found."""
        async with self._database.write() as connection:
            due = await connection.fetch(CLAIM, self._clock(), BATCH)
        fired = await asyncio.gather(*[self._one(row["timer_id"]) for row in due])
        if done := [row for row, has_fired in zip(due, fired, strict=True) if has_fired]:
            async with self._database.write() as connection:
                await connection.execute(DONE, [row["timer_id"] for row in done], [row["due_at"] for row in done])
        return len(due)

    async def _one(self, timer_id: str) -> bool:
        try:
            await self._fire(timer_id)
        except ServiceError as error:
            log.warning("a timer could not fire", timer=timer_id, error=error.code)
            FIRED.labels("failed").inc()
            return False
        FIRED.labels("fired").inc()
        return True

    async def _run(self) -> None:
        while True:
            try:
                if await self.fire_due() == BATCH:
                    continue
            except LOST as error:
                log.warning("timers cannot be read", error=type(error).__name__)
            except Exception:  # noqa: BLE001  (logged; deadlines must go on)
                log.exception("timers failed")
            await asyncio.sleep(LOOK_EVERY_S)
