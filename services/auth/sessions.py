"""Sessions: each sign-in begins one of its own, and refreshing goes on with it."""

import asyncio

from uuid_utils.compat import uuid7

from contracts.errors import ServiceError
from contracts.rpc import auth as rpc
from kernel.commands import CommandBus
from kernel.db import Database
from services.auth.domain import SESSION, EndSession, Session, StartSession, TokenReused, UseToken
from services.auth.tokens import RefreshToken, Tokens

PAUSES_S = (0.2, 0.4, 0.8, 1.2)

STARTED = "SELECT data->>'session_id' FROM events WHERE type = 'SessionStarted' AND (data->>'user_id')::bigint = $1"


class Sessions:
    """`grace_s`: how long a superseded refresh token is still accepted, in seconds."""

    def __init__(self, database: Database, commands: CommandBus, tokens: Tokens, *, grace_s: float) -> None:
        self._database = database
        self._commands = commands
        self._tokens = tokens
        self._grace_s = grace_s

    async def start(self, user_id: int) -> rpc.Tokens:
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
        """End every session of the user but `keep`; how many there were to end."""
        async with self._database.write() as connection:
            found = [row[0] for row in await connection.fetch(STARTED, user_id)]
        ended = 0
        for session_id in found:
            if session_id != keep:
                command = EndSession(session_id, reason)
                outcome = await self._commands.execute(
                    SESSION, session_id, command, answer=lambda _, events: len(events)
                )
                ended += outcome.answer
        return ended

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
        return rpc.Tokens(
            access_token=self._tokens.access(user_id, session_id),
            refresh_token=refresh.text,
            expires_in=self._tokens.access_life_s,
        )
