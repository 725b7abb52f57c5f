"""Pairs those who wait, every few seconds; one process at a time."""

import asyncio
from datetime import timedelta

from contracts.errors import ServiceError
from kernel.clock import Clock
from kernel.db import LOST, Database
from kernel.ids import IdBlock
from kernel.logging import log
from services.battle.domain.matching import pairs
from services.battle.entries import Entries
from services.battle.queries import Queries

AT_ONCE = 500
TURN = 3
"""The number of the advisory lock; the kernel has 1 and 2."""


class Matcher:
    """Two at once would do no harm, since a picture can be matched only once; but they would spoil each other's pairs,
    and two people might meet twice. So whoever pairs holds a lock that ends with the connection.
    """

    def __init__(
        self,
        database: Database,
        queries: Queries,
        entries: Entries,
        ids: IdBlock,
        clock: Clock,
        *,
        every_s: float,
        not_again: timedelta,
    ) -> None:
        self._database = database
        self._queries = queries
        self._entries = entries
        self._ids = ids
        self._clock = clock
        self._every_s = every_s
        self._not_again = not_again
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="matcher")

    async def close(self) -> None:
        """What it has begun is settled by timers, here or in another process."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def round(self) -> int:
        """Pair those who can be paired now; returns how many battles began. None while another process pairs."""
        async with self._database.write() as connection, connection.transaction():
            if not await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", TURN):
                return 0
            return await self._pair()

    async def _pair(self) -> int:
        waiting = await self._queries.waiting(AT_ONCE)
        if len({each.user_id for each in waiting}) <= 1:
            return 0
        now = self._clock()
        met = await self._queries.met(list({each.user_id for each in waiting}), now - self._not_again)
        found = pairs(waiting, met, now)
        # Asked now, while they still wait: what is hidden or deleted after this answer will be heard of after it, too.
        public = await self._entries.public([each.creation_id for pair in found for each in pair])
        begun = 0
        for pair in found:
            hidden = [each.creation_id for each in pair if each.creation_id not in public]
            for creation_id in hidden:
                await self._entries.withdraw(creation_id)
            if not hidden:
                begun += await self._entries.pair(await self._ids.take(), pair)
        return begun

    async def _run(self) -> None:
        while True:
            try:
                if begun := await self.round():
                    log.info("battles begin", battles=begun)
            except (ServiceError, *LOST) as error:
                log.warning("pairing is put off", error=repr(error))
            except Exception:  # noqa: BLE001  (logged; the next ones must be paired)
                log.exception("pairing failed")
            await asyncio.sleep(self._every_s)
