"""Not more often than people can look."""

import asyncio
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Pace(Generic[K, V]):
    """Passes values on: of each key the first at once, then one every `every_s` at most, and always the last.

    A key is remembered for as long as it is quiet for less than `every_s`.
    """

    def __init__(self, pass_on: Callable[[K, V], None], every_s: float) -> None:
        self._pass_on = pass_on
        self._every_s = every_s
        self._waiting: dict[K, list[V]] = {}

    def offer(self, key: K, value: V) -> None:
        if key in self._waiting:
            self._waiting[key] = [value]
            return
        self._wait(key)
        self._pass_on(key, value)

    def flush(self, key: K) -> None:
        """What waits under this key is passed on now."""
        if waiting := self._waiting.get(key):
            self._waiting[key] = []
            self._pass_on(key, waiting[0])

    def _wait(self, key: K) -> None:
        self._waiting[key] = []
        asyncio.get_running_loop().call_later(self._every_s, self._due, key)

    def _due(self, key: K) -> None:
        if waiting := self._waiting.pop(key):
            self._wait(key)
            self._pass_on(key, waiting[0])
