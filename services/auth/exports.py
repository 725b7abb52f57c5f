"""Exports: asked for, made in the background, downloadable for a day."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import asyncpg

from contracts.errors import ServiceError
from contracts.rpc.auth import ExportStatus, GetExport
from kernel.clock import Clock, iso
from kernel.commands import CommandBus
from kernel.db import LOST, Database
from kernel.logging import log
from kernel.objects import TROUBLE, Objects
from services.auth.archive import FILE_NAME, Archivist
from services.auth.domain import EXPORT, KEPT_FOR, EndExport, Export, FinishExport, RequestExport
from services.auth.places import EXPORTS, Places
from services.auth.private import Place
from services.auth.queries import Queries

LOOK_EVERY_S = 2.0
LONGEST_S = 45 * 60
"""Well below the hour after which a place that nobody keeps is swept away."""
MAX_TRIES = 8
FIRST_PAUSE_S = 5.0
LOCKS = 1 << 40
"""Added to a user's id it names the advisory lock of making their export."""

WAITING = "SELECT user_id, number, tries FROM exports WHERE place IS NULL AND try_at <= $1 ORDER BY try_at LIMIT 20"
LOCK = """
SELECT pg_try_advisory_lock($1)
   AND EXISTS (SELECT FROM exports WHERE user_id = $2 AND number = $3 AND place IS NULL AND try_at <= $4)
"""
UNLOCK = "SELECT pg_advisory_unlock_all()"
TRY_LATER = "UPDATE exports SET tries = tries + 1, try_at = $3 WHERE user_id = $1 AND number = $2"
READY = "SELECT place FROM exports WHERE user_id = $1 AND place IS NOT NULL"


class Exports:
    """Makes one export at a time; several processes make several. One that dies leaves its work to the others: what is
    to be made is a row, and who makes it holds a lock that ends with its connection.
    """

    def __init__(
        self,
        database: Database,
        commands: CommandBus,
        queries: Queries,
        places: Places,
        objects: Objects,
        *,
        archivist: Archivist,
        clock: Clock,
    ) -> None:
        self._database = database
        self._commands = commands
        self._queries = queries
        self._places = places
        self._objects = objects
        self._archivist = archivist
        self._clock = clock
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def get(self, request: GetExport) -> ExportStatus:
        """Errors: USER_NOT_FOUND."""
        await self._queries.existing(request.user_id)
        outcome = await self._commands.execute(
            EXPORT, request.user_id, RequestExport(request.user_id), answer=lambda export, _: export
        )
        export: Export = outcome.answer
        async with self._database.write() as connection:
            place = await connection.fetchval(READY, request.user_id)
        if export.ready_at is None or place is None:
            self._wake.set()
            return ExportStatus(status="preparing", url=None, expires_at=None)
        return ExportStatus(
            status="ready", url=self._objects.url(place + FILE_NAME), expires_at=iso(export.ready_at + KEPT_FOR)
        )

    async def end(self, user_id: int, number: int) -> None:
        """Its day is over."""
        await self._commands.execute(EXPORT, user_id, EndExport(user_id, number))
        await self._places.clear(user_id)

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="exports")

    async def close(self) -> None:
        """What is being made is left to another process, or to the next start."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            try:
                await self._work()
            except (ServiceError, *LOST) as error:
                log.warning("exports pause", error=repr(error))
            except Exception:  # noqa: BLE001  (logged; the next ones must be made)
                log.exception("exports failed")
            await asyncio.sleep(LOOK_EVERY_S)

    async def _work(self) -> None:
        connection = await self._database.connect()
        try:
            while not connection.is_closed():
                self._wake.clear()
                for user_id, number, tries in await connection.fetch(WAITING, self._clock()):
                    await self._take(connection, user_id, number, tries)
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_EVERY_S):
                        await self._wake.wait()
        finally:
            connection.terminate()

    async def _take(self, connection: asyncpg.Connection, user_id: int, number: int, tries: int) -> None:
        try:
            if await connection.fetchval(LOCK, LOCKS + user_id, user_id, number, self._clock()):
                await self._make(connection, user_id, number, tries)
        finally:
            if not connection.is_closed():
                await connection.execute(UNLOCK)

    async def _make(self, connection: asyncpg.Connection, user_id: int, number: int, tries: int) -> None:
        place = await self._places.reserve(EXPORTS, user_id)
        try:
            async with asyncio.timeout(LONGEST_S):
                found = await self._archivist.write(user_id, place)
        except (ServiceError, TimeoutError, *TROUBLE) as error:
            log.warning("an export could not be made", error=repr(error), tries=tries + 1)
            await self._places.give_up(place)
            if tries + 1 >= MAX_TRIES:
                await self._commands.execute(EXPORT, user_id, EndExport(user_id, number))
                return
            again_at = self._clock() + timedelta(seconds=FIRST_PAUSE_S * 2**tries)
            await connection.execute(TRY_LATER, user_id, number, again_at)
            return
        command = FinishExport(user_id, number) if found else EndExport(user_id, number)
        outcome = await self._commands.execute(
            EXPORT, user_id, command, private=Place(place), answer=lambda _, events: bool(events)
        )
        if not (found and outcome.answer):
            await self._places.give_up(place)
