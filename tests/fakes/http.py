"""A small HTTP server for stand-ins of providers: it answers as it is told, late, wrongly or not at all."""

import asyncio
import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlsplit

HTML = b"<html><body><h1>502 Bad Gateway</h1></body></html>"


@dataclass(frozen=True)
class Asked:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path


@dataclass(frozen=True)
class Told:
    body: Any
    status: int = 200
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def bytes(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass
class FakeHttp:
    """`faults` are used up one for each request: `html` (a proxy's 502), `hang`, `cut` (no answer), `lost` (it is done,
    and the answer is lost), `denied` (it is done, and the answer is a refusal), a number (that status, with JSON), or
    bytes (a 200 with that body).
    """

    faults: deque[str | int | bytes] = field(default_factory=deque)
    asked: list[Asked] = field(default_factory=list)
    delay_s: float = 0
    spoil_refund: str | int | bytes | None = None
    """A fault for the next refund alone."""

    def answer(self, asked: Asked) -> Told:
        raise NotImplementedError

    def error(self, status: int) -> Any:
        """The provider's JSON of an error."""
        return {"error": {"code": status}}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._stopped = asyncio.Event()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stopped.set()
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            asked = await _read(reader)
            self.asked.append(asked)
            if told := await self._told(asked):
                more = "".join(f"{name}: {value}\r\n" for name, value in told.headers.items())
                head = (
                    f"HTTP/1.1 {told.status} Told\r\nContent-Length: {len(told.bytes)}\r\n"
                    f"Content-Type: {told.content_type}\r\n{more}Connection: close\r\n\r\n"
                )
                writer.write(head.encode() + told.bytes)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client went away
        finally:
            writer.close()

    async def _told(self, asked: Asked) -> Told | None:
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        fault = self.faults.popleft() if self.faults else None
        if self.spoil_refund and asked.method == "POST" and "refund" in asked.path:
            fault, self.spoil_refund = self.spoil_refund, None
        match fault:
            case None:
                return self.answer(asked)
            case "html":
                return Told(HTML, 502, "text/html")
            case "hang":
                await self._stopped.wait()
            case "lost":
                self.answer(asked)
            case "denied":
                self.answer(asked)
                return Told(self.error(400), 400)
            case int():
                return Told(self.error(fault), fault)
            case bytes():
                return Told(fault)
        return None


async def _read(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.strip().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Asked(method, target, headers, body)
