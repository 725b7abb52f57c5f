"""How often something was done within a while, counted by HMAC: the table names nobody.

The count is one statement, so PostgreSQL puts those who come at once in a row, and each learns its own number.
"""

import hashlib
import hmac
import math
from dataclasses import dataclass
from datetime import timedelta

from contracts.errors import ServiceError
from kernel.clock import Clock
from kernel.db import Database

SWEPT_AT_ONCE = 6
"""More than the rows that one call can add, so what is over does not stay."""

COUNT = """
INSERT INTO counts AS c (key, count, ends_at) VALUES ($1, 1, $3)
ON CONFLICT (key) DO UPDATE SET
  count = CASE WHEN c.ends_at <= $2 THEN 1 ELSE c.count + 1 END,
  ends_at = CASE WHEN c.ends_at <= $2 THEN $3 ELSE c.ends_at END
RETURNING count, ends_at
"""
SWEEP = f"""
DELETE FROM counts WHERE key IN (
  SELECT key FROM counts WHERE ends_at < $1 ORDER BY ends_at LIMIT {SWEPT_AT_ONCE} FOR UPDATE SKIP LOCKED
)
"""  # noqa: S608  (a number of our own)


class AskedTooOften(ServiceError):
    """`retry_after` in details: whole seconds until the next one is granted."""

    def __init__(self, wait: timedelta) -> None:
        seconds = max(1, math.ceil(wait.total_seconds()))
        message = f"Too many requests. Please try again in {seconds} seconds."
        super().__init__("RATE_LIMITED", message, {"retry_after": seconds})


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `limit` of something within `seconds`, counted from the first. `what` tells kinds of counts apart."""

    what: str
    limit: int
    seconds: int


class Counts:
    def __init__(self, database: Database, secret: bytes, clock: Clock) -> None:
        self._database = database
        self._secret = hmac.digest(secret, b"counts", hashlib.sha256)
        self._clock = clock

    async def count(self, rate: Rate, who: str) -> None:
        """Errors: RATE_LIMITED, for known and unknown alike."""
        wait = await self.waits(rate, who)
        if wait is not None:
            raise AskedTooOften(wait)

    async def waits(self, rate: Rate, who: str) -> timedelta | None:
        """Counts one; None if it is granted, else how long until the count begins anew."""
        now = self._clock()
        key = hmac.digest(self._secret, f"{rate.what}:{who}".encode(), hashlib.sha256)
        async with self._database.write() as connection:
            await connection.execute(SWEEP, now)
            row = await connection.fetchrow(COUNT, key, now, now + timedelta(seconds=rate.seconds))
        return row["ends_at"] - now if row["count"] > rate.limit else None
