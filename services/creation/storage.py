"""Where pictures lie in object storage, and how they go again.

Every place is written into `stored` in the transaction before anything is put there, and marked as abandoned in the
transaction that makes it superfluous. So whatever dies whenever, there is a list of what must go. What workers write
goes twice: right after the job's end, and once more an hour later, when none can still be putting anything there.
"""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePosixPath

import sqlalchemy as sa

from kernel.db import Database, Query
from kernel.objects import TROUBLE, Objects, away
from services.creation.tables import stored

INCOMING = "incoming/"
KEEP_FOR = timedelta(hours=1)
"""Longer than any job may take: what has been abandoned for so long, or never adopted, is nobody's."""
SWEEP_BATCH = 500

_ABANDONED_OF = Query(
    sa.select(stored.c.place).where(
        stored.c.creation_id == sa.bindparam("creation_id"), stored.c.abandoned_at.is_not(None)
    ),
)
_ABANDONED_BEFORE = Query(
    sa.select(stored.c.place).where(stored.c.abandoned_at < sa.bindparam("limit")).limit(sa.bindparam("size")),
)
_OWNED = "SELECT place FROM stored WHERE place = ANY($1)"
_FORGET = "DELETE FROM stored WHERE place = ANY($1)"


def new_folder() -> str:
    """A place that nobody can guess: 128 random bits."""
    return f"creations/{secrets.token_hex(16)}/"


@dataclass(frozen=True, slots=True)
class Photo:
    """Where an upload lies: as it came, and small enough to paint from."""

    original_key: str
    working_key: str

    @property
    def keys(self) -> list[str]:
        return [key for key in (self.original_key, self.working_key) if key]


class Storage:
    """Removes objects. Errors: SERVICE_UNAVAILABLE while the object storage is away."""

    def __init__(self, database: Database, objects: Objects) -> None:
        self._database = database
        self._objects = objects

    async def clear(self, creation_id: int) -> None:
        """Remove all that has been abandoned of one creation. Harmless twice."""
        places = [row["place"] for row in await self._database.rows(_ABANDONED_OF, creation_id=creation_id)]
        await self.remove(places)
        # An upload is never written again; a folder may be, by a worker that does not know yet: it stays on the list.
        await self._forget([place for place in places if place.startswith(INCOMING)])

    async def discard(self, keys: Sequence[str]) -> None:
        """Remove uploads that no creation has adopted, because their request was refused or is an old one."""
        async with self._database.write() as connection:
            owned = {row["place"] for row in await connection.fetch(_OWNED, keys)}
        await self.remove([key for key in keys if key.startswith(INCOMING) and key not in owned])

    async def copied(self, photo: Photo) -> Photo:
        """A copy of an upload, in a folder of its own under `incoming/`.

        Errors: SERVICE_UNAVAILABLE, also when the upload has just been adopted by another request.
        """
        folder = f"{INCOMING}{secrets.token_hex(16)}/"
        copy = Photo(*(folder + PurePosixPath(key).name for key in photo.keys))
        try:
            for source, target in zip(photo.keys, copy.keys, strict=True):
                await self._objects.copy(source, target)
        except TROUBLE as error:
            raise away(error) from error
        return copy

    async def sweep(self, now: datetime) -> int:
        """Remove what was uploaded and never adopted, and what was abandoned, more than an hour ago."""
        try:
            left = await self._objects.older_than(INCOMING, KEEP_FOR, now.timestamp())
        except TROUBLE as error:
            raise away(error) from error
        await self.remove(left)
        swept = len(left)
        while rows := await self._database.rows(_ABANDONED_BEFORE, limit=now - KEEP_FOR, size=SWEEP_BATCH):
            places = [row["place"] for row in rows]
            await self.remove(places)
            await self._forget(places)
            swept += len(places)
        return swept

    async def remove(self, places: Iterable[str]) -> None:
        """Remove keys, and folders with all they hold. What is not there is no error."""
        await self._objects.remove(places)

    async def _forget(self, places: Sequence[str]) -> None:
        async with self._database.write() as connection:
            await connection.execute(_FORGET, places)
