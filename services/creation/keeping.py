"""What is written in the transaction of an event and does not follow from it: private parts, storage, deadlines."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from kernel.projection import Inserter
from kernel.store import Recorded
from services.creation import domain, tables, upload_tables
from services.creation.social import keeping as social

INSERT_MATERIALS = Inserter(tables.materials)
INSERT_STORED = Inserter(tables.stored)
INSERT_USES = Inserter(upload_tables.upload_uses)
# One statement instead of three: somebody waits for the picture.
FINISH = """
WITH finished AS (
  UPDATE materials SET original_key = p.original_key, working_key = p.working_key, result_key = p.result_key,
                       thumbnail_key = p.thumbnail_key
  FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[])
       AS p(creation_id, original_key, working_key, result_key, thumbnail_key)
  WHERE materials.creation_id = p.creation_id
), abandoned AS (
  UPDATE stored SET abandoned_at = $7 WHERE creation_id = ANY($1) AND abandoned_at IS NULL AND place <> ALL($6)
)
DELETE FROM job_progress WHERE creation_id = ANY($1)
"""
DELETE_MATERIALS = "DELETE FROM materials WHERE creation_id = ANY($1)"
ABANDON_ALL = "UPDATE stored SET abandoned_at = $2 WHERE creation_id = ANY($1) AND abandoned_at IS NULL"
BEGIN_PROGRESS = """
INSERT INTO job_progress (creation_id, progress) SELECT creation_id, 0 FROM unnest($1::bigint[]) AS j(creation_id)
ON CONFLICT (creation_id) DO UPDATE SET progress = 0
"""
END_PROGRESS = "DELETE FROM job_progress WHERE creation_id = ANY($1)"


@dataclass(frozen=True, slots=True)
class Materials:
    """What `RequestCreation` carries along: the person's own words, the whole prompt, and where the photo lies.

    `upload_id`: the upload that is used up by it.
    """

    custom_prompt: str | None
    prompt: str
    negative_prompt: str
    effect: str
    original_key: str | None
    working_key: str | None
    upload_id: str | None = None

    @property
    def row(self) -> tuple[str | None, ...]:
        return (
            self.custom_prompt,
            self.prompt,
            self.negative_prompt,
            self.effect,
            self.original_key,
            self.working_key,
        )


@dataclass(frozen=True, slots=True)
class Folder:
    """What `StartPainting` carries along: where this attempt will put its pictures."""

    place: str


@dataclass(frozen=True, slots=True)
class Pictures:
    """What `CompletePainting` carries along: where all pictures now lie. The attempt's `folder` has what was painted,
    and the photo stays where it was put.
    """

    folder: str
    original_key: str | None
    working_key: str | None
    result_key: str
    thumbnail_key: str


async def keep(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    await _begin(connection, recorded)
    await _start(connection, recorded)
    await _finish(connection, recorded)
    await _abandon(connection, recorded)
    await social.keep(connection, recorded)


async def _begin(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    new = [record for record in recorded if isinstance(record.event, domain.CreationRequested)]
    if not new:
        return
    rows: list[tuple[int, int, Materials]] = [
        (record.event.creation_id, record.event.order.user_id, record.private) for record in new
    ]
    await INSERT_MATERIALS.insert(connection, [(key, user_id, *parts.row, None, None) for key, user_id, parts in rows])
    # Before its places: whoever comes second is to hear that the upload is used.
    used = [(parts.upload_id, key) for key, _, parts in rows if parts.upload_id]
    await INSERT_USES.insert(connection, used)
    places = [(place, key) for key, _, parts in rows for place in (parts.original_key, parts.working_key) if place]
    await INSERT_STORED.insert(connection, [(place, key, None) for place, key in places])


async def _start(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    started = [record for record in recorded if isinstance(record.event, domain.PaintingStarted)]
    if started:
        folders = [(record.private.place, record.event.creation_id, None) for record in started]
        await INSERT_STORED.insert(connection, folders)
        await connection.execute(BEGIN_PROGRESS, [record.event.creation_id for record in started])


async def _finish(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    finished = [record for record in recorded if isinstance(record.event, domain.CreationGenerated)]
    if not finished:
        return
    ids = [record.event.creation_id for record in finished]
    pictures: list[Pictures] = [record.private for record in finished]
    await connection.execute(
        FINISH,
        ids,
        [each.original_key for each in pictures],
        [each.working_key for each in pictures],
        [each.result_key for each in pictures],
        [each.thumbnail_key for each in pictures],
        [place for each in pictures for place in (each.folder, each.original_key, each.working_key) if place],
        finished[-1].at,
    )


async def _abandon(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    """Words go with the transaction, pictures right after it (`storage.py`)."""
    ends = (domain.CreationFailed, domain.CreationCancelled, domain.CreationDeleted)
    ended = [record for record in recorded if isinstance(record.event, ends)]
    if ended:
        ids = [record.event.creation_id for record in ended]
        await connection.execute(DELETE_MATERIALS, ids)
        await connection.execute(ABANDON_ALL, ids, ended[-1].at)
        await connection.execute(END_PROGRESS, ids)


def deadlines(recorded: Sequence[Recorded]) -> dict[str, datetime | None]:
    """A job's deadline goes when it ends, however it does."""
    found: dict[str, datetime | None] = {}
    for record in recorded:
        match record.event:
            case domain.CreationRequested(creation_id=creation_id, order=order):
                found[deadline_timer(creation_id)] = order.deadline_at
            case (
                domain.CreationGenerated()
                | domain.CreationFailed()
                | domain.CreationCancelled()
                | domain.CreationDeleted()
            ):
                found[deadline_timer(record.event.creation_id)] = None
    return found


def deadline_timer(creation_id: int) -> str:
    return f"deadline:{creation_id}"
