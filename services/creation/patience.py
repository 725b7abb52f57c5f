"""Waiting for storage and database while they are away, and for all of several things at once."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TypeVar

from contracts.errors import ServiceError
from kernel.db import LOST
from kernel.logging import log
from kernel.objects import TROUBLE

T = TypeVar("T")
PATIENCE_S = 60.0
"""How long an attempt waits for storage or database to come back before it is given up."""
FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 3.0


class TryLater(Exception):
    """Storage or database stayed away: somebody should take the job up again after a while."""


async def persistently(work: Callable[[], Awaitable[T]], *, patience_s: float = PATIENCE_S) -> T:
    """Do it, again and again while what it needs is away.

    Errors: TryLater when it stays away; whatever else `work` raises, at once.
    """
    end = monotonic() + patience_s
    pause_s = FIRST_PAUSE_S
    while True:
        try:
            return await work()
        except (ServiceError, *LOST, *TROUBLE) as error:
            if not _may_pass(error):
                raise
            if monotonic() + pause_s > end:
                raise TryLater(repr(error)) from error
            log.warning("waiting for storage or database", error=repr(error))
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)


async def together(*works: Awaitable[None]) -> None:
    """Do all of it. Errors: the first of theirs, when none is under way any more."""
    for outcome in await asyncio.gather(*works, return_exceptions=True):
        if outcome is not None:
            raise outcome


def _may_pass(error: Exception) -> bool:
    if isinstance(error, ServiceError):
        return error.code == "SERVICE_UNAVAILABLE"
    # Some servers send this answer as text/xml; then it comes as another exception, with the answer in its words.
    return "NoSuchKey" not in str(error)
