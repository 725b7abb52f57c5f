"""Where pictures lie in object storage, and how they go again.

Every place is written into `stored` in the transaction before anything is put there, and marked as abandoned in the
transaction that makes it superfluous. So whatever dies whenever, there is a list of what must go. What workers write
goes twice: right after the job's end, and once more an hour later, when none can still be putting anything there.

A photo is put under `photos/` before anyone knows whose it will be, and stays there when a creation adopts it. What
nobody has adopted is found later, by looking through the folder of its hour.
"""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePosixPath

import sqlalchemy as sa

from contracts.places import PHOTOS, hour_folder, new_photo_folder
from kernel.clock import utc_now
from kernel.db import Database, Query
from kernel.objects import TROUBLE, Objects, away
from services.creation.tables import stored
from services.creation.upload_tables import photo_sweeps

INCOMING = "incoming/"
"""Where phones put what nobody has looked at yet. Gateways of before put what they had looked at there, too."""
UPLOADED = (PHOTOS, INCOMING)
HOUR = timedelta(hours=1)
KEEP_FOR = timedelta(hours=1)
"""Longer than any job may take: what has been abandoned for so long, or never adopted, is nobody's."""
SWEEP_BATCH = 500
FIRST_LOOK = timedelta(days=2)
"""How far back the first sweep of all looks for photos."""

_ABANDONED_OF = Query(
    sa.select(stored.c.place).where(
        stored.c.creation_id == sa.bindparam("creation_id"), stored.c.abandoned_at.is_not(None)
    ),
)
_ABANDONED_BEFORE = Query(
    sa.select(stored.c.place).where(stored.c.abandoned_at < sa.bindparam("limit")).limit(sa.bindparam("size")),
)
_OWNED = "SELECT place FROM stored WHERE place = ANY($1)"
_SWEPT_UNTIL = Query(sa.select(photo_sweeps.c.swept_until))
_SWEPT = """
INSERT INTO photo_sweeps (id, swept_until) VALUES (1, $1)
ON CONFLICT (id) DO UPDATE SET swept_until = greatest(photo_sweeps.swept_until, excluded.swept_until)
"""
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
        await self._forget([place for place in places if place.startswith(UPLOADED)])

    async def discard(self, keys: Sequence[str]) -> None:
        """Remove uploads that no creation has adopted, because their request was refused or is an old one."""
        await self.remove(await self._not_owned([key for key in keys if key.startswith(UPLOADED)]))

    async def copied(self, photo: Photo) -> Photo:
        """A copy of an upload, in a folder of its own.

        Errors: SERVICE_UNAVAILABLE, also when the upload has just been adopted by another request.
        """
        folder = new_photo_folder(utc_now())
        copy = Photo(*(folder + PurePosixPath(key).name for key in photo.keys))
        try:
            for source, target in zip(photo.keys, copy.keys, strict=True):
                await self._objects.copy(source, target)
        except TROUBLE as error:
            raise away(error) from error
        return copy

    async def sweep(self, now: datetime) -> int:
        """Remove what was uploaded and never adopted, and what was abandoned, more than an hour ago (of photos: more
        than an hour after their hour).
        """
        try:
            left = await self._objects.older_than(INCOMING, KEEP_FOR, now.timestamp())
        except TROUBLE as error:
            raise away(error) from error
        swept = await self._remove_not_owned(left) + await self._sweep_photos(now)
        while rows := await self._database.rows(_ABANDONED_BEFORE, limit=now - KEEP_FOR, size=SWEEP_BATCH):
            places = [row["place"] for row in rows]
            await self.remove(places)
            await self._forget(places)
            swept += len(places)
        return swept

    async def _sweep_photos(self, now: datetime) -> int:
        """Those of every hour that has not been looked through and is long enough ago."""
        known: datetime | None = await self._database.value(_SWEPT_UNTIL)
        hour = (known or now - FIRST_LOOK).replace(minute=0, second=0, microsecond=0)
        swept = 0
        while hour + HOUR + KEEP_FOR <= now:
            try:
                found = await self._objects.keys(hour_folder(hour))
            except TROUBLE as error:
                raise away(error) from error
            swept += await self._remove_not_owned(found)
            hour += HOUR
            async with self._database.write() as connection:
                await connection.execute(_SWEPT, hour)
        return swept

    async def _remove_not_owned(self, keys: Sequence[str]) -> int:
        removed = 0
        for first in range(0, len(keys), SWEEP_BATCH):
            left = await self._not_owned(keys[first : first + SWEEP_BATCH])
            await self.remove(left)
            removed += len(left)
        return removed

    async def _not_owned(self, keys: Sequence[str]) -> list[str]:
        async with self._database.write() as connection:
            owned = {row["place"] for row in await connection.fetch(_OWNED, keys)}
        return [key for key in keys if key not in owned]

    async def remove(self, places: Iterable[str]) -> None:
        """Remove keys, and folders with all they hold. What is not there is no error."""
        await self._objects.remove(places)

    async def _forget(self, places: Sequence[str]) -> None:
        async with self._database.write() as connection:
            await connection.execute(_FORGET, places)
