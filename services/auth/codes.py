"""Codes that show that somebody reads the mail of an address: 6 digits for typing, a long token for links.

Neither is kept anywhere, not even hashed: both are HMACs of the code's id and purpose under a secret of auth's, so they
can be derived anew when a mail is sent and when one comes back. The table `codes` has one row for each purpose and
address, so a new code supersedes the former. A typed code is counted before it is compared, by one statement: of many
tries at once no more are looked at than there are tries.

For an address that is nobody's the same is done, step by step; only the letter is never written.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import asyncpg
import sqlalchemy as sa
from uuid_utils.compat import uuid7

from contracts.errors import ServiceError
from contracts.rpc.auth import Addressee, GetAddressee, GetLetter, Letter, Locale, MaybeAddressee, MaybeLetter
from kernel.clock import Clock
from kernel.commands import CommandBus
from kernel.db import Database, Query
from services.auth import tables
from services.auth.counting import Counts, Rate
from services.auth.credentials import folded
from services.auth.domain import CODE, IssueCode, Purpose
from services.auth.private import NewCode
from services.auth.queries import Queries

DIGITS = 6
SWEPT_AT_ONCE = 4
HOUR_S = 3600

# A code that has been used or is too old has no more tries: nothing is told apart by what is answered.
COUNT_TRY = """
UPDATE codes SET tries = tries + 1 WHERE purpose = $1 AND address = $2
RETURNING *, tries > $4 OR used OR expires_at <= $3 AS void
"""
USE = """
UPDATE codes SET used = true WHERE code_id = $1 AND NOT used AND expires_at > $2 RETURNING code_id
"""
SWEEP = f"""
DELETE FROM codes WHERE code_id IN (
  SELECT code_id FROM codes WHERE expires_at < $1 ORDER BY expires_at LIMIT {SWEPT_AT_ONCE} FOR UPDATE SKIP LOCKED
)
"""  # noqa: S608  (a number of our own)
_BY_ID = Query(sa.select(tables.codes).where(tables.codes.c.code_id == sa.bindparam("code_id")))


class InvalidCode(ServiceError):
    """Wrong, used, superseded, too old, for another purpose or address: the caller is not told which."""

    def __init__(self) -> None:
        super().__init__("INVALID_OTP", "This code is wrong or too old. Please ask for a new one.")


@dataclass(frozen=True, slots=True)
class Rules:
    """`lives_s` in seconds, by purpose. At most one code in `pause_s` for each address and purpose, `per_address` an
    hour for each address, `per_ip` an hour for each IP.
    """

    lives_s: Mapping[Purpose, int]
    tries: int
    pause_s: int
    per_address: int
    per_ip: int


@dataclass(frozen=True, slots=True)
class Address:
    """Where a code goes. `user_id`: whose it is; None: nobody's."""

    user_id: int | None
    email: str = field(repr=False)
    locale: Locale


@dataclass(frozen=True, slots=True)
class RightCode:
    """A code that was right when it was looked at; it counts only once it is used. `address` is an HMAC."""

    code_id: str
    user_id: int | None
    address: bytes = field(repr=False)
    email: str | None = field(repr=False)
    locale: Locale


class Codes:
    def __init__(
        self,
        database: Database,
        commands: CommandBus,
        queries: Queries,
        counts: Counts,
        *,
        secret: bytes,
        rules: Rules,
        clock: Clock,
    ) -> None:
        self._database = database
        self._commands = commands
        self._queries = queries
        self._counts = counts
        self._secret = hmac.digest(secret, b"codes", hashlib.sha256)
        self._rules = rules
        self._clock = clock

    async def ask(self, purpose: Purpose, address: Address, ip: str) -> None:
        """Issue a code because someone asks for it; an empty `ip` is not counted. Errors: RATE_LIMITED.

        The IP comes first, so that one that has asked too often cannot go on to use up the turns of addresses.
        """
        if ip:
            await self._counts.count(Rate("codes of ip", self._rules.per_ip, HOUR_S), ip)
        email_folded = folded(address.email)
        await self._counts.count(Rate(f"codes to {purpose}", 1, self._rules.pause_s), email_folded)
        await self._counts.count(Rate("codes of address", self._rules.per_address, HOUR_S), email_folded)
        await self.issue(purpose, address)

    async def issue(self, purpose: Purpose, address: Address) -> None:
        """A new code, in the place of the former of this purpose."""
        async with self._database.write() as connection:
            await connection.execute(SWEEP, self._clock())
        code_id = uuid7().hex  # without dashes, which end a stream's category
        expires_at = self._clock() + timedelta(seconds=self._rules.lives_s[purpose])
        email = address.email if address.user_id is None and purpose == "sign_in" else None
        private = NewCode(address.user_id, email, self.key_of(address.email), address.locale, expires_at)
        await self._commands.execute(CODE, code_id, IssueCode(code_id, purpose), key=f"code:{code_id}", private=private)

    async def typed(self, purpose: Purpose, email: str, code: str) -> RightCode:
        """Errors: INVALID_OTP."""
        async with self._database.write() as connection:
            row = await connection.fetchrow(COUNT_TRY, purpose, self.key_of(email), self._clock(), self._rules.tries)
        # Compared in any case, so that it takes as long where there is nothing to compare with.
        right = self._code(row["code_id"] if row else "", purpose)
        if not hmac.compare_digest(right.encode(), code.strip()[: 2 * DIGITS].encode()) or row is None or row["void"]:
            raise InvalidCode
        return _right(row)

    async def linked(self, purpose: Purpose, token: str) -> RightCode:
        """By a link's token, which is too long for anyone to guess, and so is not counted. Errors: INVALID_OTP."""
        code_id, _, _ = token.partition(".")
        if not hmac.compare_digest(self._token(code_id, purpose).encode(), token.encode()):
            raise InvalidCode
        row = await self._database.row(_BY_ID, code_id=code_id)
        if row is None or row["used"] or row["expires_at"] <= self._clock():
            raise InvalidCode
        return _right(row)

    async def owner(self, code: RightCode) -> asyncpg.Record:
        """Whose address it was sent to, as their row of `people`. Errors: INVALID_OTP if it is nobody's, or no more."""
        person = await self._owner(code)
        if person is None:
            raise InvalidCode
        return person

    async def _owner(self, code: RightCode) -> asyncpg.Record | None:
        person = await self._queries.person(code.user_id) if code.user_id is not None else None
        return person if person and self.key_of(person["email"]) == code.address else None

    async def use(self, code: RightCode) -> None:
        """From now on it is void. Errors: INVALID_OTP, when another was faster with it."""
        async with self._database.write() as connection:
            used = await connection.fetchval(USE, code.code_id, self._clock())
        if used is None:
            raise InvalidCode

    async def letter(self, request: GetLetter) -> MaybeLetter:
        """What a code's mail says, as long as the code is good."""
        row = await self._database.row(_BY_ID, code_id=request.code_id)
        if row is None or row["used"] or row["expires_at"] <= self._clock():
            return MaybeLetter(letter=None)
        purpose: Purpose = row["purpose"]
        person = await self._owner(_right(row))
        # Mail goes to nobody's address only when it may become somebody's by it: `email` is kept for that alone.
        to = person["email"] if person else row["email"]
        if to is None:
            return MaybeLetter(letter=None)
        letter = Letter(
            user_id=person["user_id"] if person else None,
            to=to,
            name=person["name"] if person else "",
            locale=person["locale"] if person else row["locale"],
            purpose=purpose,
            code=self._code(row["code_id"], purpose),
            token=self._token(row["code_id"], purpose),
            minutes=self._rules.lives_s[purpose] // 60,
        )
        return MaybeLetter(letter=letter)

    async def addressee(self, request: GetAddressee) -> MaybeAddressee:
        person = await self._queries.person(request.user_id)
        if person is None or person["email"] is None:
            return MaybeAddressee(addressee=None)
        found = Addressee(to=person["email"], name=person["name"], locale=person["locale"])
        return MaybeAddressee(addressee=found)

    def _code(self, code_id: str, purpose: Purpose) -> str:
        number = int.from_bytes(self._derived(code_id, purpose, "code"))
        return f"{number % 10**DIGITS:0{DIGITS}}"

    def _token(self, code_id: str, purpose: Purpose) -> str:
        return f"{code_id}.{urlsafe_b64encode(self._derived(code_id, purpose, 'token')).rstrip(b'=').decode()}"

    def key_of(self, email: str) -> bytes:
        """Under which the codes of an address are kept."""
        return hmac.digest(self._secret, f"address:{folded(email)}".encode(), hashlib.sha256)

    def _derived(self, code_id: str, purpose: Purpose, kind: str) -> bytes:
        return hmac.digest(self._secret, f"{code_id}:{purpose}:{kind}".encode(), hashlib.sha256)


def _right(row: asyncpg.Record) -> RightCode:
    return RightCode(row["code_id"], row["user_id"], row["address"], row["email"], row["locale"])
