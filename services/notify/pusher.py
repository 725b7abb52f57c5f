"""Pushing a notification to its person's devices: once to each, or not at all.

What is to be pushed is a row with a timer. What cannot be sent now gets a later timer; what came of each device is
claimed and recorded as mails are (`claims.py`), so that neither a second process nor a second try sends it twice.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import msgspec
import sqlalchemy as sa
from prometheus_client import Counter

from kernel.clock import Clock, from_iso
from kernel.db import Database, Query
from kernel.logging import log
from kernel.store import events
from kernel.timers import set_timers
from services.notify.claims import Claims
from services.notify.devices import Devices, Target
from services.notify.domain import BeingSent, Kind, RecordRefused, RecordReleased, RecordSent, RecordUnknown
from services.notify.fcm import DeadToken, Fcm, NotNow, Refused, Unanswered
from services.notify.keeping import push_timer
from services.notify.preferences import PreferenceBook, Wishes
from services.notify.push_message import message
from services.notify.tables import pushes
from services.notify.words import words_of

FIRST_PAUSE_S = 10.0
LONGEST_PAUSE_S = 600.0
MOST_DOUBLINGS = 10
LIFE = timedelta(days=1)
"""How long FCM tries to reach a phone, unless the notification itself is over before."""
CLAIM_MARGIN_S = 5.0
"""How much longer a claim lasts than the longest sending."""
CLOSE_TIMEOUT_S = 8.0
ENDS_AT = "ends_at"

PUSHES = Counter("pushes_total", "Pushes by what came of them", ["type", "outcome"])
_FIND = Query(
    sa.select(pushes, events.c.position)
    .join(events, sa.and_(events.c.stream_id == pushes.c.stream_id, events.c.version == pushes.c.version))
    .where(pushes.c.push_id == sa.bindparam("push_id"))
)
DONE = "DELETE FROM pushes WHERE push_id = $1"


@dataclass(frozen=True, slots=True)
class Push:
    push_id: str
    user_id: int
    kind: Kind
    data: dict[str, str]
    happened_at: datetime
    notification_id: int | None
    """In the inbox, if it is there."""

    @property
    def ends_at(self) -> datetime | None:
        """When there is nothing left to be told of."""
        told = self.data.get(ENDS_AT)
        return from_iso(told) if told else None


class Pusher:
    def __init__(
        self,
        database: Database,
        claims: Claims,
        devices: Devices,
        preferences: PreferenceBook,
        fcm: Fcm,
        *,
        connections: int,
        max_age: timedelta,
        clock: Clock,
    ) -> None:
        self._database = database
        self._claims = claims
        self._devices = devices
        self._preferences = preferences
        self._fcm = fcm
        self._max_age = max_age
        self._clock = clock
        self._free = asyncio.Semaphore(connections)
        self._running: set[asyncio.Task[Any]] = set()

    async def close(self) -> None:
        """See through what has begun."""
        if self._running:
            await asyncio.wait(self._running, timeout=CLOSE_TIMEOUT_S)
        await self._fcm.close()

    async def fire(self, push_id: str, attempt: int) -> None:
        """Its time has come, for the first time or again."""
        row = await self._database.row(_FIND, push_id=push_id)
        if row is None:
            return
        again_at = await self._push(_push_of(row), attempt)
        async with self._database.write() as connection:
            if again_at:
                await set_timers(connection, [(push_timer(push_id, attempt + 1), again_at)])
            else:
                await connection.execute(DONE, push_id)

    async def _push(self, push: Push, attempt: int) -> datetime | None:
        """When to try again; null, when all is done that can be."""
        now = self._clock()
        wishes = await self._preferences.wishes(push.user_id)
        over_at = wishes.quiet.over_at(now) if wishes.quiet else None
        if reason := self._obstacle(push, wishes, over_at or now):
            _count(push, reason)
            return None
        if over_at:
            _count(push, "quiet")
            return over_at
        targets = await self._devices.targets(push.user_id)
        if not targets:
            _count(push, "no_device")
            return None
        waits = await self._to_all(push, targets)
        if not waits:
            return None
        pause_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(attempt, MOST_DOUBLINGS))
        return now + timedelta(seconds=max(pause_s, *waits))

    def _obstacle(self, push: Push, wishes: Wishes, at: datetime) -> str | None:
        """Why it is not to be sent at that moment, nor ever after."""
        if at - push.happened_at > self._max_age:
            return "too_old"
        if push.ends_at and push.ends_at <= at:
            return "too_late"
        return "unwanted" if push.kind in wishes.no_push else None

    async def _to_all(self, push: Push, targets: Sequence[Target]) -> list[float]:
        """In seconds, how long those want to wait that could not be reached now."""
        found = await asyncio.gather(*[self._seen_through(self._to_one(push, target)) for target in targets])
        return [wait_s for wait_s in found if wait_s is not None]

    async def _seen_through(self, work: Coroutine[Any, Any, float | None]) -> float | None:
        """A process that ends does not break off what FCM may have taken already."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    async def _to_one(self, push: Push, target: Target) -> float | None:
        async with self._free:
            try:
                await self._deliver(push, target)
            except NotNow as error:
                _count(push, "delayed")
                return error.wait_s
            except BeingSent:
                return 0
            return None

    async def _deliver(self, push: Push, target: Target) -> None:
        """Errors: NotNow, BeingSent."""
        key, claim = f"{push.push_id}.{target.device_id}", uuid4().hex
        access_token = await self._fcm.knock()
        found = await self._claims.claim(key, push.kind, claim)
        if found.was_given_up:
            _unknown(push)
        if found.status != "claimed" or found.claim != claim:
            return
        try:
            await self._fcm.send(self._message(push, target), access_token)
        except NotNow as error:
            await self._claims.record(key, RecordReleased(push.kind, claim, error.reply))
            raise
        except DeadToken as error:
            await self._claims.record(key, RecordRefused(push.kind, claim, error.reply))
            await self._devices.drop(target)
            _count(push, "dead_token")
        except Refused as error:
            await self._claims.record(key, RecordRefused(push.kind, claim, error.reply))
            log.error("fcm refused a push for good", type=push.kind, status=error.reply)
            _count(push, "refused")
        except Unanswered:
            await self._claims.record(key, RecordUnknown(push.kind, claim))
            _unknown(push)
        else:
            await self._claims.record(key, RecordSent(push.kind, claim))
            _count(push, "sent")

    def _message(self, push: Push, target: Target) -> dict[str, Any]:
        life = min(LIFE, push.ends_at - self._clock()) if push.ends_at else LIFE
        words = words_of(push.kind, push.data, target.locale)
        return message(target.token, push.kind, push.data, words, life=life, notification_id=push.notification_id)


def _push_of(row: asyncpg.Record) -> Push:
    return Push(
        row["push_id"],
        row["user_id"],
        row["kind"],
        msgspec.json.decode(row["data"]),
        row["happened_at"],
        row["position"] if row["in_inbox"] else None,
    )


def _unknown(push: Push) -> None:
    log.error("it is unknown whether a push was sent", type=push.kind)
    _count(push, "unknown")


def _count(push: Push, outcome: str) -> None:
    PUSHES.labels(push.kind, outcome).inc()
