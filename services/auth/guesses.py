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
SWEPT_AT_ONCE = 4
"""More than the two rows that a guess can add, so the table holds a day's guesses at most."""

COUNT = """
INSERT INTO guesses AS g (key, tries, locks, counted_at) VALUES ($1, 1, 0, $2)
ON CONFLICT (key) DO UPDATE SET (tries, locks, locked_until, counted_at) = (
  SELECT tries,
         locks + (tries = $3)::int,
         CASE WHEN tries = $3 THEN $2 + ($4::interval[])[least(locks + 1, cardinality($4))]
              WHEN tries > $3 THEN g.locked_until END,
         $2
  FROM (SELECT CASE WHEN g.locked_until <= $2 OR g.counted_at < $5 THEN 1 ELSE g.tries + 1 END AS tries,
               CASE WHEN g.counted_at < $5 THEN 0 ELSE g.locks END AS locks) AS now
)
RETURNING tries, locked_until
"""
# What is given back cannot have been over the limit, since it was verified or was to be: with it goes the lock.
GIVE_BACK = """
UPDATE guesses SET locks = locks - (tries >= $2)::int, tries = greatest(0, least(tries, $2) - 1), locked_until = NULL
WHERE key = $1
"""
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

    async def count(self, email_folded: str, ip: str) -> Guess:
        """Count a guess, before anything is verified; an empty `ip` is not counted. Errors: ACCOUNT_LOCKED.

        The IP comes first, so that one that is locked cannot go on to lock addresses.
        """
        await self._sweep()
        address, ip_key = self.key_of(email_folded), self._key("ip", ip) if ip else None
        if ip_key:
            await self._count(ip_key, self._limits.per_ip)
        return Guess(address, ip_key, await self._count(address, self._limits.per_address))

    def key_of(self, email_folded: str) -> bytes:
        """Under which guesses at this address are counted."""
        return self._key("address", email_folded)

    async def was_right(self, guess: Guess) -> None:
        """Only wrong passwords stay counted: the address starts afresh, the IP has this one back."""
        async with self._database.write() as connection:
            await connection.execute(FORGET, guess.address)
        await self._give_ip_back(guess)

    async def forget(self, email_folded: str) -> None:
        """Whoever reads the address's mail has shown to be no guesser: its count, and a lock, end."""
        async with self._database.write() as connection:
            await connection.execute(FORGET, self._key("address", email_folded))

    async def was_not_verified(self, guess: Guess) -> None:
        """We had no time for it, so it was no guess."""
        async with self._database.write() as connection:
            await connection.execute(GIVE_BACK, guess.address, self._limits.per_address)
        await self._give_ip_back(guess)

    async def _give_ip_back(self, guess: Guess) -> None:
        if guess.ip:
            async with self._database.write() as connection:
                await connection.execute(GIVE_BACK, guess.ip, self._limits.per_ip)

    async def _count(self, key: bytes, limit: int) -> datetime | None:
        """When the lock that this very guess has set will end, or None if it has set none."""
        now = self._clock()
        async with self._database.write() as connection:
            row = await connection.fetchrow(COUNT, key, now, limit, self._locks, now - FORGOTTEN_AFTER)
        locked_until: datetime | None = row["locked_until"]
        if row["tries"] > limit and locked_until:
            raise AccountIsLocked(locked_until - now)
        return locked_until

    async def _sweep(self) -> None:
        async with self._database.write() as connection:
            await connection.execute(SWEEP, self._clock() - FORGOTTEN_AFTER)

    def _key(self, kind: str, value: str) -> bytes:
        return hmac.digest(self._secret, f"{kind}:{value}".encode(), hashlib.sha256)
