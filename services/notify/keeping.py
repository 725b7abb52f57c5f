"""What is written in the transaction of an event and does not follow from it: what is to be pushed, and deadlines."""

from collections.abc import Sequence

import asyncpg
import msgspec

from kernel.store import Recorded
from kernel.timers import set_timers
from services.notify.domain.inbox import InboxErased, Notified
from services.notify.domain.likes import LikeGathered

PUSH, LIKES = "push", "likes"
"""The kinds of timers: `push:<push>:<try>`, `likes:<creation>:<gathering>`."""
INSERT_PUSHES = """
INSERT INTO pushes (push_id, user_id, kind, data, happened_at)
SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::json[], $5::timestamptz[])
"""
ERASE_PUSHES = "DELETE FROM pushes WHERE user_id = ANY($1)"


def push_timer(push_id: str, attempt: int) -> str:
    return f"{PUSH}:{push_id}:{attempt}"


class Keeper:
    """`pushes`: whether anything is pushed at all."""

    def __init__(self, *, pushes: bool) -> None:
        self._pushes = pushes

    async def keep(self, connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
        await _end_gatherings(connection, recorded)
        if self._pushes:
            await _push(connection, recorded)
        if left := [record.event.user_id for record in recorded if isinstance(record.event, InboxErased)]:
            await connection.execute(ERASE_PUSHES, left)


async def _end_gatherings(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    begun = [record for record in recorded if isinstance(record.event, LikeGathered) and record.event.until]
    timers = {_timer_of(record): record.event.until for record in begun}  # the last word on each counts
    await set_timers(connection, timers.items())


def _timer_of(record: Recorded) -> str:
    return f"{LIKES}:{record.stream_id.removeprefix('likes-')}:{record.event.gathering}"


async def _push(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    rows = [
        (record.event_id.hex, event.user_id, event.kind, msgspec.json.encode(event.data).decode(), event.happened_at)
        for record in recorded
        if isinstance(event := record.event, Notified)
    ]
    if rows:
        await connection.execute(INSERT_PUSHES, *map(list, zip(*rows, strict=True)))
        await set_timers(
            connection,
            [
                (push_timer(record.event_id.hex, 0), record.at)
                for record in recorded
                if isinstance(record.event, Notified)
            ],
        )
