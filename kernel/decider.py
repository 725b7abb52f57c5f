"""What a service's domain offers to the kernel: an initial state, decide, evolve. Pure; time is an argument."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec

C = TypeVar("C")
S = TypeVar("S")
E = TypeVar("E")


@dataclass(frozen=True, slots=True)
class Decider(Generic[C, S, E]):
    """One kind of aggregate.

    `category` begins the ids of its streams (`wallet-42`). `initial` is the state before the first event. `decide`
    raises a `ServiceError` to refuse and returns `[]` for what has already happened. `events` are all its event types.
    States and events are frozen dataclasses or `Value`s: they are kept as JSON.
    """

    category: str
    initial: S
    decide: Callable[[C, S, datetime], list[E]]
    evolve: Callable[[S, E], S]
    events: tuple[type[E], ...]

    def stream(self, key: int | str) -> str:
        return f"{self.category}-{key}"


class Codec:
    """The JSON of a service's events and states. An event type is stored under its class's name."""

    def __init__(self, *deciders: Decider[Any, Any, Any]) -> None:
        self._events = {event.__name__: msgspec.json.Decoder(event) for decider in deciders for event in decider.events}
        self._states = {decider.category: msgspec.json.Decoder(type(decider.initial)) for decider in deciders}
        self.deciders = {decider.category: decider for decider in deciders}

    def event(self, type_name: str, data: str | bytes) -> Any:
        return self._events[type_name].decode(data)

    def state(self, decider: Decider[Any, S, Any], data: str | bytes) -> S:
        state: S = self._states[decider.category].decode(data)
        return state

    def decider_of(self, stream_id: str) -> Decider[Any, Any, Any]:
        return self.deciders[stream_id.rpartition("-")[0]]

    @staticmethod
    def encode(value: Any) -> str:
        return msgspec.json.encode(value).decode()
