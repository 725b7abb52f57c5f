"""Photos that come before the job: put straight into storage with a link of ours, or sent to the gateway.

The gateway looks at the bytes (type, size, pixels, metadata) and puts clean copies under `photos/`, at keys that no
link was ever given for; here is written down whose they are. An upload is used once, within `LIFE`: that and a job's
deadline together stay below the hour after which what nobody has adopted is swept away.
"""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from typing import Any

import asyncpg
import sqlalchemy as sa

from contracts.errors import ServiceError
from contracts.places import PHOTOS
from contracts.rpc import uploads as rpc
from contracts.rpc.creation import ExportCreations
from contracts.rpc.exporting import ExportPage
from kernel.clock import Clock, iso, utc_now
from kernel.db import Database, Query
from kernel.objects import Objects
from services.creation.erasing import Departures
from services.creation.storage import INCOMING, UPLOADED, Photo
from services.creation.upload_tables import upload_uses, uploads

LIFE = timedelta(minutes=25)
LINK_LIFE = timedelta(minutes=10)
LARGEST = 50 * 1024 * 1024
"""Bytes. Far above what is taken as a photo, since a cleaned copy may be larger than what came."""
KEPT_FOR = timedelta(days=1)
"""How long the row of one that has expired is kept: so long it is told from one that never was."""
MAX_UNUSED = 20
"""Per user and about: two at the same instant may both be the last."""

_SELECT = sa.select(uploads, upload_uses.c.creation_id).join(
    upload_uses, upload_uses.c.upload_id == uploads.c.upload_id, isouter=True
)
_ONE = Query(_SELECT.where(uploads.c.upload_id == sa.bindparam("upload_id")))
_UNUSED = Query(
    _SELECT.where(
        uploads.c.user_id == sa.bindparam("user_id"),
        uploads.c.expires_at > sa.bindparam("now"),
        upload_uses.c.creation_id.is_(None),
    )
    .order_by(uploads.c.expires_at)
    .limit(MAX_UNUSED)
)
_OF_USER = Query(_SELECT.where(uploads.c.user_id == sa.bindparam("user_id")))
_BEGIN = """
INSERT INTO uploads (upload_id, user_id, content_type, size, expires_at) VALUES ($1, $2, $3, $4, $5)
"""
_FINISH = """
UPDATE uploads SET content_type = $2, size = $3, original_key = $4, working_key = $5, width = $6, height = $7,
                   expires_at = $8
WHERE upload_id = $1 AND original_key IS NULL
"""
_FORGET = """
WITH gone AS (DELETE FROM uploads WHERE upload_id = ANY($1) RETURNING upload_id)
DELETE FROM upload_uses WHERE upload_id IN (SELECT upload_id FROM gone)
"""
_EXPIRED = Query(sa.select(uploads.c.upload_id).where(uploads.c.expires_at < sa.bindparam("limit")).limit(500))


@dataclass(frozen=True, slots=True)
class _Found:
    row: asyncpg.Record
    is_used: bool
    is_over: bool


class Uploads:
    def __init__(self, database: Database, objects: Objects, departures: Departures, *, clock: Clock = utc_now) -> None:
        self._database = database
        self._objects = objects
        self._departures = departures
        self._clock = clock

    async def presign(self, request: rpc.PresignUpload) -> rpc.Presigned:
        upload_id = await self._begin(request.user_id, request.content_type, request.size)
        return rpc.Presigned(
            upload_id=upload_id,
            url=self._objects.url_to_put(_raw_key(upload_id), LINK_LIFE),
            method="PUT",
            headers={"Content-Type": request.content_type},
            expires_in=int(LINK_LIFE.total_seconds()),
        )

    async def find(self, request: rpc.FindUpload) -> rpc.Arrival:
        found = await self._owned(request.user_id, request.upload_id)
        if found.is_used:
            raise _used()
        if found.is_over:
            raise _expired()
        row = found.row
        done = self._upload(row) if row["original_key"] else None
        return rpc.Arrival(
            raw_key=_raw_key(request.upload_id), content_type=row["content_type"], size=row["size"], done=done
        )

    async def keep(self, request: rpc.KeepUpload) -> rpc.Upload:
        if not all(key.startswith(UPLOADED) for key in (request.original_key, request.working_key)):
            raise ServiceError("VALIDATION_ERROR", f"Pictures must lie under {PHOTOS}.")
        if request.upload_id is None:
            upload_id = await self._begin(request.user_id, request.content_type, request.size)
        else:
            upload_id = request.upload_id
            if (await self._owned(request.user_id, upload_id)).is_over:
                raise _expired()
        async with self._database.write() as connection:
            await connection.execute(
                _FINISH,
                upload_id,
                request.content_type,
                request.size,
                request.original_key,
                request.working_key,
                request.width,
                request.height,
                self._clock() + LIFE,
            )
        return self._upload((await self._owned(request.user_id, upload_id)).row)

    async def photo(self, user_id: int, upload_id: str, *, again: bool) -> tuple[Photo, bool]:
        """Where it lies, for a job, and whether it is used up: with `again` the job may be the one that used it, whose
        first answer is to be given once more; any other one the primary key of what was used refuses.

        Errors: UPLOAD_NOT_FOUND, NOT_OWNER, UPLOAD_INCOMPLETE, UPLOAD_USED, UPLOAD_EXPIRED.
        """
        found = await self._owned(user_id, upload_id)
        if found.is_used and not again:
            raise _used()
        if found.is_over and not found.is_used:
            raise _expired()
        if not found.row["original_key"]:
            raise ServiceError("UPLOAD_INCOMPLETE", "The picture of this upload has not come yet. Complete it first.")
        return Photo(found.row["original_key"], found.row["working_key"]), found.is_used

    async def erase(self, user_id: int) -> None:
        """Harmless twice. What is being put there by a link of before is swept away within the hour."""
        rows = await self._database.rows(_OF_USER, user_id=user_id)
        await self._objects.remove(key for row in rows for key in (_raw_key(row["upload_id"]), *_photo_keys(row)))
        await self._forget([row["upload_id"] for row in rows])

    async def sweep(self, now: datetime) -> int:
        """Forget those that expired long ago. Their objects are swept away with all that lies under `incoming/`.

        Whoever has a link may put anything of any size there: what can be no picture of ours goes first.
        """
        await self._objects.remove(await self._objects.larger_than(LARGEST, INCOMING))
        swept = 0
        while rows := await self._database.rows(_EXPIRED, limit=now - KEPT_FOR):
            await self._forget([row["upload_id"] for row in rows])
            swept += len(rows)
        return swept

    def exported_with(
        self, export: Callable[[ExportCreations], Awaitable[ExportPage]]
    ) -> Callable[[ExportCreations], Awaitable[ExportPage]]:
        """An export whose first page has the waiting uploads, too."""

        async def exported(request: ExportCreations) -> ExportPage:
            page = await export(request)
            if request.after:
                return page
            rows = await self._database.rows(_UNUSED, user_id=request.user_id, now=self._clock())
            return page.model_copy(
                update={"records": [*page.records, *map(_exported, rows)], "files": page.files | _exported_files(rows)}
            )

        return exported

    async def _begin(self, user_id: int, content_type: str, size: int) -> str:
        """Errors: USER_NOT_FOUND, TOO_MANY_UPLOADS."""
        await self._departures.check(user_id)
        if len(await self._database.rows(_UNUSED, user_id=user_id, now=self._clock())) >= MAX_UNUSED:
            raise ServiceError("TOO_MANY_UPLOADS", "Too many unused uploads. Use one, or wait until they expire.")
        upload_id = secrets.token_hex(16)
        async with self._database.write() as connection:
            await connection.execute(_BEGIN, upload_id, user_id, content_type, size, self._clock() + LIFE)
        return upload_id

    async def _owned(self, user_id: int, upload_id: str) -> _Found:
        """Errors: UPLOAD_NOT_FOUND, NOT_OWNER."""
        row = await self._database.row(_ONE, upload_id=upload_id)
        if row is None:
            raise ServiceError("UPLOAD_NOT_FOUND", "There is no such upload.")
        if row["user_id"] != user_id:
            raise ServiceError("NOT_OWNER", "This upload belongs to someone else.")
        return _Found(row, row["creation_id"] is not None, row["expires_at"] <= self._clock())

    def _upload(self, row: asyncpg.Record) -> rpc.Upload:
        return rpc.Upload(
            upload_id=row["upload_id"],
            url=self._objects.url(row["original_key"]),
            content_type=row["content_type"],
            size=row["size"],
            width=row["width"],
            height=row["height"],
            expires_at=iso(row["expires_at"]),
        )

    async def _forget(self, upload_ids: list[str]) -> None:
        async with self._database.write() as connection:
            await connection.execute(_FORGET, upload_ids)


def _raw_key(upload_id: str) -> str:
    return f"{INCOMING}{upload_id}/raw"


def _photo_keys(row: asyncpg.Record) -> list[str]:
    """Of one that no job has taken over."""
    if row["creation_id"] is not None or not row["original_key"]:
        return []
    return [row["original_key"], row["working_key"]]


def _exported(row: asyncpg.Record) -> dict[str, Any]:
    return {
        "upload_id": row["upload_id"],
        "status": "uploaded" if row["original_key"] else "expected",
        "expires_at": iso(row["expires_at"]),
    }


def _exported_files(rows: list[asyncpg.Record]) -> dict[str, str]:
    return {
        f"uploads/{row['upload_id']}{PurePosixPath(row['original_key']).suffix}": row["original_key"]
        for row in rows
        if row["original_key"]
    }


def _used() -> ServiceError:
    return ServiceError("UPLOAD_USED", "This upload has been used already.")


def _expired() -> ServiceError:
    return ServiceError("UPLOAD_EXPIRED", "This upload has expired. Please upload the picture again.")
