"""A load generator small enough not to be what is measured: raw HTTP/1.1 over kept-open connections."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
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
    """Sends the same request again and again until `stop` is set."""

    def __init__(self, request: bytes, result: Result, ends_at: float) -> None:
        self._request = request
        self._result = result
        self._ends_at = ends_at
        self._buffer = b""
        self._sent_at = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's does not derive from it
        self._send()

    def _send(self) -> None:
        self._sent_at = perf_counter()
        self._transport.write(self._request)

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
    parts = urlsplit(url)
    host, port = str(parts.hostname), int(parts.port or 80)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    head = [f"Host: {parts.netloc}", *(f"{name}: {value}" for name, value in (headers or {}).items())]
    requests = [_request("GET", path, head)] * clients
    if bodies:
        requests = [_request("POST", path, head, bodies[number % len(bodies)]) for number in range(clients)]
    result = Result()
    began = perf_counter()
    loop = asyncio.get_running_loop()

    connections = [
        (await loop.create_connection(partial(_Connection, request, result, began + seconds), host, port))[1]
        for request in requests
    ]
    await asyncio.gather(*[connection.done for connection in connections])
    result.rate = len(result.seconds) / (perf_counter() - began)
    return result


def _request(method: str, path: str, head: list[str], body: bytes = b"") -> bytes:
    told = ["Content-Type: application/json", f"Content-Length: {len(body)}"] if body else []
    return "\r\n".join([f"{method} {path} HTTP/1.1", *head, *told, "", ""]).encode() + body
