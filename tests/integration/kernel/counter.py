"""A tiny aggregate for the kernel's own tests. It counts, up to a limit."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

import asyncpg

from contracts.envelope import Event as Published
from contracts.errors import ServiceError
from kernel.decider import Codec, Decider
from kernel.store import Recorded


@dataclass(frozen=True, slots=True)
class Counter:
    value: int = 0


@dataclass(frozen=True, slots=True)
class Add:
    amount: int
    limit: int = 1_000_000


@dataclass(frozen=True, slots=True)
class Added:
    amount: int
    value: int


def decide(command: Add, counter: Counter, _: datetime) -> list[Added]:
    if counter.value + command.amount > command.limit:
        raise ServiceError("VALIDATION_ERROR", "That is too much.")
    return [Added(command.amount, counter.value + command.amount)]


def evolve(counter: Counter, event: Added) -> Counter:
    return replace(counter, value=event.value)


COUNTER: Decider[Add, Counter, Added] = Decider("counter", Counter(), decide, evolve, (Added,))
CODEC = Codec(COUNTER)


class NumberAdded(Published):
    TYPE: ClassVar[str] = "notify.number_added"
    stream: str
    amount: int
    value: int


def publish(record: Recorded) -> Published | None:
    return NumberAdded(stream=record.stream_id, amount=record.event.amount, value=record.event.value)


async def no_projection(_: asyncpg.Connection, __: Sequence[Recorded]) -> None:
    """Nothing to write."""


def value_of(state: Counter, _: Sequence[Added]) -> int:
    return state.value
