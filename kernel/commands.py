"""The group-committing command bus.

Commands that arrive while a transaction is under way are gathered and committed together: the streams they touch are
loaded (and locked, as a rule), one pure `decide` runs for each command in order of arrival, each seeing the state that
the one before it left, and then everything is written at once. A refused command refuses itself alone. Nobody is
answered before the commit.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
import msgspec
from prometheus_client import Counter as Metric
from prometheus_client import Histogram

from contracts.errors import ServiceError
from kernel.clock import Clock, utc_now
from kernel.db import LOST, Database
from kernel.decider import Codec, Decider
from kernel.lanes import Lanes
from kernel.logging import log
from kernel.tracing import current_trace
from kernel.turn import Answer, Deadlines, Outcome, Project, Rows, States, Turn, Waiting

REMEMBERED_STATES = 10_000
MAX_TRIES = 5
RETRY_PAUSE_S = 0.02
# Constraints whose violation means that another process was faster: load again and decide anew.
RACES = frozenset({"events_pkey", "events_position_key", "command_keys_pkey"})

COMMANDS = Metric("commands_total", "Commands by outcome", ["outcome"])
BATCH_SIZE = Histogram(
    "command_batch_size", "Commands per transaction", buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
)
COMMIT_SECONDS = Histogram("command_commit_seconds", "Seconds per transaction, from loading to the commit")


@dataclass(frozen=True, slots=True)
class Order:
    """One of many commands."""

    key_of_stream: int | str
    command: Any
    key: str


@dataclass(frozen=True, slots=True)
class Plain:
    """Streams of which no more follows than rows of one table, which the service's `insert_rows()` writes.

    `has(stream_id)` knows them; `rows` gives what that function takes: the columns as JSON arrays, positions counted
    from 0.
    """

    has: Callable[[str], bool]
    rows: Rows


class CommandBus:
    """Executes commands against a service's event store.

    In the same transaction `project` writes the read tables, and `keep` what does not follow from events; `deadlines`
    says when the timers are due that the events set (None: such a timer is over). `conflicts` names, per unique
    constraint of those tables, the error that a violation means (`{"users_email_key": EmailExists}`). A turn that
    touches `plain` streams alone is one statement: see `_decide_and_write`.
    """

    def __init__(
        self,
        database: Database,
        codec: Codec,
        project: Project,
        keep: Project | None = None,
        *,
        deadlines: Deadlines | None = None,
        conflicts: dict[str, Callable[[], ServiceError]] | None = None,
        clock: Clock = utc_now,
        on_commit: Callable[[], None] | None = None,
        plain: Plain | None = None,
    ) -> None:
        self._database = database
        self._codec = codec
        self._project = project
        self._keep = keep
        self._deadlines = deadlines
        self._states = States(REMEMBERED_STATES)
        self._conflicts = conflicts or {}
        self._clock = clock
        self._on_commit = on_commit
        self._plain = plain
        self._lanes = Lanes(self._commit_or_refuse)

    def start(self) -> None:
        self._lanes.start()

    async def close(self) -> None:
        """Finish what is waiting, take nothing new."""
        await self._lanes.close()

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
        trace = current_trace()
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        if key is not None and fingerprint is None:
            fingerprint = fingerprint_of(command)
        stream_id = decider.stream(key_of_stream)
        self._lanes.put(
            Waiting(
                decider,
                stream_id,
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
        return await future

    async def execute_all(
        self, decider: Decider[Any, Any, Any], orders: Sequence[Order], answer: Answer
    ) -> list[Outcome | Exception]:
        """Many keyed commands as `execute` does each; what came of them, in their order, when all are durable.

        They are not one transaction: each is decided on its own, and one that is refused refuses itself alone.
        """
        trace = current_trace()
        group = _Group(len(orders))
        for number, order in enumerate(orders):
            stream_id = decider.stream(order.key_of_stream)
            waiting = Waiting(
                decider,
                stream_id,
                order.command,
                order.key,
                fingerprint_of(order.command),
                None,
                answer,
                trace.correlation_id,
                trace.causation_id,
                _Member(group, number),
            )
            try:
                self._lanes.put(waiting)
            except ServiceError as error:
                waiting.future.set_exception(error)
        return await group.done

    async def _commit_or_refuse(self, batch: list[Waiting]) -> None:
        try:
            await self._commit(batch)
        except Exception as error:  # noqa: BLE001  (the waiting callers are told, and the bus lives on)
            log.exception("a batch of commands failed", commands=len(batch))
            _refuse_all(batch, error)

    async def _commit(self, batch: list[Waiting]) -> None:
        """Commit with bounded retries; a violated rule of a read table refuses only the command that broke it."""
        for attempt in range(1, MAX_TRIES + 1):
            try:
                outcomes = await self._try(batch, first=attempt == 1)
            except asyncpg.IntegrityConstraintViolationError as error:
                if error.constraint_name in RACES and attempt < MAX_TRIES:
                    await asyncio.sleep(RETRY_PAUSE_S * attempt)
                    continue
                if len(batch) > 1:
                    for waiting in batch:
                        await self._commit([waiting])
                    return
                if attempt == 1:  # `keep` writes before the event store looks who was first: the stream may tell now
                    continue
                refuse = self._conflicts.get(error.constraint_name or "") or _unexpected(error.constraint_name)
                _refuse_all(batch, refuse())
                return
            except asyncpg.DeadlockDetectedError:
                if attempt == MAX_TRIES:
                    raise
                await asyncio.sleep(RETRY_PAUSE_S * attempt)
            except LOST as error:
                # The commit itself may have been under way: only a command with a key can be tried again safely.
                self._states.forget()
                log.warning("the database went away", error=type(error).__name__, attempt=attempt)
                batch = [waiting for waiting in batch if waiting.key or not _refuse_all([waiting], _unreachable())]
                if attempt == MAX_TRIES:
                    _refuse_all(batch, _unreachable())
                    return
                await asyncio.sleep(0.1 * 2**attempt)
            else:
                _tell(batch, outcomes)
                return

    async def _try(self, batch: list[Waiting], *, first: bool) -> list[Outcome | Exception]:
        plain = self._plain if first else None
        if plain and not all(plain.has(waiting.stream_id) for waiting in batch):
            plain = None
        async with self._database.write() as connection:
            turn = Turn(self._codec, connection, self._clock, self._states)
            with COMMIT_SECONDS.time():
                outcomes = await self._decide_and_write(turn, batch, plain)
        turn.committed()
        BATCH_SIZE.observe(len(batch))
        if turn.recorded and self._on_commit:
            self._on_commit()
        return outcomes

    async def _decide_and_write(
        self, turn: Turn, batch: list[Waiting], plain: Plain | None
    ) -> list[Outcome | Exception]:
        """With `plain`, nothing is locked while we decide, and what was decided is written and committed by one
        statement, so nobody waits for us with the append lock in our hands. Should another process have changed a
        stream meanwhile, `events_pkey` lets nothing be written; then, as for all other streams, they are locked first.
        """
        if plain:
            await turn.load(batch, lock=False)
            outcomes = [turn.decide(waiting) for waiting in batch]
            await turn.write_plain(plain.rows, self._deadlines)
            return outcomes
        async with turn.connection.transaction():
            await turn.load(batch, lock=True)
            outcomes = [turn.decide(waiting) for waiting in batch]
            await turn.write(self._project, self._keep, self._deadlines)
            return outcomes


def fingerprint_of(command: Any) -> str:
    """What tells one input from another under the same key."""
    return hashlib.sha256(msgspec.json.encode(command)).hexdigest()


class _Group:
    """Many commands with one future: a future for each would cost more than what it waits for."""

    def __init__(self, size: int) -> None:
        self.done: asyncio.Future[list[Outcome | Exception]] = asyncio.get_running_loop().create_future()
        self._outcomes: list[Outcome | Exception] = [_unreachable()] * size
        self._left = size
        if not size:
            self.done.set_result([])

    def tell(self, number: int, outcome: Outcome | Exception) -> None:
        self._outcomes[number] = outcome
        self._left -= 1
        if not self._left and not self.done.done():
            self.done.set_result(self._outcomes)


class _Member:
    """A command's place in a group; to the bus it looks like the future of one that waits alone."""

    __slots__ = ("_group", "_number", "_told")

    def __init__(self, group: _Group, number: int) -> None:
        self._group = group
        self._number = number
        self._told = False

    def done(self) -> bool:
        return self._told

    def set_result(self, outcome: Outcome) -> None:
        self._told = True
        self._group.tell(self._number, outcome)

    def set_exception(self, error: Exception) -> None:
        self._told = True
        self._group.tell(self._number, error)


def _tell(batch: list[Waiting], outcomes: list[Outcome | Exception]) -> None:
    counts = Counter(map(_kind, outcomes))
    for kind, count in counts.items():
        COMMANDS.labels(kind).inc(count)
    for waiting, outcome in zip(batch, outcomes, strict=True):
        if waiting.future.done():  # whoever asked has gone away
            continue
        if isinstance(outcome, Outcome):
            waiting.future.set_result(outcome)
        else:
            waiting.future.set_exception(outcome)


def _kind(outcome: Outcome | Exception) -> str:
    if isinstance(outcome, Outcome):
        return "replayed" if outcome.replayed else "committed"
    return "refused" if isinstance(outcome, ServiceError) else "crashed"


def _refuse_all(batch: list[Waiting], error: Exception) -> bool:
    _tell(batch, [error] * len(batch))
    return True


def _unreachable() -> ServiceError:
    return ServiceError("SERVICE_UNAVAILABLE", "The service cannot reach its database. Please try again in a moment.")


def _unexpected(constraint: str | None) -> Callable[[], ServiceError]:
    # Never PostgreSQL's own words: they quote the row.
    log.error("a constraint was violated that no rule names", constraint=constraint)
    return lambda: ServiceError("SERVER_ERROR", "Something went wrong. Please try again later.")
