"""Reading what a client sends: never more than a limit, never longer than a while."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from gateway.errors import Refused, invalid_fields

MAX_JSON_BYTES = 64 * 1024
MAX_DRAINED_BYTES = 64 * 1024 * 1024
MAX_DRAIN_S = 20
CLOSE = {"connection": "close"}

M = TypeVar("M", bound=BaseModel)


async def read_json(request: Request, model: type[M], *, timeout_s: float) -> M:
    """The body as its model. Errors: VALIDATION_ERROR, BODY_TOO_LARGE, REQUEST_TIMEOUT."""
    body = bytearray()
    try:
        async with asyncio.timeout(timeout_s):
            async for chunk in bounded(request, MAX_JSON_BYTES, Refused("BODY_TOO_LARGE", headers=CLOSE)):
                body += chunk
    except TimeoutError:
        raise Refused("REQUEST_TIMEOUT", headers=CLOSE) from None
    try:
        return model.model_validate_json(bytes(body))
    except ValidationError as error:
        if error.errors()[0]["type"] == "json_invalid":
            raise Refused("VALIDATION_ERROR", "The body is not valid JSON.") from None
        raise invalid_fields(error) from None


async def bounded(request: Request, limit_bytes: int, too_large: Refused) -> AsyncGenerator[bytes, None]:
    """The body in pieces. One that is larger is refused, but only after the rest of it has come (as far as that is
    reasonable): a client that is still sending when the connection closes sees a reset instead of the answer.
    """
    pieces = request.stream()
    if _declared_bytes(request) > limit_bytes:
        if request.headers.get("expect", "").lower() != "100-continue":  # else it waits for our word before it sends
            await _drain(pieces)
        raise too_large
    received = 0
    async for piece in pieces:
        received += len(piece)
        if received > limit_bytes:
            await _drain(pieces)
            raise too_large
        yield piece


def _declared_bytes(request: Request) -> int:
    length = request.headers.get("content-length", "")
    return int(length) if length.isdecimal() else 0


async def _drain(pieces: AsyncGenerator[bytes, None]) -> None:
    drained = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(MAX_DRAIN_S):
            async for piece in pieces:
                drained += len(piece)
                if drained > MAX_DRAINED_BYTES:
                    return
