"""When someone leaves, everything that they asked for goes: what is made, in the making, or yet to come."""

import sqlalchemy as sa

from contracts.errors import ServiceError
from kernel.commands import CommandBus
from kernel.db import Database, Query
from services.creation.domain import CREATION, EraseCreation
from services.creation.social.erasing import Traces
from services.creation.tables import departed, materials

BATCH = 200
DEPART = "INSERT INTO departed (user_id) VALUES ($1) ON CONFLICT DO NOTHING"
_DEPARTED = Query(sa.select(departed.c.user_id).where(departed.c.user_id == sa.bindparam("user_id")))
_OF_USER = Query(
    sa.select(materials.c.creation_id)
    .where(materials.c.user_id == sa.bindparam("user_id"), materials.c.creation_id > sa.bindparam("after"))
    .order_by(materials.c.creation_id)
    .limit(BATCH)
)


class UserLeft(ServiceError):
    def __init__(self) -> None:
        super().__init__("USER_NOT_FOUND", "There is no such user.")


class Departures:
    """A request that is under way at that very moment is caught when its credits are held: by then it can be seen that
    its owner has left, whichever of the two was committed first.
    """

    def __init__(self, database: Database, commands: CommandBus, traces: Traces) -> None:
        self._database = database
        self._commands = commands
        self._traces = traces

    async def has_left(self, user_id: int) -> bool:
        return await self._database.value(_DEPARTED, user_id=user_id) is not None

    async def check(self, user_id: int) -> None:
        """Errors: USER_NOT_FOUND."""
        if await self.has_left(user_id):
            raise UserLeft

    async def erase_all(self, user_id: int) -> None:
        """Harmless twice. The pictures themselves go when the events of this have been told."""
        async with self._database.write() as connection:
            await connection.execute(DEPART, user_id)
        last = 0
        while rows := await self._database.rows(_OF_USER, user_id=user_id, after=last):
            for row in rows:
                await self.erase(row["creation_id"])
            last = rows[-1]["creation_id"]
        await self._traces.erase(user_id)

    async def erase(self, creation_id: int) -> None:
        await self._commands.execute(CREATION, creation_id, EraseCreation(creation_id))
