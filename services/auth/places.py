"""Folders in object storage that hold something of a person: avatars and exports.

A folder is written down before anything is put into it, kept in the transaction that makes it somebody's, and marked
as abandoned in the one that ends its use. So whatever dies whenever, there is a list of what must go. What is
abandoned goes twice: at once, and once more an hour later, when nobody can still be putting anything there.
"""

import secrets
from datetime import datetime, timedelta

import sqlalchemy as sa

from kernel.clock import Clock
from kernel.db import Database, Query
from kernel.objects import Objects
from services.auth.tables import places

AVATARS, EXPORTS = "avatars/", "exports/"
KEEP_FOR = timedelta(hours=1)
"""Longer than anything takes to be put away: what is nobody's after so long stays nobody's."""
SWEEP_BATCH = 500

_ABANDONED_OF = Query(
    sa.select(places.c.place).where(places.c.user_id == sa.bindparam("user_id"), places.c.state == "abandoned"),
)
_TO_SWEEP = Query(
    sa.select(places.c.place)
    .where(places.c.state != "kept", places.c.since < sa.bindparam("limit"))
    .limit(sa.bindparam("size")),
)
_RESERVE = "INSERT INTO places (place, user_id, state, since) VALUES ($1, $2, 'reserved', $3)"
_ABANDON = "UPDATE places SET state = 'abandoned', since = $2 WHERE place = $1 AND state = 'reserved'"
# Only what is still nobody's: what was read a moment ago may have been kept since.
_FORGET = "DELETE FROM places WHERE place = ANY($1) AND state <> 'kept'"


class Places:
    """Errors of all that touches objects: SERVICE_UNAVAILABLE while the object storage is away."""

    def __init__(self, database: Database, objects: Objects, clock: Clock) -> None:
        self._database = database
        self._objects = objects
        self._clock = clock

    async def reserve(self, kind: str, user_id: int) -> str:
        """A new folder that nobody can guess: 128 random bits."""
        place = f"{kind}{secrets.token_hex(16)}/"
        async with self._database.write() as connection:
            await connection.execute(_RESERVE, place, user_id, self._clock())
        return place

    async def give_up(self, place: str) -> None:
        """What was reserved is not needed."""
        async with self._database.write() as connection:
            await connection.execute(_ABANDON, place, self._clock())
        await self._objects.remove([place])

    async def clear(self, user_id: int) -> None:
        """Empty all that this person has abandoned. Harmless twice."""
        await self._objects.remove(await self._found(_ABANDONED_OF, user_id=user_id))

    async def sweep(self, now: datetime) -> int:
        """Empty and forget what has been nobody's for an hour."""
        swept = 0
        while found := await self._found(_TO_SWEEP, limit=now - KEEP_FOR, size=SWEEP_BATCH):
            await self._objects.remove(found)
            async with self._database.write() as connection:
                await connection.execute(_FORGET, found)
            swept += len(found)
        return swept

    async def _found(self, query: Query, **values: object) -> list[str]:
        return [row["place"] for row in await self._database.rows(query, **values)]
