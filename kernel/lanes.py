"""Where commands wait for their transaction."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

from contracts.errors import ServiceError
from kernel.turn import Waiting

MAX_BATCH = 512
# While one lane waits for PostgreSQL, the other decides: that keeps both busy. More only wait for the append lock.
LANES = 2
# A transaction costs as much as some 20 commands, whatever is in it: fewer than these share one, whatever their lane.
MANY = 128
MAX_WAITING = 10_000

Commit = Callable[[list[Waiting]], Awaitable[None]]


class Lanes:
    """Gathers commands while a transaction is under way, then commits them together.

    A stream's commands all wait in one lane and are committed in order of arrival. `commit` tells everyone in the batch
    what came of it and raises nothing.
    """

    def __init__(self, commit: Commit) -> None:
        self._commit = commit
        self._lanes = [_Lane() for _ in range(LANES)]
        self._closing = False
        self._runners: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._runners = [asyncio.create_task(self._run(lane), name="command-lane") for lane in self._lanes]

    async def close(self) -> None:
        self._closing = True
        for lane in self._lanes:
            lane.filled.set()
        await asyncio.gather(*self._runners)

    def put(self, waiting: Waiting) -> None:
        """Errors: SERVICE_UNAVAILABLE when too many wait, or nothing new is taken."""
        lane = self._lanes[hash(waiting.stream_id) % LANES]
        if self._closing or len(lane.waiting) >= MAX_WAITING:
            raise ServiceError("SERVICE_UNAVAILABLE", "The service is too busy. Please try again in a moment.")
        lane.waiting.append(waiting)
        lane.filled.set()

    async def _run(self, own: "_Lane") -> None:
        while True:
            if not own.waiting:
                if self._closing:
                    return
                own.filled.clear()
                await own.filled.wait()
                continue
            few = sum(len(lane.waiting) for lane in self._lanes) < MANY
            lanes = self._lanes if few and not any(lane.at_work.locked() for lane in self._lanes) else [own]
            async with AsyncExitStack() as stack:
                for lane in lanes:
                    await stack.enter_async_context(lane.at_work)
                if batch := [waiting for lane in lanes for waiting in lane.take(MAX_BATCH // len(lanes))]:
                    await self._commit(batch)
            await asyncio.sleep(0)  # whoever was told may have more, which the next transaction then takes


class _Lane:
    """`at_work` is held while commands of this lane are in a transaction."""

    def __init__(self) -> None:
        self.waiting: deque[Waiting] = deque()
        self.filled = asyncio.Event()
        self.at_work = asyncio.Lock()

    def take(self, most: int) -> list[Waiting]:
        return [self.waiting.popleft() for _ in range(min(most, len(self.waiting)))]
