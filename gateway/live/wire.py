"""One websocket between its client and the Socket.IO engine: nothing odd comes in, and nothing piles up."""

import asyncio
import re
from collections.abc import Callable

from engineio import packet as engine
from starlette.types import Message, Receive, Send

from gateway.live.hub import DROPPED, SLOW, Listener
from gateway.live.told import Told
from gateway.security import Caller

MESSAGES_PER_S, BURST = 20.0, 40.0
MAX_WAITING = 256
"""Packets that the engine holds for a client."""
SEND_TIMEOUT_S = 10.0
FRAME = re.compile(r"3|40\{.*|40|42\d{0,9}\[.*", re.DOTALL)
"""An Engine.IO pong; Socket.IO's CONNECT and EVENT in the main namespace. We never ask for an acknowledgement."""
GOODBYE = re.compile(r"1|41,?")
NORMAL, UNSUPPORTED = 1000, 1003
GONE: Message = {"type": "websocket.disconnect", "code": NORMAL}

Queue = asyncio.Queue[engine.Packet | None]


class SocketListener(Listener):
    """Sends through the engine's queue, which has no bound of its own."""

    kind = "socket"

    def __init__(self, caller: Caller, queue: Queue, cut: Callable[[], None]) -> None:
        super().__init__(caller)
        self._queue = queue
        self._cut = cut

    def tell(self, told: Told) -> None:
        if self._queue.qsize() >= MAX_WAITING:
            self._cut()
        else:
            self._queue.put_nowait(told.packet)

    def close(self) -> None:
        """Without Socket.IO's own goodbye, after which clients would not come back by themselves."""
        self._queue.put_nowait(None)  # the engine's word for: send what there is, and close


class Wire:
    def __init__(self, receive: Receive, send: Send, abort: Callable[[], None]) -> None:
        self._receive = receive
        self._send = send
        self._abort = abort
        self._aborted = False
        self._accepted = False
        self._credit, self._counted_at = BURST, asyncio.get_running_loop().time()
        self._close_code = NORMAL
        self.listener: SocketListener | None = None

    async def accept(self) -> None:
        """Errors: OSError when the client has gone already: before the engine begins, which would not clean up."""
        await self._receive()
        await self._send({"type": "websocket.accept"})

    def listen(self, caller: Caller, queue: Queue) -> SocketListener:
        self.listener = SocketListener(caller, queue, self._too_slow)
        return self.listener

    async def receive(self) -> Message:
        """The next message that the engine can make something of. Whoever sends too fast waits."""
        if not self._accepted:
            self._accepted = True
            return {"type": "websocket.connect"}
        await self._pace()
        message = await self._receive()
        if message["type"] != "websocket.receive":
            return message
        text = message.get("text") or ""
        if GOODBYE.fullmatch(text):
            return GONE
        connects_again = text.startswith("40") and self.listener is not None
        if not FRAME.fullmatch(text) or connects_again:
            self._close_code = UNSUPPORTED
            return GONE
        return message

    async def send(self, message: Message) -> None:
        """Errors: ConnectionError once the client has not read for ten seconds."""
        if message["type"] == "websocket.accept":
            return
        if message["type"] == "websocket.close":
            message = {**message, "code": self._close_code}
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await self._send(message)
        except TimeoutError:
            self._too_slow()
            raise ConnectionError from None

    def abort_if_unknown(self) -> None:
        """Nobody stays who does not say who it is."""
        if self.listener is None:
            self.abort()

    def abort(self) -> None:
        if not self._aborted:
            self._aborted = True
            self._abort()

    def _too_slow(self) -> None:
        if not self._aborted:
            DROPPED.labels(SLOW).inc()
            self.abort()

    async def _pace(self) -> None:
        now = asyncio.get_running_loop().time()
        self._credit = min(BURST, self._credit + (now - self._counted_at) * MESSAGES_PER_S)
        self._counted_at = now
        if self._credit < 1:
            await asyncio.sleep((1 - self._credit) / MESSAGES_PER_S)
        self._credit -= 1
