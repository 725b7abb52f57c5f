"""What surrounds every request. Pure ASGI: nothing is buffered and nothing runs in another task."""

import re

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uuid_utils import uuid7

from kernel.tracing import traced

HEADER = b"x-request-id"
ANSWERS = ("http.response.start", "websocket.http.response.start")
_SANE = re.compile(rb"[A-Za-z0-9\-_.]{1,64}")


class RequestIds:
    """Names every request: the client's own name for it if that is sane, else a new one. It is on every answer, in
    every log line and in every message that the request causes. A socket is one request for as long as it lasts.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        request_id = _client_id(scope) or str(uuid7()).encode()

        async def named(message: Message) -> None:
            if message["type"] in ANSWERS:
                message = {**message, "headers": [*message.get("headers", ()), (HEADER, request_id)]}
            await send(message)

        name = request_id.decode()
        with traced(name, name):
            await self.app(scope, receive, named)


def _client_id(scope: Scope) -> bytes | None:
    for name, value in scope["headers"]:
        if name == HEADER:
            return value if _SANE.fullmatch(value) else None
    return None
