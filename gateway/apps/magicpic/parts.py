"""Answers that are put together from what several services know, and given even while one of them is away."""

from collections.abc import Awaitable
from typing import Any, TypeVar

import orjson

from contracts.errors import ServiceError
from gateway.apps.magicpic.following import PASSING
from kernel.caller import AnyRequest, Caller
from kernel.logging import log

T = TypeVar("T")
PART_TIMEOUT_S = 1.0


async def part(caller: Caller, request: AnyRequest) -> Any:
    """What one service knows; None while it is away. Errors: the service's own."""
    reply = await if_there(request.SUBJECT, caller.call(request, timeout_s=PART_TIMEOUT_S))
    return None if reply is None else orjson.loads(reply)


async def if_there(what: str, found: Awaitable[T]) -> T | None:
    """What is awaited; None where that fails because a service is away. Errors: the service's own."""
    try:
        return await found
    except ServiceError as error:
        if error.code not in PASSING:
            raise
        log.warning("a part of an answer is missing", what=what, code=error.code)
        return None
