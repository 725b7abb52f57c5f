"""People with a socket, and what they have heard."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import orjson
import socketio
from websockets.asyncio.client import ClientConnection, connect

from contracts.subjects import votes_subject
from tests.integration.gateway.conftest import Running
from tests.integration.gateway.fakes import Fakes

ENGINE = "/socket.io/?EIO=4&transport=websocket"
Heard = tuple[str, Any]


class Phone:
    """python-socketio's own client. `heard` keeps every event, `ended` is set when the connection is lost."""

    def __init__(self, *, reconnects: bool = False) -> None:
        self.client = socketio.AsyncClient(reconnection=reconnects, reconnection_delay=0.1, reconnection_delay_max=0.2)
        self.heard: list[Heard] = []
        self.refusal: Any = None
        self.ended = asyncio.Event()
        self.client.on("*", self._hear)
        self.client.on("connect_error", self._refused)
        self.client.on("disconnect", self._lost)

    async def connect(self, where: Running | str, token: Any) -> None:
        """`token` may be a function that gives the whole `auth`, which is asked at every connection."""
        await self.client.connect(
            where if isinstance(where, str) else f"http://127.0.0.1:{where.port}",
            auth=token if callable(token) else {"token": token},
            transports=["websocket"],
            wait_timeout=5,
        )

    async def join(self, battle_id: int) -> None:
        """Returns when the server has dealt with it; the app itself asks for no acknowledgement."""
        await self.client.call("battle:join", {"battle_id": battle_id}, timeout=5)

    def named(self, name: str) -> list[Any]:
        return [data for event, data in self.heard if event == name]

    async def until(self, right: Callable[[list[Heard]], Any], within_s: float = 5) -> None:
        try:
            async with asyncio.timeout(within_s):
                while not right(self.heard):
                    await asyncio.sleep(0.005)
        except TimeoutError:
            raise AssertionError(f"heard only {self.heard}") from None

    async def until_heard(self, name: str, data: Any, within_s: float = 5) -> None:
        await self.until(lambda heard: (name, data) in heard, within_s)

    def _hear(self, event: str, data: Any = None) -> None:
        self.heard.append((event, data))

    def _refused(self, data: Any) -> None:
        self.refusal = data

    def _lost(self, *_: Any) -> None:
        self.ended.set()


@asynccontextmanager
async def phone(where: Running | str, token: Any, *, reconnects: bool = False) -> AsyncIterator[Phone]:
    one = Phone(reconnects=reconnects)
    try:
        await one.connect(where, token)
        yield one
    finally:
        await one.client.shutdown()


def hello(token: str) -> str:
    """What a client says first."""
    return "40" + orjson.dumps({"token": token}).decode()


@asynccontextmanager
async def wire(port: int, token: str | None = None) -> AsyncIterator[ClientConnection]:
    """A websocket by hand; with a token, already let in."""
    async with connect(f"ws://127.0.0.1:{port}{ENGINE}", compression=None) as socket:
        assert (await socket.recv())[0] == "0"
        if token:
            await socket.send(hello(token))
            assert str(await socket.recv()).startswith("40")
        yield socket


async def vote(fakes: Fakes, battle_id: int, votes_a: int, votes_b: int) -> None:
    """As battle says it."""
    body = orjson.dumps({"battle_id": battle_id, "votes_a": votes_a, "votes_b": votes_b})
    await fakes.bus.connected().publish(votes_subject(battle_id), body)
