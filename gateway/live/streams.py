"""The same news as server-sent events, for those who cannot open a socket."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack

from fastapi import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from gateway.documentation import Documentation
from gateway.errors import invalid
from gateway.limits import Addresses
from gateway.live.hub import DROPPED, MAX_ROOMS, SLOW, Hub, Listener, battle_id_of
from gateway.live.told import Told, battle_ended, credits_updated, vote_update
from gateway.routing import USER, caller_of, endpoint
from gateway.security import Caller
from gateway.server import cutter

MAX_WAITING = 256
SEND_TIMEOUT_S = 10.0
HEARTBEAT = b": heartbeat\n\n"
HEARTBEAT_S = 15.0
RECONNECT = b"retry: 3000\n\n"
MAX_ID_DIGITS = 15
HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}
EXAMPLE = b"".join(
    told.stream_event for told in (credits_updated(2450), vote_update(7, 12, 9), battle_ended(7, 101))
).decode()
BATTLES = {
    "name": "battle_id",
    "in": "query",
    "description": f"Battles to look on at; repeated for several, at most {MAX_ROOMS}.",
    "schema": {"type": "array", "maxItems": MAX_ROOMS, "items": {"type": "integer", "minimum": 1}},
}


class StreamListener(Listener):
    kind = "stream"

    def __init__(self, caller: Caller, cut: Callable[[], None]) -> None:
        super().__init__(caller)
        self._cut = cut
        self._waiting: deque[bytes] = deque([RECONNECT])
        self._woken = asyncio.Event()
        self._woken.set()
        self._ended = False

    def tell(self, told: Told) -> None:
        if len(self._waiting) >= MAX_WAITING:
            DROPPED.labels(SLOW).inc()
            self._cut()
            self.close()
            return
        self._waiting.append(told.stream_event)
        self._woken.set()

    def close(self) -> None:
        self._ended = True
        self._woken.set()

    async def pieces(self) -> AsyncIterator[bytes]:
        """What there is to send, or now and then a comment, so that nobody on the way takes the stream for dead."""
        while self._waiting or not self._ended:
            try:
                async with asyncio.timeout(HEARTBEAT_S):
                    await self._woken.wait()
            except TimeoutError:
                yield HEARTBEAT
                continue
            self._woken.clear()
            told = b"".join(self._waiting)
            self._waiting.clear()
            if told:
                yield told


class LiveResponse(StreamingResponse):
    """Leaves the hub when it ends, however it ends, and does not wait for who does not read."""

    def __init__(self, listener: StreamListener, leave: ExitStack) -> None:
        super().__init__(listener.pieces(), media_type="text/event-stream", headers=HEADERS)
        self._leave = leave

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_soon(message: Message) -> None:
            try:
                async with asyncio.timeout(SEND_TIMEOUT_S):
                    await send(message)
            except TimeoutError:
                DROPPED.labels(SLOW).inc()
                cutter(scope)()  # the server tells that the client is gone, which ends this

        with self._leave:
            await super().__call__(scope, receive, send_soon)


class Streams:
    def __init__(self, hub: Hub, addresses: Addresses) -> None:
        self._hub = hub
        self._addresses = addresses

    @endpoint(
        "GET",
        "/api/live",
        USER,
        Documentation(
            "Live",
            None,
            EXAMPLE,
            errors=("VALIDATION_ERROR",),
            media_type="text/event-stream",
            extra={"parameters": [BATTLES]},
        ),
    )
    async def live(self, request: Request) -> Response:
        """Hear what happens

        Server-sent events with the names and the JSON of the Socket.IO events: one's own (`credits:updated`,
        `creation:progress`, `creation:liked`, `notification:new`), and those of the battles that are named
        (`battle:vote_update`, `battle:ended`). What happened before is not told, and nothing is told twice: after
        a stream broke, ask for what you show. It ends when the token does, with `session:expired`.
        """
        battles = _battles(request.query_params.getlist("battle_id"))
        with ExitStack() as stack:
            stack.enter_context(self._hub.place(self._addresses.of(request.scope)))
            listener = StreamListener(caller_of(request), cutter(request.scope))
            self._hub.add(listener)
            stack.callback(self._hub.remove, listener)
            for battle_id in battles:
                self._hub.join(listener, battle_id)
            return LiveResponse(listener, stack.pop_all())


def _battles(given: Sequence[str]) -> set[int]:
    """Errors: VALIDATION_ERROR."""
    numbers = [text for text in given if text]
    if not all(text.isascii() and text.isdecimal() and len(text) <= MAX_ID_DIGITS for text in numbers):
        raise invalid({"battle_id": "Must be the number of a battle."})
    if len(set(numbers)) > MAX_ROOMS:
        raise invalid({"battle_id": f"At most {MAX_ROOMS} battles at once."})
    return {battle_id_of({"battle_id": int(text)}) for text in numbers}
