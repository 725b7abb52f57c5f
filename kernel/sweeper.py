"""Sweeps away what nobody owns any more, every few minutes. Several sweepers at once must be harmless."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

from contracts.errors import ServiceError
from kernel.clock import Clock, utc_now
from kernel.db import LOST
from kernel.logging import log

SWEEP_EVERY_S = 300.0


class Sweeper:
    """`sweep(now)` says how much it has removed."""

    def __init__(self, sweep: Callable[[datetime], Awaitable[int]], *, clock: Clock = utc_now) -> None:
        self._sweep = sweep
        self._clock = clock
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="sweeper")

    async def close(self) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            try:
                if swept := await self._sweep(self._clock()):
                    log.info("swept", removed=swept)
            except (ServiceError, *LOST) as error:
                log.warning("sweeping is put off", error=repr(error))
            except Exception:  # noqa: BLE001  (logged; sweeping must go on)
                log.exception("sweeping failed")
            await asyncio.sleep(SWEEP_EVERY_S)
