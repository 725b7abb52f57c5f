"""A load generator small enough not to be what is measured: raw HTTP/1.1 over kept-open connections."""

import asyncio
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import repeat
from time import perf_counter
from typing import cast
from urllib.parse import urlsplit

LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


@dataclass
class Result:
    """Seconds per request, and the statuses that came."""

    rate: float = 0
    seconds: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)


class _Connection(asyncio.Protocol):
    """Sends one request after another until its time is over, or there are no more."""

    def __init__(self, requests: Iterator[bytes], result: Result, ends_at: float) -> None:
        self._requests = requests
        self._result = result
        self._ends_at = ends_at
        self._buffer = b""
        self._sent_at = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's does not derive from it
        self._send()

    def _send(self) -> None:
        request = next(self._requests, None)
        if request is None:
            self._transport.close()
            return
        self._sent_at = perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head_end = self._buffer.find(b"\r\n\r\n")
        if head_end < 0:
            return
        length = LENGTH.search(self._buffer, 0, head_end)
        if len(self._buffer) < head_end + 4 + (int(length[1]) if length else 0):
            return
        now = perf_counter()
        status = int(self._buffer[9:12])
        self._result.seconds.append(now - self._sent_at)
        self._result.statuses[status] = self._result.statuses.get(status, 0) + 1
        self._buffer = b""
        if now < self._ends_at:
            self._send()
        else:
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            if error:
                self.done.set_exception(error)
            else:
                self.done.set_result(None)


async def load(
    url: str, *, clients: int, seconds: float, headers: dict[str, str] | None = None, bodies: Sequence[bytes] = ()
) -> Result:
    """GET `url` from `clients` connections for `seconds`; or POST JSON to it, each connection a body of its own."""
    requests = [request_to(url, headers, bodies[number % len(bodies)] if bodies else b"") for number in range(clients)]
    return await _load(url, map(repeat, requests), seconds)


async def load_each(url: str, requests: Iterable[bytes], *, clients: int, seconds: float) -> Result:
    """Send every one of these requests once, from `clients` connections, for `seconds` or until there are no more."""
    shared = iter(requests)
    return await _load(url, repeat(shared, clients), seconds)


async def _load(url: str, connections: Iterable[Iterator[bytes]], seconds: float) -> Result:
    """`connections`: what each of them sends."""
    parts = urlsplit(url)
    host, port = str(parts.hostname), int(parts.port or 80)
    result = Result()
    began = perf_counter()
    loop = asyncio.get_running_loop()
    opened = [
        (await loop.create_connection(partial(_Connection, requests, result, began + seconds), host, port))[1]
        for requests in connections
    ]
    await asyncio.gather(*[connection.done for connection in opened])
    result.rate = len(result.seconds) / (perf_counter() - began)
    return result


def request_to(url: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> bytes:
    """A GET; with a body a POST, of JSON unless the headers name another Content-Type."""
    parts = urlsplit(url)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    told = {"Content-Type": "application/json", "Content-Length": str(len(body))} if body else {}
    head = [f"{name}: {value}" for name, value in {"Host": parts.netloc, **told, **(headers or {})}.items()]
    return "\r\n".join([f"{'POST' if body else 'GET'} {path} HTTP/1.1", *head, "", ""]).encode() + body
