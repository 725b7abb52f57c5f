"""How far the jobs of one worker are: told live at most four times a second each, written down once a second."""

import asyncio
import json
from collections.abc import Callable

import nats.errors
from nats.aio.client import Client

from contracts.errors import ServiceError
from contracts.rpc.jobs import JobStatus
from contracts.subjects import progress_subject
from kernel.db import LOST, Database
from kernel.logging import log

TELL_EVERY_S = 0.25
TELLS_PER_SAVE = 4
ALMOST = 99
"""What is not stored yet is not done, whatever the painter says."""

# Rows that a command is about to delete are passed over: progress never waits, so it can be part of no deadlock.
_SAVE = """
UPDATE job_progress SET progress = p.progress
FROM unnest($1::bigint[], $2::int[]) AS p(creation_id, progress)
WHERE job_progress.creation_id = p.creation_id AND job_progress.creation_id IN (
  SELECT creation_id FROM job_progress WHERE creation_id = ANY($1) FOR UPDATE SKIP LOCKED
)
"""


class Progress:
    """Losing a report is no harm: the next one, or the end of the job, says more."""

    def __init__(self, client: Callable[[], Client], database: Database) -> None:
        self._client = client
        self._database = database
        self._untold: dict[int, int] = {}
        self._unsaved: dict[int, int] = {}
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="progress")

    async def close(self) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def note(self, creation_id: int, percent: int) -> None:
        """A job has come so far. Cheap: call it as often as you like."""
        self._untold[creation_id] = self._unsaved[creation_id] = min(percent, ALMOST)
        self._news.set()

    async def ended(self, creation_id: int, status: JobStatus) -> None:
        self.forget(creation_id)
        await self._tell(creation_id, status, 100 if status == "completed" else 0)

    def forget(self, creation_id: int) -> None:
        self._untold.pop(creation_id, None)
        self._unsaved.pop(creation_id, None)

    async def _run(self) -> None:
        ticks = 0
        while True:
            await self._news.wait()
            untold, self._untold = self._untold, {}
            for creation_id, percent in untold.items():
                await self._tell(creation_id, "processing", percent)
            ticks += 1
            if ticks % TELLS_PER_SAVE == 0:
                await self._save()
            if not (self._untold or self._unsaved):
                self._news.clear()
            await asyncio.sleep(TELL_EVERY_S)

    async def _tell(self, creation_id: int, status: JobStatus, percent: int) -> None:
        body = json.dumps({"status": status, "progress": percent}).encode()
        try:
            await self._client().publish(progress_subject(creation_id), body)
        except (nats.errors.Error, ServiceError) as error:
            log.warning("progress could not be told", error=repr(error))

    async def _save(self) -> None:
        unsaved, self._unsaved = self._unsaved, {}
        if not unsaved:
            return
        try:
            async with self._database.write() as connection:
                await connection.execute(_SAVE, list(unsaved), list(unsaved.values()))
        except LOST as error:
            log.warning("progress could not be saved", error=type(error).__name__)
