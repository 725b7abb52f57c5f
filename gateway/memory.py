"""Answers that are the same for everyone, kept until the events of their owner say otherwise."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")
MAX_KEPT = 512
SOON_S = 0.5
MAX_AGE_S = 60.0
"""Some of what is kept changes with time alone (a trend's decay, a link's life), and an event may get lost."""


class Memory(Generic[T]):
    """At most `max_kept` values, the least used goes first. What many ask for at the same time is fetched once.

    `hears` says whether events are being heard; while they are not, nothing is kept.
    """

    def __init__(
        self, hears: Callable[[], bool], *, max_kept: int = MAX_KEPT, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._hears = hears
        self._max_kept = max_kept
        self._clock = clock
        self._kept: OrderedDict[Hashable, tuple[float, T]] = OrderedDict()
        self._flights: dict[Hashable, asyncio.Task[T]] = {}
        self._forget_at = float("inf")
        self._era = 0

    async def get(self, key: Hashable, fetch: Callable[[], Awaitable[T]]) -> T:
        """The value under `key`, from memory or else from `fetch()`, whose errors it passes on."""
        now = self._clock()
        if now >= self._forget_at:
            self.forget()
        kept = self._kept.get(key)
        if kept is not None and kept[0] > now:
            self._kept.move_to_end(key)
            return kept[1]
        flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = asyncio.create_task(self._fetch(key, fetch, self._era))
            flight.add_done_callback(_seen)
        return await asyncio.shield(flight)  # one that leaves must not take the others' answer along

    def forget(self) -> None:
        """Everything has changed, perhaps. Fetches under way may bring what was before: they are not kept either."""
        self._kept.clear()
        self._flights.clear()
        self._forget_at = float("inf")
        self._era += 1

    def forget_soon(self) -> None:
        """Small changes that come often: what is kept now is served for half a second more at most."""
        self._forget_at = min(self._forget_at, self._clock() + SOON_S)

    async def _fetch(self, key: Hashable, fetch: Callable[[], Awaitable[T]], era: int) -> T:
        heard = self._hears()
        try:
            value = await fetch()
        finally:
            if era == self._era:
                del self._flights[key]
        if era == self._era and heard and self._hears():
            self._kept[key] = (self._clock() + MAX_AGE_S, value)
            if len(self._kept) > self._max_kept:
                self._kept.popitem(last=False)
        return value


def _seen(flight: asyncio.Task[T]) -> None:
    """An error that nobody is left to hear of is no error of the loop's."""
    if not flight.cancelled():
        flight.exception()
