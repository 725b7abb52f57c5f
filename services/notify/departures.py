"""When someone leaves, what they have told us of their phones and wishes goes, and nothing of it comes back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from contracts.errors import ServiceError
from contracts.events import auth
from kernel.bus import Delivery
from kernel.commands import CommandBus
from kernel.db import Database
from services.notify.domain import INBOX
from services.notify.domain.inbox import EraseInbox

# By name, so that it is not one of the locks that are known by number.
LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('notify.person.' || $1::bigint, 0))"
HAS_LEFT = "SELECT EXISTS (SELECT FROM departed WHERE user_id = $1)"
DEPART = "INSERT INTO departed (user_id) VALUES ($1) ON CONFLICT DO NOTHING"
ERASE = ("DELETE FROM devices WHERE user_id = $1", "DELETE FROM preferences WHERE user_id = $1")


class UserLeft(ServiceError):
    def __init__(self) -> None:
        super().__init__("USER_NOT_FOUND", "There is no such user.")


class Departures:
    def __init__(self, database: Database, commands: CommandBus) -> None:
        self._database = database
        self._commands = commands

    @asynccontextmanager
    async def staying(self, user_id: int) -> AsyncIterator[asyncpg.Connection]:
        """A transaction that writes something of a person who does not leave in the middle of it.

        Errors: USER_NOT_FOUND for one who has left.
        """
        async with self._database.write() as connection, connection.transaction():
            await connection.execute(LOCK, user_id)
            if await connection.fetchval(HAS_LEFT, user_id):
                raise UserLeft
            yield connection

    async def account_deleted(self, event: auth.AccountDeleted, _: Delivery) -> None:
        """Harmless twice."""
        async with self._database.write() as connection, connection.transaction():
            await connection.execute(LOCK, event.user_id)
            await connection.execute(DEPART, event.user_id)
            for statement in ERASE:
                await connection.execute(statement, event.user_id)
        await self._commands.execute(INBOX, event.user_id, EraseInbox(event.user_id))
