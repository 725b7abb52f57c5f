"""Waiting for what happens elsewhere, bounded."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def until(question: Callable[[], Awaitable[T]], right: Callable[[T], bool], timeout_s: float = 30) -> T:
    """Asks until the answer is right, and returns it; fails with the last answer."""
    answer = await question()
    try:
        async with asyncio.timeout(timeout_s):
            while not right(answer):
                await asyncio.sleep(0.02)
                answer = await question()
    except TimeoutError:
        raise AssertionError(f"still {answer!r} after {timeout_s} s") from None
    return answer
