"""Which access tokens are void before their time. Auth says so in events; what may have been missed is asked for.

Until it is known what was revoked nobody is let in: not at the start, and not after a gap in what we hear.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

from contracts.errors import ServiceError
from contracts.rpc.auth import RevocationPage
from gateway.errors import Refused
from kernel.clock import from_iso
from kernel.logging import log

REMEMBERED_S = 24 * 3600
"""No access token lives longer."""
ASK_AGAIN_S = 0.5
WAIT_S = 1.0
"""A gap is mostly over sooner: then nobody notices."""

FetchPage = Callable[[int], Awaitable[RevocationPage]]
"""Asks auth for what was revoked lately, after a position."""
OnEnd = Callable[[int | None, str | None], None]
"""Told of the user or the session whose tokens have become void."""


class Revocations:
    def __init__(self, fetch: FetchPage, *, clock: Callable[[], float] = time.time) -> None:
        self._fetch = fetch
        self._clock = clock
        self._known = asyncio.Event()
        self._gaps = 0
        self._asking: asyncio.Task[None] | None = None
        self._on_end: list[OnEnd] = []
        # Both in the order in which they are forgotten.
        self._sessions: dict[str, float] = {}
        self._users: dict[int, tuple[float, float]] = {}

    @property
    def known(self) -> bool:
        return self._known.is_set()

    async def wait(self) -> None:
        """Until it is known what was revoked. Errors: SERVICE_UNAVAILABLE when that takes more than a moment."""
        try:
            async with asyncio.timeout(WAIT_S):
                await self._known.wait()
        except TimeoutError:
            raise Refused("SERVICE_UNAVAILABLE") from None

    async def settled(self) -> None:
        """Until it is known, however long that takes."""
        await self._known.wait()

    def is_void(self, user_id: int, session_id: str | None, issued_at: float) -> bool:
        cut = self._users.get(user_id)
        return session_id in self._sessions or (cut is not None and issued_at <= cut[0])

    def on_end(self, callback: OnEnd) -> None:
        """Call back whenever tokens have become void."""
        self._on_end.append(callback)

    def end_session(self, session_id: str) -> None:
        now = self._clock()
        self._sessions.pop(session_id, None)
        self._sessions[session_id] = now + REMEMBERED_S
        while self._sessions[oldest := next(iter(self._sessions))] <= now:
            del self._sessions[oldest]
        self._tell(None, session_id)

    def end_access(self, user_id: int, before: float) -> None:
        """Void is what this user was given up to `before`, in seconds since 1970."""
        now = self._clock()
        known, _ = self._users.pop(user_id, (before, 0.0))
        self._users[user_id] = (max(before, known), now + REMEMBERED_S)
        while self._users[oldest := next(iter(self._users))][1] <= now:
            del self._users[oldest]
        self._tell(user_id, None)

    def missed(self) -> None:
        """Something may have been said that we did not hear: ask. Called again meanwhile, it is asked for again."""
        self._known.clear()
        self._gaps += 1
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._learn(), name="revocations")

    async def close(self) -> None:
        if self._asking:
            self._asking.cancel()
            await asyncio.wait([self._asking])

    def _tell(self, user_id: int | None, session_id: str | None) -> None:
        for callback in self._on_end:
            callback(user_id, session_id)

    async def _learn(self) -> None:
        while not self.known:
            gaps = self._gaps
            try:
                await self._ask()
            except ServiceError as error:
                log.info("what was revoked is not known yet", code=error.code)
                await asyncio.sleep(ASK_AGAIN_S)
            except Exception:  # noqa: BLE001  (logged; nobody is let in until it is known)
                log.exception("what was revoked cannot be read")
                await asyncio.sleep(ASK_AGAIN_S)
            else:
                if gaps == self._gaps:
                    self._known.set()

    async def _ask(self) -> None:
        after: int | None = 0
        while after is not None:
            page = await self._fetch(after)
            for session_id in page.sessions:
                self.end_session(session_id)
            for user_id, before in page.users.items():
                self.end_access(user_id, from_iso(before).timestamp())
            after = page.next
