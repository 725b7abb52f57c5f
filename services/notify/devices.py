"""Where pushes go: the phones and browsers that people have registered. No token leaves this table but to FCM."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

import asyncpg
import sqlalchemy as sa

from contracts.rpc import notify as rpc
from contracts.rpc.auth import Locale
from kernel.clock import Clock, iso
from kernel.db import Database, Query
from services.notify.departures import Departures
from services.notify.tables import devices

MOST = 20
"""Of one person: of more, those go that were not seen for the longest time."""
REGISTER = """
INSERT INTO devices (token_hash, token, user_id, platform, locale, seen_at) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (token_hash) DO UPDATE SET user_id = excluded.user_id, platform = excluded.platform,
  locale = excluded.locale, seen_at = excluded.seen_at
"""
DROP_OLDEST = """
DELETE FROM devices WHERE user_id = $1 AND device_id IN (
  SELECT device_id FROM devices WHERE user_id = $1 ORDER BY seen_at DESC, device_id DESC OFFSET $2
)
"""
REMOVE = "DELETE FROM devices WHERE token_hash = $1 AND user_id = $2"
# Only while it still is that token: it may have been registered anew meanwhile.
DROP_DEAD = "DELETE FROM devices WHERE device_id = $1 AND token_hash = $2"
DROP_STALE = "WITH gone AS (DELETE FROM devices WHERE seen_at < $1 RETURNING 1) SELECT count(*) FROM gone"
_OF_USER = Query(
    sa.select(devices).where(devices.c.user_id == sa.bindparam("user_id")).order_by(devices.c.seen_at.desc())
)


@dataclass(frozen=True, slots=True)
class Target:
    """A device as a push needs it."""

    device_id: int
    token: str = field(repr=False)
    locale: Locale


class Devices:
    """`life`: those that were not registered again for so long are forgotten."""

    def __init__(self, database: Database, departures: Departures, *, life: timedelta, clock: Clock) -> None:
        self._database = database
        self._departures = departures
        self._life = life
        self._clock = clock

    async def register(self, request: rpc.RegisterDevice) -> rpc.PushDevice:
        """Errors: USER_NOT_FOUND."""
        now = self._clock()
        async with self._departures.staying(request.user_id) as connection:
            await connection.execute(
                REGISTER,
                _hash(request.token),
                request.token,
                request.user_id,
                request.platform,
                request.locale,
                now,
            )
            await connection.execute(DROP_OLDEST, request.user_id, MOST)
        return rpc.PushDevice(platform=request.platform, last_seen_at=iso(now))

    async def remove(self, request: rpc.RemoveDevice) -> rpc.DeviceRemoved:
        async with self._database.write() as connection:
            await connection.execute(REMOVE, _hash(request.token), request.user_id)
        return rpc.DeviceRemoved()

    async def of(self, request: rpc.ListDevices) -> rpc.PushDevices:
        rows = await self._database.rows(_OF_USER, user_id=request.user_id)
        return rpc.PushDevices(items=[_shown(row) for row in rows])

    async def targets(self, user_id: int) -> list[Target]:
        rows = await self._database.rows(_OF_USER, user_id=user_id)
        oldest = self._clock() - self._life
        return [Target(row["device_id"], row["token"], row["locale"]) for row in rows if row["seen_at"] >= oldest]

    async def drop(self, target: Target) -> None:
        """Its token is dead."""
        async with self._database.write() as connection:
            await connection.execute(DROP_DEAD, target.device_id, _hash(target.token))

    async def sweep(self, now: datetime) -> int:
        async with self._database.write() as connection:
            return int(await connection.fetchval(DROP_STALE, now - self._life))


def _hash(token: str) -> bytes:
    return sha256(token.encode()).digest()


def _shown(row: asyncpg.Record) -> rpc.PushDevice:
    return rpc.PushDevice(platform=row["platform"], last_seen_at=iso(row["seen_at"]))
