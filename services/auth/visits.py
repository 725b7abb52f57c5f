"""A visit a day: whoever uses a session is there. Counting it must cost a sign-in nothing, and never fail one."""

import asyncio
from collections import OrderedDict
from datetime import UTC, date

from contracts.errors import ServiceError
from kernel.clock import Clock
from kernel.commands import CommandBus
from kernel.db import LOST
from kernel.logging import log
from services.auth.domain import STATS, RecordVisit

MAX_REMEMBERED = 50_000


class Visits:
    """Who has been counted today is remembered, so most uses of a session cost a look into a dictionary."""

    def __init__(self, commands: CommandBus, clock: Clock) -> None:
        self._commands = commands
        self._clock = clock
        self._counted: OrderedDict[int, date] = OrderedDict()
        self._running: set[asyncio.Task[None]] = set()

    def note(self, user_id: int) -> None:
        """They are here. Counted in the background."""
        today = self._clock().astimezone(UTC).date()
        if self._counted.get(user_id) == today:
            return
        self._counted[user_id] = today
        if len(self._counted) > MAX_REMEMBERED:
            self._counted.popitem(last=False)
        counting = asyncio.create_task(self._count(user_id, today), name="visit")
        self._running.add(counting)
        counting.add_done_callback(self._running.discard)

    async def close(self) -> None:
        if self._running:
            await asyncio.wait(self._running)

    async def _count(self, user_id: int, day: date) -> None:
        try:
            await self._commands.execute(STATS, user_id, RecordVisit(user_id, day))
        except (ServiceError, *LOST) as error:
            self._counted.pop(user_id, None)  # the next use counts
            log.warning("a visit was not counted", error=repr(error))
