"""Socket.IO for the app: who connects says who it is (`auth.token`), and may join the rooms of battles.

python-socketio speaks the protocol. What reaches it has passed a `Wire`, which is why it can be trusted with it. Events
go past its own way of sending, which makes a task for every recipient and waits for none.
"""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

import socketio
from fastapi import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from contracts.errors import ServiceError
from gateway.errors import Refused, error_response
from gateway.limits import Addresses, Limits
from gateway.live.hub import REFUSED, Hub, Listener, battle_id_of
from gateway.live.told import fault
from gateway.live.wire import Wire
from gateway.routing import ANYONE, SERVER_FAULT, endpoint
from gateway.security import MAX_TOKEN_CHARACTERS, Tokens
from gateway.server import MAX_MESSAGE_BYTES, cutter
from kernel.logging import log

PATH = "/socket.io/"
ONLY_WEBSOCKETS = "Please connect with transports: ['websocket'], or use GET /api/live."
RATE = "socket"
ENGINE_VERSION = b"EIO=4"
SIGN_IN_S, GOODBYE_S = 10.0, 10.0
PING_S, PONG_S = 25, 20
ENGINE_QUERY = b"EIO=4&transport=websocket"
ENGINE_HEADERS = [(b"connection", b"Upgrade"), (b"upgrade", b"websocket")]
_quiet = logging.getLogger("gateway.live.engine")  # it would log every bad frame with its stack
_quiet.setLevel(logging.CRITICAL)


class Sockets:
    """All websockets of the application: at `/socket.io/`, and nowhere else."""

    def __init__(self, hub: Hub, tokens: Tokens, limits: Limits, addresses: Addresses) -> None:
        self._hub = hub
        self._tokens = tokens
        self._limits = limits
        self._addresses = addresses
        self._server = socketio.AsyncServer(
            async_mode="asgi",
            transports=["websocket"],
            namespaces=["/"],
            cors_allowed_origins=[],  # not looked at: a page must know the token, which no browser sends by itself
            async_handlers=False,  # one after another: who sends faster than we act waits
            monitor_clients=False,  # the wire sees whoever does not answer a ping
            ping_interval=PING_S,
            ping_timeout=PONG_S,
            max_http_buffer_size=MAX_MESSAGE_BYTES,
            logger=_quiet,
            engineio_logger=_quiet,
        )
        self._server.on("connect", self._connect)
        self._server.on("*", self._said)

    def beside(self, app: ASGIApp) -> ASGIApp:
        """The application that answers everything else, with the sockets."""

        async def both(scope: Scope, receive: Receive, send: Send) -> None:
            await (self._accept if scope["type"] == "websocket" else app)(scope, receive, send)

        return both

    async def _accept(self, scope: Scope, receive: Receive, send: Send) -> None:
        with ExitStack() as stack:
            try:
                _check(scope)
                address = self._addresses.of(scope)
                await self._limits.count(RATE, address)
                stack.enter_context(self._hub.place(address))
            except Refused as error:
                REFUSED.labels(error.code).inc()
                await receive()
                await error_response(error)(scope, receive, send)
                return
            await self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """However it ends, it is no longer told anything."""
        cut = cutter(scope)
        wire = Wire(receive, send, cut)
        # Of all that was asked for the engine sees what does not change, and keeps it as long as the connection lasts.
        shown = {
            "type": "websocket",
            "path": PATH,
            "query_string": ENGINE_QUERY,
            "headers": ENGINE_HEADERS,
            "wire": wire,
        }
        loop = asyncio.get_running_loop()
        deadline = loop.call_later(SIGN_IN_S, wire.abort_if_unknown)
        try:
            await wire.accept()
            await self._server.handle_request(shown, wire.receive, wire.send)
        except OSError:
            pass  # it is gone
        except Exception:  # noqa: BLE001  (logged; the others' sockets go on)
            log.exception("a socket crashed")
        finally:
            deadline.cancel()
            loop.call_later(GOODBYE_S, cut)  # a client that is not there any more would not say goodbye either
            if wire.listener:
                self._hub.remove(wire.listener)

    async def _connect(self, sid: str, *arguments: Any) -> None:
        wire = self._wire_of(sid)
        if wire.listener:
            return  # an event that a client has named `connect`
        try:
            auth = arguments[1] if len(arguments) > 1 else None
            caller = await self._tokens.caller(_authorization(auth))
            listener = wire.listen(caller, self._server.eio.sockets[self._engine_id(sid)].queue)
            try:
                self._hub.add(listener)
            except Refused:
                wire.listener = None
                raise
        except ServiceError as error:
            if error.status >= SERVER_FAULT:
                wire.abort()  # clients try again by themselves, which they do not after an answer
            raise _connect_error(error) from None
        except Exception:  # noqa: BLE001  (logged, and answered as every error is)
            log.exception("a socket cannot be let in")
            raise _connect_error(Refused("SERVER_ERROR")) from None

    async def _said(self, event: str, sid: str, *arguments: Any) -> None:
        listener = self._wire_of(sid).listener
        if listener is None:
            return
        try:
            self._act(listener, event, arguments[0] if arguments else None)
        except Refused as error:
            listener.tell(fault(error.code, _in_words(error)))

    def _act(self, listener: Listener, event: str, what: Any) -> None:
        """Errors: VALIDATION_ERROR."""
        match event:
            case "battle:join":
                self._hub.join(listener, battle_id_of(what))
            case "battle:leave":
                self._hub.leave(listener, battle_id_of(what))
            case _:
                raise Refused("VALIDATION_ERROR", "There is no such event.")

    def _wire_of(self, sid: str) -> Wire:
        wire: Wire = self._server.environ[self._engine_id(sid)]["asgi.scope"]["wire"]
        return wire

    def _engine_id(self, sid: str) -> str:
        found: str = self._server.manager.eio_sid_from_sid(sid, "/")
        return found


class NoPolling:
    """Engine.IO's other way would need every request of a client to reach the same gateway."""

    @endpoint("GET", PATH, ANYONE)
    async def poll(self, _: Request) -> Response:
        raise Refused("VALIDATION_ERROR", ONLY_WEBSOCKETS)

    @endpoint("POST", PATH, ANYONE)
    async def post(self, _: Request) -> Response:
        raise Refused("VALIDATION_ERROR", ONLY_WEBSOCKETS)


def _check(scope: Scope) -> None:
    """Errors: NOT_FOUND, VALIDATION_ERROR for another version of the protocol."""
    if scope["path"].rstrip("/") + "/" != PATH:
        raise Refused("NOT_FOUND")
    if ENGINE_VERSION not in scope["query_string"].split(b"&"):
        raise Refused("VALIDATION_ERROR", "Please use Socket.IO 3 or newer (Engine.IO 4).")


def _authorization(auth: Any) -> bytes:
    """What an HTTP request would carry. Errors: INVALID_TOKEN."""
    token = auth.get("token") if isinstance(auth, dict) else None
    if not isinstance(token, str) or not token.isascii() or len(token) > MAX_TOKEN_CHARACTERS:
        raise Refused("INVALID_TOKEN")
    return b"Bearer " + token.removeprefix("Bearer ").encode()


def _connect_error(error: ServiceError) -> Exception:
    """Clients find the code and the message in its `data`."""
    REFUSED.labels(error.code).inc()
    told = {"code": error.code, "message": error.message}
    refused: Exception = socketio.exceptions.ConnectionRefusedError(error.message, told)
    return refused


def _in_words(error: Refused) -> str:
    details: Mapping[str, Any] = error.details or {}
    return " ".join([error.message, *(f"{name}: {text}" for name, text in details.items())])
