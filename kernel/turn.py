"""One transaction of the command bus: load and lock the streams, decide each command, write everything at once."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import asyncpg
import msgspec
from asyncpg.pgproto.pgproto import UUID
from uuid_utils import uuid7

from contracts.errors import ServiceError
from kernel import store
from kernel.decider import Codec, Decider
from kernel.logging import log

Project = Callable[[asyncpg.Connection, Sequence[store.Recorded]], Awaitable[None]]
Answer = Callable[[Any, Sequence[Any]], Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a command. `replayed`: its key had been used before, and `answer` is the first one, again."""

    answer: Any
    replayed: bool = False


@dataclass(slots=True)
class Waiting:
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
    future: asyncio.Future[Outcome]


@dataclass(slots=True)
class _Stream:
    decider: Decider[Any, Any, Any]
    version: int
    state: Any
    is_new: bool
    touched: bool = False


@dataclass(slots=True)
class Turn:
    """What one transaction writes, and what each command is told after it."""

    codec: Codec
    connection: asyncpg.Connection
    now: datetime
    streams: dict[str, _Stream] = field(default_factory=dict)
    keys: dict[str, tuple[str, Any]] = field(default_factory=dict)
    new_keys: dict[str, tuple[str, Any]] = field(default_factory=dict)
    recorded: list[store.Recorded] = field(default_factory=list)

    async def load(self, batch: Sequence[Waiting]) -> None:
        """Lock and load every stream that the batch touches, in sorted order, and the keys that were used before."""
        deciders = {waiting.stream_id: waiting.decider for waiting in batch}
        for row in await self.connection.fetch(store.LOAD_STREAMS, list(deciders)):
            stream_id, version, state = row
            decider = deciders.pop(stream_id)
            self.streams[stream_id] = _Stream(decider, version, self.codec.state(decider, state), is_new=False)
        for stream_id, decider in deciders.items():
            self.streams[stream_id] = _Stream(decider, 0, decider.initial, is_new=True)
        if keys := [waiting.key for waiting in batch if waiting.key]:
            for key, fingerprint, answer in await self.connection.fetch(store.LOAD_KEYS, keys):
                self.keys[key] = (fingerprint, msgspec.json.decode(answer))

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

    async def write(self, projections: Sequence[Project]) -> None:
        """Everything that was decided: keys, streams and events, then the read tables."""
        # Encoded before the append lock is taken: while it is held, nobody else can append.
        events = [Codec.encode(record.event) for record in self.recorded]
        touched = [
            (stream_id, stream.version, Codec.encode(stream.state), stream.is_new)
            for stream_id, stream in self.streams.items()
            if stream.touched
        ]
        if self.new_keys:
            await self._save_keys()
        if not self.recorded:
            return
        await self._save_streams(touched)
        await self._append(events)
        for project in projections:
            await project(self.connection, self.recorded)

    async def _save_streams(self, touched: list[tuple[str, int, str, bool]]) -> None:
        new = [row[:3] for row in touched if row[3]]
        if new:
            await self.connection.copy_records_to_table("streams", records=new, columns=store.STREAM_COLUMNS)
        if known := [row[:3] for row in touched if not row[3]]:
            await self.connection.execute(store.SAVE_STREAMS, *map(list, zip(*known, strict=True)))

    # COPY takes rows at a third of what the same rows cost as arrays: see docs/performance.md.
    async def _save_keys(self) -> None:
        rows = [(key, print_, Codec.encode(answer), self.now) for key, (print_, answer) in self.new_keys.items()]
        await self.connection.copy_records_to_table("command_keys", records=rows, columns=store.KEY_COLUMNS)

    async def _append(self, encoded: list[str]) -> None:
        first = await self.connection.fetchval(store.NEXT_POSITION)
        rows = []
        for position, (record, data) in enumerate(zip(self.recorded, encoded, strict=True), first):
            record.position = position
            rows.append(
                (
                    record.stream_id,
                    record.version,
                    position,
                    record.event_id,
                    type(record.event).__name__,
                    data,
                    record.correlation_id,
                    record.causation_id,
                    record.at,
                )
            )
        await self.connection.copy_records_to_table("events", records=rows, columns=store.EVENT_COLUMNS)
