"""Guesses at passwords are counted before they are verified, so that many at once are as many.

An address is counted whether or not it is anyone's, and so is the IP that the guess came from. The count is one
statement: PostgreSQL puts simultaneous guesses in a row, and each learns its own number. The guess that reaches the
limit sets the lock, and those after it are refused unverified until the lock is over; a lock lasts longer each time.
Keys are HMACs: the table names nobody.
"""

import hashlib
import hmac
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from contracts.errors import ServiceError
from kernel.clock import Clock
from kernel.db import Database

FORGOTTEN_AFTER = timedelta(hours=24)
SWEEP_EVERY = 16
SWEPT_AT_ONCE = 64
"""More than the two rows that each guess can add, so the table holds little more than a day's guesses."""

_COUNT_ONE = """
INSERT INTO guesses AS g (key, tries, locks, counted_at) SELECT {key}, 1, 0, $5 WHERE {allowed}
ON CONFLICT (key) DO UPDATE SET (tries, locks, locked_until, counted_at) = (
  SELECT tries,
         locks + (tries = {limit})::int,
         CASE WHEN tries = {limit} THEN $5 + ($6::interval[])[least(locks + 1, cardinality($6))]
              WHEN tries > {limit} THEN g.locked_until END,
         $5
  FROM (SELECT CASE WHEN g.locked_until <= $5 OR g.counted_at < $7 THEN 1 ELSE g.tries + 1 END AS tries,
               CASE WHEN g.counted_at < $7 THEN 0 ELSE g.locks END AS locks) AS now
)
RETURNING tries, locked_until
"""
_IP_IS_LOCKED = "EXISTS (SELECT FROM ip WHERE tries > $2 AND locked_until IS NOT NULL)"
# The IP comes first, so that one that is locked cannot go on to lock addresses; and so it does wherever rows of both
# are changed, lest two wait for one another.
COUNT = f"""
WITH ip AS ({_COUNT_ONE.format(key="$1::bytea", limit="$2", allowed="$1 IS NOT NULL")}),
address AS ({_COUNT_ONE.format(key="$3::bytea", limit="$4", allowed=f"NOT {_IP_IS_LOCKED}")})
SELECT tries > $2 AS is_over, locked_until FROM ip UNION ALL SELECT tries > $4, locked_until FROM address
"""  # noqa: S608  (texts of our own)
# What is given back cannot have been over the limit, since it was verified or was to be: with it goes the lock.
_GIVE_BACK = """
UPDATE guesses SET locks = locks - (tries >= {limit})::int, tries = greatest(0, least(tries, {limit}) - 1),
  locked_until = NULL
WHERE key = {key}
"""
_IP_FIRST = f"WITH ip AS ({_GIVE_BACK.format(key='$1', limit='$2')} RETURNING 1)"
_THEN = "AND (SELECT count(*) FROM ip) >= 0"
GIVE_BACK = f"{_IP_FIRST} {_GIVE_BACK.format(key='$3', limit='$4')} {_THEN}"
FORGET_AND_GIVE_BACK = f"{_IP_FIRST} DELETE FROM guesses WHERE key = $3 {_THEN}"  # noqa: S608
FORGET = "DELETE FROM guesses WHERE key = $1"
SWEEP = f"""
DELETE FROM guesses WHERE key IN (
  SELECT key FROM guesses WHERE counted_at < $1 ORDER BY counted_at LIMIT {SWEPT_AT_ONCE} FOR UPDATE SKIP LOCKED
)
"""  # noqa: S608  (a number of our own)


class AccountIsLocked(ServiceError):
    """`retry_after` in details: whole seconds until the next guess is looked at."""

    def __init__(self, wait: timedelta) -> None:
        seconds = max(1, math.ceil(wait.total_seconds()))
        message = f"Too many wrong passwords. Please try again in {seconds} seconds."
        super().__init__("ACCOUNT_LOCKED", message, {"retry_after": seconds})


@dataclass(frozen=True, slots=True)
class Limits:
    """How many wrong passwords lock, for one address and for one IP; and how long, the first time and each after."""

    per_address: int
    per_ip: int
    locks_s: Sequence[int]


@dataclass(frozen=True, slots=True)
class Guess:
    """A guess that may be verified. `locks_until`: if it is wrong, it was the last one before the lock."""

    address: bytes
    ip: bytes | None
    locks_until: datetime | None


class Guesses:
    def __init__(self, database: Database, secret: bytes, limits: Limits, clock: Clock) -> None:
        self._database = database
        self._secret = hmac.digest(secret, b"guesses", hashlib.sha256)
        self._limits = limits
        self._locks = [timedelta(seconds=seconds) for seconds in limits.locks_s]
        self._clock = clock
        self._counted = 0

    async def count(self, email_folded: str, ip: str) -> Guess:
        """Count a guess, before anything is verified; an empty `ip` is not counted. Errors: ACCOUNT_LOCKED."""
        await self._sweep()
        now = self._clock()
        address, ip_key = self.key_of(email_folded), self._key("ip", ip) if ip else None
        keys = (ip_key, self._limits.per_ip, address, self._limits.per_address)
        async with self._database.write() as connection:
            rows = await connection.fetch(COUNT, *keys, now, self._locks, now - FORGOTTEN_AFTER)
        for row in rows:
            if row["is_over"] and row["locked_until"]:
                raise AccountIsLocked(row["locked_until"] - now)
        return Guess(address, ip_key, rows[-1]["locked_until"])

    def key_of(self, email_folded: str) -> bytes:
        """Under which guesses at this address are counted."""
        return self._key("address", email_folded)

    async def was_right(self, guess: Guess) -> None:
        """Only wrong passwords stay counted: the address starts afresh, the IP has this one back."""
        async with self._database.write() as connection:
            await connection.execute(FORGET_AND_GIVE_BACK, guess.ip, self._limits.per_ip, guess.address)

    async def forget(self, email_folded: str) -> None:
        """Whoever reads the address's mail has shown to be no guesser: its count, and a lock, end."""
        async with self._database.write() as connection:
            await connection.execute(FORGET, self._key("address", email_folded))

    async def was_not_verified(self, guess: Guess) -> None:
        """We had no time for it, so it was no guess."""
        keys = (guess.ip, self._limits.per_ip, guess.address, self._limits.per_address)
        async with self._database.write() as connection:
            await connection.execute(GIVE_BACK, *keys)

    async def _sweep(self) -> None:
        """Seldom, and much at once."""
        self._counted += 1
        if self._counted % SWEEP_EVERY == 0:
            async with self._database.write() as connection:
                await connection.execute(SWEEP, self._clock() - FORGOTTEN_AFTER)

    def _key(self, kind: str, value: str) -> bytes:
        return hmac.digest(self._secret, f"{kind}:{value}".encode(), hashlib.sha256)
