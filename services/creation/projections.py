"""Events → the queue and the lists of finished pictures, a batch at a time. They can be rebuilt from events alone."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import asyncpg

from kernel.projection import Inserter
from kernel.store import Recorded
from services.creation import domain, tables
from services.creation.social import projections as social

INSERT_QUEUED = Inserter(tables.queue)
INSERT_CREATIONS = Inserter(tables.creations)
LEAVE_QUEUE = "DELETE FROM queue WHERE creation_id = ANY($1)"
DELETE_CREATIONS = "DELETE FROM creations WHERE creation_id = ANY($1) RETURNING user_id"
COUNT = """
INSERT INTO counts (user_id, finished) SELECT * FROM unnest($1::bigint[], $2::bigint[])
ON CONFLICT (user_id) DO UPDATE SET finished = counts.finished + excluded.finished
"""


async def project(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    await _queue(connection, recorded)
    await _finished(connection, recorded)
    await social.project(connection, recorded)


async def _queue(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    """Within a batch the last word on a job counts."""
    places: dict[int, int | None] = {}
    for record in recorded:
        match record.event:
            case domain.CreationQueued(creation_id=creation_id):
                places[creation_id] = record.position
            case (
                domain.PaintingStarted(creation_id=creation_id)
                | domain.CreationFailed(creation_id=creation_id)
                | domain.CreationCancelled(creation_id=creation_id)
            ):
                places[creation_id] = None
    await INSERT_QUEUED.insert(connection, [(key, place) for key, place in places.items() if place is not None])
    if left := [key for key, place in places.items() if place is None]:
        await connection.execute(LEAVE_QUEUE, left)


async def _finished(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    new = [_row(record, record.event) for record in recorded if isinstance(record.event, domain.CreationGenerated)]
    await INSERT_CREATIONS.insert(connection, new)
    counted = Counter(row[1] for row in new)
    if deleted := [record.event.creation_id for record in recorded if isinstance(record.event, domain.CreationDeleted)]:
        counted.subtract(row["user_id"] for row in await connection.fetch(DELETE_CREATIONS, deleted))
    await _count(connection, counted.items())


def _row(record: Recorded, event: domain.CreationGenerated) -> tuple[Any, ...]:
    """In the order of the table's columns."""
    order = event.order
    return (
        event.creation_id,
        order.user_id,
        order.style.id,
        record.position,
        order.mood,
        order.weather,
        order.dress_style,
        order.is_public,
        order.style.credits,
        event.credits_remaining,
        event.processing_ms,
        record.at,
    )


async def _count(connection: asyncpg.Connection, changes: Iterable[tuple[int, int]]) -> None:
    rows = sorted(changes)
    if rows:
        await connection.execute(COUNT, [user_id for user_id, _ in rows], [change for _, change in rows])
