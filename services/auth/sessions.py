"""Sessions: each sign-in begins one of its own, refreshing goes on with it, and its owner can see and end it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TypeVar

import asyncpg
import sqlalchemy as sa
from uuid_utils.compat import uuid7

from contracts.errors import ServiceError
from contracts.rpc import auth as rpc
from kernel.clock import Clock, iso
from kernel.commands import CommandBus
from kernel.db import LOST, Database, Query
from services.auth.domain import (
    ACCOUNT,
    SESSION,
    SIGNED_OUT,
    THEFT,
    EndSession,
    EndSessions,
    InvalidToken,
    Session,
    StartSession,
    Suspended,
    TokenReused,
    UseToken,
)
from services.auth.private import NO_DEVICE, NewSession
from services.auth.tables import sessions as table
from services.auth.tokens import RefreshToken, Tokens
from services.auth.visits import Visits

PAUSES_S = (0.2, 0.4, 0.8, 1.2)
A_MOMENT = timedelta(milliseconds=1)
MARGIN = timedelta(hours=1)
MOST_SHOWN = 100
T = TypeVar("T")

FORGET = "DELETE FROM sessions WHERE user_id = $1"
STANDING = "SELECT role, suspended, ends, access_from FROM accounts WHERE user_id = $1"
TIDY_AND_STANDING = f"""
WITH gone AS (DELETE FROM sessions WHERE user_id = $1 AND (ended_at < $2 OR last_used_at < $2)) {STANDING}
"""  # noqa: S608  (texts of our own)
USED_AND_STANDING = f"""
WITH used AS (
  UPDATE sessions SET last_used_at = $3::timestamptz
  WHERE session_id = $2 AND last_used_at < $3::timestamptz - interval '1 minute'
) {STANDING}
"""  # noqa: S608
_OPEN = Query(
    sa.select(table)
    .where(
        table.c.user_id == sa.bindparam("user_id"),
        table.c.ended_at.is_(None),
        table.c.last_used_at > sa.bindparam("alive_since", type_=sa.DateTime(timezone=True)),
    )
    .order_by(table.c.last_used_at.desc(), table.c.session_id.desc())
)
_ALL_OPEN = Query(
    sa.select(table.c.session_id).where(
        table.c.user_id == sa.bindparam("user_id"),
        table.c.ended_at.is_(None),
        table.c.ends < sa.bindparam("ends", type_=sa.Integer),
    )
)


class Sessions:
    """`grace_s`: how long a superseded refresh token is still accepted, in seconds."""

    def __init__(
        self,
        database: Database,
        commands: CommandBus,
        tokens: Tokens,
        visits: Visits,
        *,
        grace_s: float,
        clock: Clock,
    ) -> None:
        self._database = database
        self._commands = commands
        self._tokens = tokens
        self._visits = visits
        self._grace_s = grace_s
        self._clock = clock

    async def start(self, user_id: int, device: rpc.Device | None = None, *, ends: int | None = None) -> rpc.Tokens:
        """A new session. `ends`: the account's count of ends when the proof (a password's hash, say) was read.

        Errors: PERMISSION_DENIED for a suspended account; INVALID_TOKEN when all sessions were ended meanwhile.
        """
        before = await self._look(TIDY_AND_STANDING, user_id, self._alive_since() - MARGIN)
        if before["suspended"]:
            raise Suspended
        session_id = uuid7().hex  # without dashes, which end a stream's category
        first = self._tokens.refresh(user_id, session_id, parent=None)
        command = StartSession(session_id, user_id, first.fingerprint)
        began = before["ends"] if ends is None else ends
        private = NewSession(device or NO_DEVICE, began)
        await self._commands.execute(SESSION, session_id, command, private=private)
        # Who ends all sessions says so before looking which there are. So either they have seen this one, or it is
        # said by now.
        now = self._clock()
        standing = await self._look(STANDING, user_id)
        if standing["suspended"] or standing["ends"] != began:
            await self._end(user_id, session_id, SIGNED_OUT)
            raise InvalidToken
        return self._answer(user_id, session_id, first, standing, now)

    async def refresh(self, request: rpc.Refresh) -> rpc.Tokens:
        """Errors: INVALID_TOKEN; TOKEN_REUSED when the session was ended by a theft, now or earlier.

        Any failure here signs a phone out, so a database that is away is waited for: using twice is using once.
        """
        presented = self._tokens.read_refresh(request.refresh_token)
        user_id, session_id = presented.user_id, presented.session_id
        session = await _patiently(
            lambda: self._use(UseToken(session_id, presented.token, presented.parent, self._grace_s))
        )
        if session.revoked:
            raise TokenReused if session.reason == THEFT else InvalidToken
        now = self._clock()
        standing = await _patiently(lambda: self._look(USED_AND_STANDING, user_id, session_id, now))
        if standing["suspended"]:
            raise InvalidToken
        # Whichever token was presented, the new one descends from the confirmed one: its use then confirms it in turn.
        child = self._tokens.refresh(user_id, session_id, parent=session.current)
        return self._answer(user_id, session_id, child, standing, now)

    async def listed(self, request: rpc.ListSessions) -> rpc.SessionList:
        rows = await self._database.rows(_OPEN, user_id=request.user_id, alive_since=self._alive_since())
        return rpc.SessionList(items=[_shown(row) for row in rows[:MOST_SHOWN]])

    async def end(self, request: rpc.EndSession) -> rpc.Ended:
        """Errors: SESSION_NOT_FOUND."""
        return rpc.Ended(ended=await self._end(request.user_id, request.session_id, SIGNED_OUT))

    async def end_several(self, request: rpc.EndSessions) -> rpc.Ended:
        return rpc.Ended(ended=await self.end_all(request.user_id, reason=SIGNED_OUT, keep=request.keep))

    async def end_all(self, user_id: int, *, reason: str, keep: str | None = None, key: str | None = None) -> int:
        """End all sessions of a user but `keep`, those that begin at this moment too; returns how many have ended.

        `reason`: as the event `auth.session_revoked` lists them. Harmless twice; with the same `key` it is done once,
        and sessions that have begun since stay.
        """
        ended = await self._commands.execute(
            ACCOUNT, user_id, EndSessions(user_id, reason), key=key, answer=lambda account, _: account.standing.ends
        )
        rows = await self._database.rows(_ALL_OPEN, user_id=user_id, ends=ended.answer)
        ending = [self._end(user_id, row["session_id"], reason) for row in rows if row["session_id"] != keep]
        return sum(await asyncio.gather(*ending))

    async def forget(self, user_id: int) -> None:
        """What is kept of sessions that have all been ended."""
        async with self._database.write() as connection:
            await connection.execute(FORGET, user_id)

    async def _end(self, user_id: int, session_id: str, reason: str) -> int:
        command = EndSession(session_id, user_id, reason)
        outcome = await self._commands.execute(SESSION, session_id, command, answer=lambda _, events: len(events))
        ended: int = outcome.answer
        return ended

    async def _use(self, command: UseToken) -> Session:
        outcome = await self._commands.execute(SESSION, command.session_id, command, answer=lambda session, _: session)
        session: Session = outcome.answer
        return session

    async def _look(self, sql: str, *arguments: object) -> asyncpg.Record:
        """The account's standing, by a statement that may do a little more. Errors: SERVICE_UNAVAILABLE."""
        try:
            async with self._database.write() as connection:
                row = await connection.fetchrow(sql, *arguments)
        except LOST:
            raise ServiceError("SERVICE_UNAVAILABLE", "The service is restarting. Please try again.") from None
        if row is None:
            raise InvalidToken
        return row

    def _alive_since(self) -> datetime:
        """A session that was last used before then has no token left that is good."""
        return self._clock() - timedelta(seconds=self._tokens.refresh_life_s)

    def _answer(
        self, user_id: int, session_id: str, refresh: RefreshToken, standing: asyncpg.Record, looked_at: datetime
    ) -> rpc.Tokens:
        """An access token is dated to when its role was looked up: what was said since then makes it void.

        What was said before makes it not, even where our clock is behind that of the process that said it.
        """
        self._visits.note(user_id)
        void = standing["access_from"]
        at = max(looked_at, void + A_MOMENT) if void else looked_at
        return rpc.Tokens(
            access_token=self._tokens.access(user_id, session_id, role=standing["role"], at=at),
            refresh_token=refresh.text,
            expires_in=self._tokens.access_life_s,
        )


async def _patiently(work: Callable[[], Awaitable[T]]) -> T:
    for pause_s in PAUSES_S:
        try:
            return await work()
        except ServiceError as error:
            if error.code != "SERVICE_UNAVAILABLE":
                raise
        await asyncio.sleep(pause_s)
    return await work()


def _shown(row: asyncpg.Record) -> rpc.Session:
    return rpc.Session(
        session_id=row["session_id"],
        device=rpc.Device(device_id=row["device_id"], device_name=row["device_name"], platform=row["platform"]),
        started_at=iso(row["started_at"]),
        last_used_at=iso(row["last_used_at"]),
    )
