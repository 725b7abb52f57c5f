"""The HTTP and websocket server in front of the application."""

import asyncio
import logging
import resource
from collections.abc import Callable
from math import ceil
from typing import Any

import uvicorn
from fastapi import FastAPI
from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

from gateway.settings import GatewaySettings

KEEP_ALIVE_S = 75
BACKLOG = 2048
MAX_MESSAGE_BYTES = 8192
"""What a client has to say over a websocket is a token or a number."""
ABORT = "magicpic.abort"
_quiet = logging.getLogger("gateway.websockets")
_quiet.setLevel(logging.WARNING)


class JoinedWrites:
    """A transport that sends a response's head and body by one call of the system: each wakes whoever reads.

    What is written first waits for what comes next, but no longer than the loop's turn.
    """

    __slots__ = ("_loop", "_transport", "_waiting")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._waiting = b""

    def write(self, data: bytes) -> None:
        if self._waiting:
            waiting, self._waiting = self._waiting, b""
            self._transport.writelines([waiting, data])
        elif data:
            self._waiting = data
            self._loop.call_soon(self._send)

    def close(self) -> None:
        self._send()
        self._transport.close()

    def _send(self) -> None:
        waiting, self._waiting = self._waiting, b""
        if waiting and not self._transport.is_closing():  # the client may have gone meanwhile
            self._transport.write(waiting)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class Http(HttpToolsProtocol):
    """Its requests can be cut off: see `cutter`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(JoinedWrites(transport))  # type: ignore[arg-type]

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {ABORT: {"call": self.transport.abort}}


class WebSocket(WebSocketsSansIOProtocol):
    """Can be cut off, and does not log who connects from where."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.logger = _quiet

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if not self.close_sent:  # else it was no handshake, and there is no scope
            self.scope["extensions"][ABORT] = {"call": self.transport.abort}


def cutter(scope: Scope) -> Callable[[], None]:
    """Cuts the connection, without waiting for a client that does not read what was sent before."""
    cut: Callable[[], None] = scope["extensions"][ABORT]["call"]
    return cut


def raise_file_limit() -> None:
    """A connection is an open file, and by default a process may have few: as many as are allowed, then."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def http_server(app: FastAPI, settings: GatewaySettings) -> uvicorn.Server:
    """Forwarding headers are read by us (`limits.py`), so uvicorn must leave the client's address alone.

    Websockets are neither compressed (zlib would keep 40 KB for each) nor pinged: Engine.IO has pings of its own.
    """
    config = uvicorn.Config(
        app,
        host=settings.gateway_host,
        port=settings.gateway_port,
        http=Http,
        ws=WebSocket,
        ws_max_size=MAX_MESSAGE_BYTES,
        ws_per_message_deflate=False,
        ws_ping_interval=None,
        backlog=BACKLOG,
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_config=None,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=ceil(settings.drain_timeout_s),
    )
    return uvicorn.Server(config)
