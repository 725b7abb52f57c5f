"""Sessions: each sign-in begins one of its own, and refreshing goes on with it."""

import asyncio
from collections.abc import Awaitable, Callable

import sqlalchemy as sa
from uuid_utils.compat import uuid7

from contracts.errors import ServiceError
from contracts.rpc import auth as rpc
from kernel.commands import CommandBus
from kernel.db import Database, Query
from kernel.store import streams
from services.auth.domain import SESSION, EndSession, Session, StartSession, TokenReused, UseToken
from services.auth.tokens import RefreshToken, Tokens

PAUSES_S = (0.2, 0.4, 0.8, 1.2)

_OF_USER = Query(
    sa.select(streams.c.stream_id).where(
        streams.c.stream_id.like("session-%"),
        streams.c.state["user_id"].as_string() == sa.bindparam("user_id"),
        streams.c.state["revoked"].as_string() == "false",
    )
)


async def _nothing(_: int) -> None:
    """Nobody wants to know."""


class Sessions:
    """`grace_s`: how long a superseded refresh token is still accepted, in seconds.

    `on_sign_in` is awaited before a session starts, `on_use` is told whenever one is started or refreshed.
    """

    def __init__(
        self,
        commands: CommandBus,
        tokens: Tokens,
        *,
        grace_s: float,
        database: Database,
        on_sign_in: Callable[[int], Awaitable[None]] = _nothing,
        on_use: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._commands = commands
        self._tokens = tokens
        self._grace_s = grace_s
        self._database = database
        self._on_sign_in = on_sign_in
        self._on_use = on_use

    async def start(self, user_id: int) -> rpc.Tokens:
        await self._on_sign_in(user_id)
        session_id = uuid7().hex  # without dashes, which end a stream's category
        first = self._tokens.refresh(user_id, session_id, parent=None)
        await self._commands.execute(SESSION, session_id, StartSession(session_id, user_id, first.fingerprint))
        return self._answer(user_id, session_id, first)

    async def refresh(self, request: rpc.Refresh) -> rpc.Tokens:
        """Errors: INVALID_TOKEN; TOKEN_REUSED when the session was ended by a theft, now or earlier."""
        presented = self._tokens.read_refresh(request.refresh_token)
        command = UseToken(presented.session_id, presented.token, presented.parent, self._grace_s)
        session = await self._use(command)
        if session.revoked:
            raise TokenReused
        # Whichever token was presented, the new one descends from the confirmed one: its use then confirms it in turn.
        child = self._tokens.refresh(presented.user_id, presented.session_id, parent=session.current)
        return self._answer(presented.user_id, presented.session_id, child)

    async def end_all(self, user_id: int, *, reason: str, keep: str | None = None) -> int:
        """End all sessions of a user but `keep`; returns how many. `reason` as `SessionRevoked` has it."""
        rows = await self._database.rows(_OF_USER, user_id=str(user_id))
        ids = [row["stream_id"].removeprefix("session-") for row in rows]
        ending = [session_id for session_id in ids if session_id != keep]
        for session_id in ending:
            await self._commands.execute(SESSION, session_id, EndSession(session_id, reason))
        return len(ending)

    async def _use(self, command: UseToken) -> Session:
        """Any failure here signs a phone out, so a database that is away is waited for: using twice is using once."""
        for pause_s in PAUSES_S:
            try:
                return await self._decide(command)
            except ServiceError as error:
                if error.code != "SERVICE_UNAVAILABLE":
                    raise
            await asyncio.sleep(pause_s)
        return await self._decide(command)

    async def _decide(self, command: UseToken) -> Session:
        outcome = await self._commands.execute(SESSION, command.session_id, command, answer=lambda session, _: session)
        session: Session = outcome.answer
        return session

    def _answer(self, user_id: int, session_id: str, refresh: RefreshToken) -> rpc.Tokens:
        self._on_use(user_id)
        return rpc.Tokens(
            access_token=self._tokens.access(user_id, session_id),
            refresh_token=refresh.text,
            expires_in=self._tokens.access_life_s,
        )
