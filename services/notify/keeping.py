"""What is written in the transaction of an event and does not follow from it: what is to be pushed, and deadlines."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg
import msgspec

from kernel.projection import Inserter
from kernel.store import Recorded
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
        if self._pushes:
            await _push(connection, recorded)
        if left := [record.event.user_id for record in recorded if isinstance(record.event, InboxErased)]:
            await connection.execute(ERASE_PUSHES, left)

    def deadlines(self, recorded: Sequence[Recorded]) -> dict[str, datetime | None]:
        found: dict[str, datetime | None] = {}
        for record in recorded:
            match record.event:
                case LikeGathered(until=until) if until:
                    found[_gathering_timer(record)] = until
                case Notified() if self._pushes:
                    found[push_timer(record.event_id.hex, 0)] = record.at
        return found


def _gathering_timer(record: Recorded) -> str:
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
