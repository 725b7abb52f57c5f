"""One transaction of the command bus: load and lock the streams, decide each command, write everything at once."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import asyncpg
import msgspec
from asyncpg.pgproto.pgproto import UUID
from uuid_utils import uuid7

from contracts.errors import ServiceError
from kernel import store
from kernel.clock import Clock
from kernel.db import json_column
from kernel.decider import Codec, Decider
from kernel.logging import log

Project = Callable[[asyncpg.Connection, Sequence[store.Recorded]], Awaitable[None]]
Deadlines = Callable[[Sequence[store.Recorded]], dict[str, datetime | None]]
Answer = Callable[[Any, Sequence[Any]], Any]
Rows = Callable[[Sequence[store.Recorded]], list[str]]


class Outcome(msgspec.Struct, frozen=True):
    """What came of a command. `replayed`: its key had been used before, and `answer` is the first one, again."""

    answer: Any
    replayed: bool = False


class Told(Protocol):
    """Whoever waits for the outcome: a future, or what looks like one."""

    def done(self) -> bool: ...
    def set_result(self, outcome: Outcome, /) -> None: ...
    def set_exception(self, error: Exception, /) -> None: ...


class Waiting(msgspec.Struct):
    """A command that someone waits for."""

    decider: Decider[Any, Any, Any]
    stream_id: str
    command: Any
    key: str | None
    fingerprint: str
    private: Any
    answer: Answer | None
    correlation_id: str
    causation_id: str
    future: Told


class _Stream(msgspec.Struct):
    decider: Decider[Any, Any, Any]
    version: int
    state: Any
    touched: bool = False


class States:
    """The last states of the streams that were touched lately: while nobody else changes them they need not be read."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._states: OrderedDict[str, tuple[int, Any]] = OrderedDict()

    def last(self, stream_id: str) -> tuple[int, Any]:
        """Its version then, and its state; 0 where neither is known."""
        return self._states.get(stream_id, (0, None))

    def keep(self, stream_id: str, version: int, state: Any) -> None:
        self._states[stream_id] = (version, state)
        self._states.move_to_end(stream_id)
        if len(self._states) > self._limit:
            self._states.popitem(last=False)

    def forget(self) -> None:
        self._states.clear()


@dataclass(slots=True)
class Turn:
    """What one transaction writes, and what each command is told after it."""

    codec: Codec
    connection: asyncpg.Connection
    clock: Clock
    states: States
    now: datetime = field(init=False)
    streams: dict[str, _Stream] = field(default_factory=dict)
    keys: dict[str, tuple[str, Any]] = field(default_factory=dict)
    new_keys: dict[str, tuple[str, Any]] = field(default_factory=dict)
    recorded: list[store.Recorded] = field(default_factory=list)

    async def load(self, batch: Sequence[Waiting], *, lock: bool) -> None:
        """Every stream that the batch touches, locked in sorted order or not, and the keys that were used before."""
        deciders = {waiting.stream_id: waiting.decider for waiting in batch}
        # Taken before the question: while that is under way another lane may have them forgotten.
        remembered = {stream_id: self.states.last(stream_id) for stream_id in deciders}
        known = [version for version, _ in remembered.values()]
        keys = [waiting.key for waiting in batch if waiting.key]
        load = store.LOCK_AND_LOAD if lock else store.LOAD
        rows = await self.connection.fetch(load, json_column(deciders), json_column(known), json_column(keys))
        self.now = self.clock()  # not before: the times of a stream's events are in the order of its versions
        for name, version, fingerprint, body in rows:
            if version is None:
                self.keys[name] = (fingerprint, msgspec.json.decode(body))
                continue
            decider = deciders.pop(name)
            state = remembered[name][1] if body is None else self.codec.state(decider, body)
            self.streams[name] = _Stream(decider, version, state)
        for stream_id, decider in deciders.items():
            self.streams[stream_id] = _Stream(decider, 0, decider.initial)

    def decide(self, waiting: Waiting) -> Outcome | Exception:
        """One command, on the state that the one before it left. A refusal changes nothing."""
        if waiting.key and (seen := self.keys.get(waiting.key)):
            if seen[0] != waiting.fingerprint:
                return ServiceError("IDEMPOTENCY_CONFLICT", "This key was used before with other input.")
            return Outcome(seen[1], replayed=True)
        stream = self.streams[waiting.stream_id]
        decider, state = waiting.decider, stream.state
        try:
            events = decider.decide(waiting.command, state, self.now)
            for event in events:
                state = decider.evolve(state, event)
            answer = waiting.answer(state, events) if waiting.answer else None
        except Exception as error:  # noqa: BLE001  (logged; it refuses this command alone)
            if not isinstance(error, ServiceError):
                log.exception("a decision crashed", command=type(waiting.command).__name__)
            return error
        if events:
            self._record(waiting, stream, events)
            stream.state, stream.touched = state, True
        if waiting.key:
            self.keys[waiting.key] = self.new_keys[waiting.key] = (waiting.fingerprint, answer)
        return Outcome(answer)

    def _record(self, waiting: Waiting, stream: _Stream, events: Sequence[Any]) -> None:
        trace = (waiting.correlation_id, waiting.causation_id)
        for version, event in enumerate(events, stream.version + 1):
            event_id = UUID(uuid7().bytes)
            self.recorded.append(
                store.Recorded(0, waiting.stream_id, version, event_id, event, *trace, self.now, waiting.private)
            )
        stream.version += len(events)

    async def write(self, project: Project, keep: Project | None, deadlines: Deadlines | None) -> None:
        """Everything that was decided. What needs no position comes first: after `append_turn` nobody else appends."""
        if not self.new_keys and not self.recorded:
            return
        if self.recorded and keep:
            await keep(self.connection, self.recorded)
        first = await self._append(deadlines, [])
        if self.recorded:
            for position, record in enumerate(self.recorded, first):
                record.position = position
            await project(self.connection, self.recorded)

    async def write_plain(self, rows: Rows, deadlines: Deadlines | None) -> None:
        """Everything that was decided, by one statement, which is a transaction of its own."""
        if not self.new_keys and not self.recorded:
            return
        for number, record in enumerate(self.recorded):
            record.position = number
        await self._append(deadlines, rows(self.recorded))

    async def _append(self, deadlines: Deadlines | None, rows: list[str]) -> int:
        timers = deadlines(self.recorded) if self.recorded and deadlines else {}
        columns = [*self._key_columns(), *self._stream_columns(), *_timer_columns(timers), *self._event_columns()]
        first: int = await self.connection.fetchval(store.APPEND, self.now, *columns, rows)
        return first

    def committed(self) -> None:
        """What was written is true now."""
        for stream_id, stream in self.streams.items():
            self.states.keep(stream_id, stream.version, stream.state)

    def _key_columns(self) -> Iterator[str]:
        yield json_column(self.new_keys)
        yield json_column([fingerprint for fingerprint, _ in self.new_keys.values()])
        yield json_column([answer for _, answer in self.new_keys.values()])

    def _stream_columns(self) -> Iterator[str]:
        touched = {stream_id: stream for stream_id, stream in sorted(self.streams.items()) if stream.touched}
        yield json_column(touched)
        yield json_column([stream.version for stream in touched.values()])
        yield json_column([stream.state for stream in touched.values()])

    def _event_columns(self) -> Iterator[str]:
        yield json_column([record.stream_id for record in self.recorded])
        yield json_column([record.version for record in self.recorded])
        yield json_column([record.event_id for record in self.recorded])
        yield json_column([type(record.event).__name__ for record in self.recorded])
        yield json_column([record.event for record in self.recorded])
        yield json_column([record.correlation_id for record in self.recorded])
        yield json_column([record.causation_id for record in self.recorded])


def _timer_columns(timers: dict[str, datetime | None]) -> Iterator[str]:
    due = {timer_id: due_at for timer_id, due_at in timers.items() if due_at}
    yield json_column(due)
    yield json_column(due.values())
    yield json_column([timer_id for timer_id, due_at in timers.items() if not due_at])
