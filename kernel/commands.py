"""The group-committing command bus.

Commands that arrive while a transaction is under way are gathered and committed together: the streams they touch are
locked in sorted order, one pure `decide` runs for each command in order of arrival, each seeing the state that the one
before it left, and then everything is written at once. A refused command refuses itself alone. Nobody is answered
before the commit.
"""

import asyncio
import hashlib
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import asyncpg
import msgspec
from prometheus_client import Counter, Histogram
from uuid_utils.compat import uuid7

from contracts.errors import ServiceError
from kernel import store
from kernel.clock import Clock, utc_now
from kernel.db import LOST, Database
from kernel.decider import Codec, Decider
from kernel.logging import log
from kernel.tracing import current_trace

MAX_BATCH = 512
MAX_WAITING = 10_000
MAX_TRIES = 5
RETRY_PAUSE_S = 0.02
# Constraints whose violation means that another process was faster: load again and decide anew.
RACES = frozenset({"events_pkey", "events_position_key", "streams_pkey", "command_keys_pkey"})

Project = Callable[[asyncpg.Connection, Sequence[store.Recorded]], Awaitable[None]]
Answer = Callable[[Any, Sequence[Any]], Any]

COMMANDS = Counter("commands_total", "Commands by outcome", ["outcome"])
BATCH_SIZE = Histogram(
    "command_batch_size", "Commands per transaction", buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
)
COMMIT_SECONDS = Histogram("command_commit_seconds", "Seconds per transaction, from the first lock to the commit")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a command. `replayed`: its key had been used before, and `answer` is the first one, again."""

    answer: Any
    replayed: bool = False


@dataclass(slots=True)
class _Waiting:
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
    touched: bool = False


@dataclass(slots=True)
class _Turn:
    """What one transaction will write, and what each command will be told after it."""

    streams: dict[str, _Stream]
    keys: dict[str, tuple[str, Any]]
    recorded: list[store.Recorded] = field(default_factory=list)
    new_keys: dict[str, tuple[str, Any]] = field(default_factory=dict)
    outcomes: list[Outcome | Exception] = field(default_factory=list)


class CommandBus:
    """Executes commands against a service's event store.

    `projections` write the read tables in the same transaction. `conflicts` names, per unique constraint of those
    tables, the error that a violation means (`{"users_email_key": EmailExists}`).
    """

    def __init__(
        self,
        database: Database,
        codec: Codec,
        projections: Sequence[Project],
        *,
        conflicts: dict[str, Callable[[], ServiceError]] | None = None,
        clock: Clock = utc_now,
        on_commit: Callable[[], None] | None = None,
    ) -> None:
        self._database = database
        self._codec = codec
        self._projections = projections
        self._conflicts = conflicts or {}
        self._clock = clock
        self._on_commit = on_commit
        self._waiting: deque[_Waiting] = deque()
        self._wake = asyncio.Event()
        self._closing = False
        self._runner: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._runner = asyncio.create_task(self._run(), name="command-bus")

    async def close(self) -> None:
        """Finish what is waiting, take nothing new."""
        self._closing = True
        self._wake.set()
        if self._runner:
            await self._runner

    async def execute(
        self,
        decider: Decider[Any, Any, Any],
        key_of_stream: int | str,
        command: Any,
        *,
        key: str | None = None,
        fingerprint: str | None = None,
        private: Any = None,
        answer: Answer | None = None,
    ) -> Outcome:
        """Decide and commit; returns when it is durable.

        `key` makes it idempotent: the same key and input gives the first answer again (refusals are not remembered, so
        the same key may succeed later), other input is refused with IDEMPOTENCY_CONFLICT. The input is the command, or
        `fingerprint` where the command holds what differs from try to try. `private` reaches the projections and no
        event keeps it. `answer(state, events)` is what the caller is told; with a key it must be JSON.
        Errors: whatever `decide` raises; SERVICE_UNAVAILABLE when the database cannot be reached or too many wait.
        """
        if self._closing or len(self._waiting) >= MAX_WAITING:
            raise ServiceError("SERVICE_UNAVAILABLE", "The service is too busy. Please try again in a moment.")
        trace = current_trace()
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        if key is not None and fingerprint is None:
            fingerprint = hashlib.sha256(msgspec.json.encode(command)).hexdigest()
        self._waiting.append(
            _Waiting(
                decider,
                decider.stream(key_of_stream),
                command,
                key,
                fingerprint or "",
                private,
                answer,
                trace.correlation_id,
                trace.causation_id,
                future,
            ),
        )
        self._wake.set()
        return await future

    async def _run(self) -> None:
        while True:
            if not self._waiting:
                if self._closing:
                    return
                self._wake.clear()
                await self._wake.wait()
                continue
            batch = [self._waiting.popleft() for _ in range(min(MAX_BATCH, len(self._waiting)))]
            try:
                await self._commit_batch(batch)
            except Exception as error:  # noqa: BLE001  (the waiting callers are told, and the bus lives on)
                log.exception("a batch of commands failed", commands=len(batch))
                _refuse_all(batch, error)

    async def _commit_batch(self, batch: list[_Waiting]) -> None:
        """Commit with bounded retries; a violated rule of a read table refuses only the command that broke it."""
        for attempt in range(1, MAX_TRIES + 1):
            try:
                outcomes = await self._try(batch)
            except asyncpg.IntegrityConstraintViolationError as error:
                if error.constraint_name in RACES and attempt < MAX_TRIES:
                    await asyncio.sleep(RETRY_PAUSE_S * attempt)
                    continue
                if len(batch) > 1:
                    for waiting in batch:
                        await self._commit_batch([waiting])
                    return
                _refuse_all(batch, self._conflicts.get(error.constraint_name or "", _unexpected(error))())
                return
            except asyncpg.DeadlockDetectedError:
                if attempt == MAX_TRIES:
                    raise
                await asyncio.sleep(RETRY_PAUSE_S * attempt)
            except LOST as error:
                # The commit itself may have been under way: only a command with a key can be tried again safely.
                log.warning("the database went away", error=type(error).__name__, attempt=attempt)
                batch = [waiting for waiting in batch if waiting.key or not _refuse_all([waiting], _unreachable())]
                if attempt == MAX_TRIES:
                    _refuse_all(batch, _unreachable())
                    return
                await asyncio.sleep(0.1 * 2**attempt)
            else:
                _tell(batch, outcomes)
                return

    async def _try(self, batch: list[_Waiting]) -> list[Outcome | Exception]:
        now = self._clock()
        async with self._database.write() as connection:
            with COMMIT_SECONDS.time():
                async with connection.transaction():
                    turn = await self._load(connection, batch)
                    for waiting in batch:
                        turn.outcomes.append(self._decide(turn, waiting, now))
                    await self._write(connection, turn, now)
        BATCH_SIZE.observe(len(batch))
        if turn.recorded and self._on_commit:
            self._on_commit()
        return turn.outcomes

    async def _load(self, connection: asyncpg.Connection, batch: list[_Waiting]) -> _Turn:
        deciders = {waiting.stream_id: waiting.decider for waiting in batch}
        loaded = {
            row["stream_id"]: _Stream(
                decider := deciders[row["stream_id"]], row["version"], self._codec.state(decider, row["state"])
            )
            for row in await connection.fetch(store.LOAD_STREAMS, list(deciders))
        }
        for stream_id, decider in deciders.items():
            if stream_id not in loaded:
                loaded[stream_id] = _Stream(decider, 0, decider.initial)
        keys = [waiting.key for waiting in batch if waiting.key]
        rows = await connection.fetch(store.LOAD_KEYS, keys) if keys else []
        return _Turn(loaded, {row["key"]: (row["fingerprint"], msgspec.json.decode(row["answer"])) for row in rows})

    def _decide(self, turn: _Turn, waiting: _Waiting, now: datetime) -> Outcome | Exception:
        if waiting.key and (seen := turn.keys.get(waiting.key)):
            if seen[0] != waiting.fingerprint:
                return ServiceError("IDEMPOTENCY_CONFLICT", "This key was used before with other input.")
            return Outcome(seen[1], replayed=True)
        stream = turn.streams[waiting.stream_id]
        try:
            events = waiting.decider.decide(waiting.command, stream.state, now)
            state, version = stream.state, stream.version
            recorded = []
            for event in events:
                version += 1
                state = waiting.decider.evolve(state, event)
                recorded.append(
                    store.Recorded(
                        0,
                        waiting.stream_id,
                        version,
                        uuid7(),
                        event,
                        waiting.correlation_id,
                        waiting.causation_id,
                        now,
                        waiting.private,
                    ),
                )
            answer = waiting.answer(state, events) if waiting.answer else None
        except Exception as error:  # noqa: BLE001  (logged; it refuses this command alone)
            if not isinstance(error, ServiceError):
                log.exception("a decision crashed", command=type(waiting.command).__name__)
            return error
        if recorded:
            stream.state, stream.version, stream.touched = state, version, True
            turn.recorded += recorded
        if waiting.key:
            turn.keys[waiting.key] = turn.new_keys[waiting.key] = (waiting.fingerprint, answer)
        return Outcome(answer)

    async def _write(self, connection: asyncpg.Connection, turn: _Turn, now: datetime) -> None:
        if turn.recorded:
            await self._append(connection, turn.recorded, now)
            touched = [(stream_id, stream) for stream_id, stream in turn.streams.items() if stream.touched]
            await connection.execute(
                store.SAVE_STREAMS,
                [stream_id for stream_id, _ in touched],
                [stream.version for _, stream in touched],
                [Codec.encode(stream.state) for _, stream in touched],
            )
        if turn.new_keys:
            await connection.execute(
                store.SAVE_KEYS,
                list(turn.new_keys),
                [fingerprint for fingerprint, _ in turn.new_keys.values()],
                [Codec.encode(answer) for _, answer in turn.new_keys.values()],
                now,
            )
        if turn.recorded:
            for project in self._projections:
                await project(connection, turn.recorded)

    async def _append(self, connection: asyncpg.Connection, recorded: list[store.Recorded], now: datetime) -> None:
        first = await connection.fetchval(store.NEXT_POSITION)
        for offset, record in enumerate(recorded):
            record.position = first + offset
        await connection.execute(
            store.APPEND_EVENTS,
            [record.position for record in recorded],
            [record.stream_id for record in recorded],
            [record.version for record in recorded],
            [record.event_id for record in recorded],
            [type(record.event).__name__ for record in recorded],
            [Codec.encode(record.event) for record in recorded],
            [record.correlation_id for record in recorded],
            [record.causation_id for record in recorded],
            now,
        )


def _tell(batch: list[_Waiting], outcomes: list[Outcome | Exception]) -> None:
    for waiting, outcome in zip(batch, outcomes, strict=True):
        with suppress(asyncio.InvalidStateError):  # whoever asked has gone away
            if isinstance(outcome, Outcome):
                COMMANDS.labels("replayed" if outcome.replayed else "committed").inc()
                waiting.future.set_result(outcome)
            else:
                COMMANDS.labels("refused" if isinstance(outcome, ServiceError) else "crashed").inc()
                waiting.future.set_exception(outcome)


def _refuse_all(batch: list[_Waiting], error: Exception) -> bool:
    _tell(batch, [error] * len(batch))
    return True


def _unreachable() -> ServiceError:
    return ServiceError("SERVICE_UNAVAILABLE", "The service cannot reach its database. Please try again in a moment.")


def _unexpected(error: Exception) -> Callable[[], ServiceError]:
    log.error("a constraint was violated that no rule names", error=str(error))
    return lambda: ServiceError("SERVER_ERROR", "Something went wrong. Please try again later.")
