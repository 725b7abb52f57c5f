"""`python -m tests.bench.crowd PORT NATS_URL ROOM ROUNDS TOKENS`: people with sockets, spoken by hand.

Each line of the file TOKENS is a person; the first ROOM of them look on at battle 7. When all are connected a line with
`{"connected", "seconds"}` is printed; for the line that is read then, ROUNDS votes are said one after another, and
`{"latencies": […]}` printed: the seconds from the vote until each of the room had it. Another line read ends it.
"""

import asyncio
import json
import sys
from pathlib import Path
from time import perf_counter
from typing import cast

import nats
import uvloop

from contracts.subjects import votes_subject
from gateway.server import raise_file_limit

BATTLE = 7
AT_ONCE = 100
HANDSHAKE = (
    b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
NO_MASK = bytes(4)
LONGER = 126
"""In the place of a frame's size: it stands in the two bytes after this."""
PAUSE_S = 0.4


class Person(asyncio.Protocol):
    """Connects, joins if it is to, answers pings, and notes when the votes come."""

    def __init__(self, token: str, heard: list[float], *, joins: bool) -> None:
        self._token = token
        self._heard = heard
        self._joins = joins
        self._buffer = b""
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's does not derive from it
        self._transport.write(HANDSHAKE)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ready.done():
            self.ready.set_exception(ConnectionError(f"{exc}"))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._buffer.startswith(b"HTTP/1.1"):
            head, end, rest = self._buffer.partition(b"\r\n\r\n")
            if not end:
                return
            assert b" 101 " in head, head
            self._buffer = rest
        while (frame := self._frame()) is not None:
            self._act(frame)

    def _frame(self) -> bytes | None:
        """The next one that is there as a whole. None of ours is longer than 64 KB."""
        begin, size = 2, self._buffer[1] if len(self._buffer) > 1 else LONGER
        if size == LONGER:
            begin, size = 4, int.from_bytes(self._buffer[2:4], "big")
        if len(self._buffer) < begin + size:
            return None
        frame, self._buffer = self._buffer[begin : begin + size], self._buffer[begin + size :]
        return frame

    def _act(self, frame: bytes) -> None:
        if frame.startswith(b"42"):
            self._heard.append(perf_counter())
        elif frame.startswith(b"0"):
            self._say(b'40{"token":"%s"}' % self._token.encode())
        elif frame.startswith(b"40"):
            if self._joins:
                self._say(b'420["battle:join",{"battle_id":%d}]' % BATTLE)
            else:
                self.ready.set_result(None)
        elif frame.startswith(b"430"):
            self.ready.set_result(None)
        elif frame == b"2":
            self._say(b"3")
        else:
            raise AssertionError(frame)

    def _say(self, text: bytes) -> None:
        """A client's frames are masked; nobody says with what."""
        size = bytes([0x80 | len(text)]) if len(text) < LONGER else bytes([0xFE]) + len(text).to_bytes(2, "big")
        self._transport.write(b"\x81" + size + NO_MASK + text)


async def main(port: int, nats_url: str, room: int, rounds: int, tokens: list[str]) -> None:
    raise_file_limit()
    loop, heard = asyncio.get_running_loop(), list[float]()
    turns = asyncio.Semaphore(AT_ONCE)
    people = []

    async def connect(number: int, token: str) -> None:
        async with turns:
            _, person = await loop.create_connection(
                lambda: Person(token, heard, joins=number < room), "127.0.0.1", port
            )
            people.append(person)
            await person.ready

    began = perf_counter()
    await asyncio.gather(*(connect(number, token) for number, token in enumerate(tokens)))
    print(json.dumps({"connected": len(people), "seconds": perf_counter() - began}), flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    print(json.dumps({"latencies": await say_votes(nats_url, heard, room, rounds)}), flush=True)
    await asyncio.to_thread(sys.stdin.readline)


async def say_votes(nats_url: str, heard: list[float], room: int, rounds: int) -> list[float]:
    broker = await nats.connect(nats_url)
    found: list[float] = []
    for number in range(rounds):
        heard.clear()
        said_at = perf_counter()
        vote = {"battle_id": BATTLE, "votes_a": number, "votes_b": 0}
        await broker.publish(votes_subject(BATTLE), json.dumps(vote).encode())
        async with asyncio.timeout(30):
            while len(heard) < room:
                await asyncio.sleep(0.005)
        found += [came_at - said_at for came_at in heard]
        await asyncio.sleep(PAUSE_S)
    await broker.close()
    return found


if __name__ == "__main__":
    arguments = sys.argv[1:]
    words = Path(arguments[4]).read_text(encoding="utf-8").split()
    uvloop.run(main(int(arguments[0]), arguments[1], int(arguments[2]), int(arguments[3]), words))
