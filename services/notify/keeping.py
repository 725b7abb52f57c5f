"""What is written in the transaction of an event and does not follow from it: what is to be pushed, and deadlines."""

from collections.abc import Sequence

import asyncpg
import msgspec

from kernel.projection import Inserter
from kernel.store import Recorded
from kernel.timers import set_timers
from services.notify import tables
from services.notify.domain.inbox import InboxErased, Notified
from services.notify.domain.likes import LikeGathered

PUSH_TIMER, LIKES_TIMER = "push", "likes"
"""The kinds of timers: `push:<push>:<try>`, `likes:<creation>:<gathering>`."""
INSERT_PUSHES = Inserter(tables.pushes)
ERASE_PUSHES = "DELETE FROM pushes WHERE user_id = ANY($1)"


def push_timer(push_id: str, attempt: int) -> str:
    return f"{PUSH_TIMER}:{push_id}:{attempt}"


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
    return f"{LIKES_TIMER}:{record.stream_id.removeprefix('likes-')}:{record.event.gathering}"


async def _push(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    new = [record for record in recorded if isinstance(record.event, Notified)]
    if not new:
        return
    rows = [
        (
            record.event_id.hex,
            record.stream_id,
            record.version,
            record.event.user_id,
            record.event.kind,
            msgspec.json.encode(record.event.data).decode(),
            record.event.happened_at,
            record.event.in_inbox,
        )
        for record in new
    ]
    await INSERT_PUSHES.insert(connection, rows)
    await set_timers(connection, [(push_timer(record.event_id.hex, 0), record.at) for record in new])
