"""The command bus on a real PostgreSQL."""

import asyncio
import dataclasses
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
import sqlalchemy as sa
from uuid_utils import uuid7

import kernel.commands
from contracts.errors import ServiceError
from kernel import store
from kernel.clock import utc_now
from kernel.commands import CommandBus, Plain
from kernel.db import Database, Query, json_column
from kernel.store import Recorded
from kernel.turn import Turn, Waiting
from tests.given import refused
from tests.integration.kernel.counter import CODEC, COUNTER, Add, no_projection, value_of

EVENTS = Query(sa.select(store.events).order_by(store.events.c.position))


async def test_commands_that_arrive_together_are_all_committed_in_order(
    commands: CommandBus, database: Database
) -> None:
    outcomes = await asyncio.gather(*[commands.execute(COUNTER, 1, Add(1), answer=value_of) for _ in range(700)])
    assert [outcome.answer for outcome in outcomes] == list(range(1, 701))
    rows = await database.rows(EVENTS)
    assert [row["position"] for row in rows] == list(range(1, 701))
    assert [row["version"] for row in rows] == list(range(1, 701))


async def test_a_refused_command_refuses_itself_alone(commands: CommandBus, database: Database) -> None:
    results = await asyncio.gather(
        *[commands.execute(COUNTER, 1, Add(1, limit=3), answer=value_of) for _ in range(5)], return_exceptions=True
    )
    assert sum(isinstance(result, ServiceError) for result in results) == 2
    assert len(await database.rows(EVENTS)) == 3


async def test_the_same_key_and_input_gives_the_first_answer_again(commands: CommandBus, database: Database) -> None:
    first = await commands.execute(COUNTER, 1, Add(5), key="k", answer=value_of)
    await commands.execute(COUNTER, 1, Add(7))
    again = await commands.execute(COUNTER, 1, Add(5), key="k", answer=value_of)
    assert (first.answer, first.replayed, again.answer, again.replayed) == (5, False, 5, True)
    assert len(await database.rows(EVENTS)) == 2


async def test_the_same_key_in_one_batch_takes_effect_once(commands: CommandBus, database: Database) -> None:
    outcomes = await asyncio.gather(
        *[commands.execute(COUNTER, stream, Add(5), key="k", answer=value_of) for stream in range(50)]
    )
    assert {outcome.answer for outcome in outcomes} == {5}
    assert sum(outcome.replayed for outcome in outcomes) == 49
    assert len(await database.rows(EVENTS)) == 1


async def test_the_same_key_with_other_input_is_refused(commands: CommandBus) -> None:
    await commands.execute(COUNTER, 1, Add(5), key="k")
    with refused("IDEMPOTENCY_CONFLICT"):
        await commands.execute(COUNTER, 1, Add(6), key="k")


async def test_a_refusal_is_not_remembered_under_its_key(commands: CommandBus) -> None:
    with refused("VALIDATION_ERROR"):
        await commands.execute(COUNTER, 1, Add(5, limit=0), key="k", fingerprint="same")
    outcome = await commands.execute(COUNTER, 1, Add(5), key="k", fingerprint="same", answer=value_of)
    assert outcome.answer == 5


async def test_two_processes_on_one_database_lose_nothing_and_skip_no_position(
    commands: CommandBus, database: Database
) -> None:
    other = CommandBus(database, CODEC, no_projection)
    other.start()
    await asyncio.gather(
        *[bus.execute(COUNTER, n % 7, Add(1)) for n in range(600) for bus in (commands, other)],
    )
    await other.close()
    rows = await database.rows(EVENTS)
    assert [row["position"] for row in rows] == list(range(1, 1201))
    total = sum([(await commands.execute(COUNTER, n, Add(0), answer=value_of)).answer for n in range(7)])
    assert total == 1200


async def test_the_same_key_from_two_processes_takes_effect_once(commands: CommandBus, database: Database) -> None:
    other = CommandBus(database, CODEC, no_projection)
    other.start()
    outcomes = await asyncio.gather(
        *[bus.execute(COUNTER, f"{bus is other}", Add(5), key=f"k{n}") for n in range(200) for bus in (commands, other)]
    )
    await other.close()
    assert sum(outcome.replayed for outcome in outcomes) == 200
    assert len(await database.rows(EVENTS)) == 200


async def test_a_reader_with_a_watermark_skips_nothing_when_a_commit_is_slow(
    commands: CommandBus, database: Database
) -> None:
    slow = await database.connect()
    transaction = slow.transaction()
    await transaction.start()
    event = ['["slow-1"]', "[1]", f'["{uuid7()}"]', '["Added"]', '[{"amount":1,"value":1}]', '[""]', '[""]']
    await slow.fetchval(store.APPEND, utc_now(), *["[]"] * 9, *event, [])
    fast = asyncio.create_task(commands.execute(COUNTER, 1, Add(1)))
    with pytest.raises(TimeoutError):  # the later position waits for the earlier one
        await asyncio.wait_for(asyncio.shield(fast), 0.3)
    assert await database.rows(EVENTS) == []
    await transaction.commit()
    await slow.close()
    await fast
    async with database.write() as connection:
        found = await store.read_after(connection, CODEC, 0, 10)
    assert [(record.position, record.stream_id) for record in found] == [(1, "slow-1"), (2, "counter-1")]


async def test_a_violated_constraint_refuses_only_the_command_that_violates_it(
    database: Database, owner_of: Callable[[str], Awaitable[asyncpg.Connection]]
) -> None:
    """A projection with a unique rule: one of ten commands breaks it, nine are committed."""
    owner = await owner_of(database.url)
    await owner.execute("CREATE TABLE names (name int CONSTRAINT taken UNIQUE); GRANT INSERT ON names TO notify")

    async def project(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
        for record in recorded:
            await connection.execute("INSERT INTO names VALUES ($1)", record.private)

    bus = CommandBus(database, CODEC, project, conflicts={"taken": lambda: ServiceError("EMAIL_EXISTS", "Taken.")})
    bus.start()
    results = await asyncio.gather(
        *[bus.execute(COUNTER, n, Add(1), private=min(n, 8)) for n in range(10)], return_exceptions=True
    )
    await bus.close()
    assert [result.code for result in results if isinstance(result, ServiceError)] == ["EMAIL_EXISTS"]
    assert len(await database.rows(EVENTS)) == 9


async def test_more_streams_than_are_remembered_at_once(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lanes work side by side, and each makes the others' states go while those are being loaded."""
    monkeypatch.setattr(kernel.commands, "REMEMBERED_STATES", 20)
    bus = CommandBus(database, CODEC, no_projection)
    bus.start()
    outcomes = await asyncio.gather(
        *[bus.execute(COUNTER, n % 40, Add(1), answer=value_of) for n in range(4000)], return_exceptions=True
    )
    await bus.close()
    assert [getattr(outcome, "answer", outcome) for outcome in outcomes] == [n // 40 + 1 for n in range(4000)]


async def test_of_two_processes_with_one_new_stream_the_later_decides_on_what_the_earlier_left(
    database: Database, owner_of: Callable[[str], Awaitable[asyncpg.Connection]]
) -> None:
    """Both have found no stream; the private tables, written before it, have a rule of their own."""
    owner = await owner_of(database.url)
    await owner.execute("CREATE TABLE names (name text CONSTRAINT nameless UNIQUE); GRANT INSERT ON names TO notify")
    both, arrived = asyncio.Event(), []

    async def keep(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
        arrived.append(recorded)
        if len(arrived) == 2:
            both.set()
        await both.wait()
        await connection.execute("INSERT INTO names VALUES ($1)", recorded[0].stream_id)

    buses = [CommandBus(database, CODEC, no_projection, keep) for _ in range(2)]
    for bus in buses:
        bus.start()
    results = await asyncio.gather(*[bus.execute(COUNTER, 1, Add(1, limit=1)) for bus in buses], return_exceptions=True)
    for bus in buses:
        await bus.close()
    assert [result.code for result in results if isinstance(result, ServiceError)] == ["VALIDATION_ERROR"]
    assert len(await database.rows(EVENTS)) == 1


SUMS = """
CREATE TABLE sums (position bigint PRIMARY KEY, value int CONSTRAINT at_most CHECK (value < 1000));
GRANT INSERT, SELECT ON sums TO notify;
CREATE FUNCTION insert_rows(first bigint, columns json[]) RETURNS void LANGUAGE sql AS $$
  INSERT INTO sums SELECT first + position::bigint, value::int
  FROM ROWS FROM (json_array_elements_text(columns[1]), json_array_elements_text(columns[2])) AS c(position, value)
$$
"""
SUMS_AND_EVENTS = sa.text("SELECT s.value, e.data FROM events e LEFT JOIN sums s USING (position) ORDER BY position")
PLAIN = Plain(
    lambda stream_id: stream_id.startswith("counter-"),
    lambda recorded: [
        json_column([record.position for record in recorded]),
        json_column([record.event.value for record in recorded]),
    ],
)
OwnerOf = Callable[[str], Awaitable[asyncpg.Connection]]


async def sum_up(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    rows = [(record.position, record.event.value) for record in recorded]
    await connection.executemany("INSERT INTO sums VALUES ($1, $2)", rows)


@asynccontextmanager
async def plain_buses(database: Database, owner_of: OwnerOf, count: int) -> AsyncIterator[list[CommandBus]]:
    """As many processes, whose turns are one statement each."""
    await (await owner_of(database.url)).execute(SUMS)
    conflicts = {"at_most": lambda: ServiceError("VALIDATION_ERROR", "That is too much for the table.")}
    buses = [CommandBus(database, CODEC, sum_up, plain=PLAIN, conflicts=conflicts) for _ in range(count)]
    for bus in buses:
        bus.start()
    yield buses
    for bus in buses:
        await bus.close()


async def test_rows_are_written_with_their_events_by_two_processes_at_once(
    database: Database, owner_of: OwnerOf
) -> None:
    async with plain_buses(database, owner_of, 2) as buses:
        await asyncio.gather(*[bus.execute(COUNTER, n % 40, Add(1)) for n in range(400) for bus in buses])
    rows = await database.rows(SUMS_AND_EVENTS)
    assert len(rows) == 800
    assert all(row["value"] == json.loads(row["data"])["value"] for row in rows)
    assert sorted(row["value"] for row in rows) == sorted([*range(1, 21)] * 40)


async def test_what_was_decided_on_a_state_that_has_changed_since_is_decided_anew(
    database: Database, owner_of: OwnerOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two processes have read the same state before either writes; there is room for one of them."""
    load, arrived = Turn.load, asyncio.Barrier(2)
    locks: list[bool] = []

    async def load_together(turn: Turn, batch: Sequence[Waiting], *, lock: bool) -> None:
        await load(turn, batch, lock=lock)
        locks.append(lock)
        if not lock:
            await arrived.wait()

    monkeypatch.setattr(Turn, "load", load_together)
    async with plain_buses(database, owner_of, 2) as buses:
        told = await asyncio.gather(
            *[bus.execute(COUNTER, 1, Add(1, limit=1), key=f"{bus}") for bus in buses], return_exceptions=True
        )
    assert [result.code for result in told if isinstance(result, ServiceError)] == ["VALIDATION_ERROR"]
    assert locks == [False, False, True]
    assert len(await database.rows(SUMS_AND_EVENTS)) == 1


async def test_a_row_that_its_table_does_not_take_refuses_its_command_alone(
    database: Database, owner_of: OwnerOf
) -> None:
    async with plain_buses(database, owner_of, 1) as (bus,):
        told = await asyncio.gather(
            *[bus.execute(COUNTER, n, Add(1000 if n == 3 else 1), key=f"{n}") for n in range(10)],
            return_exceptions=True,
        )
        assert [type(result) for result in told].count(ServiceError) == 1
        assert (await bus.execute(COUNTER, 2, Add(1), key="2", answer=value_of)).replayed
    assert [row["value"] for row in await database.rows(SUMS_AND_EVENTS)] == [1] * 9


async def test_a_turn_that_also_touches_other_streams_is_a_transaction(
    database: Database, owner_of: OwnerOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = []
    write = Turn.write

    async def write_and_tell(turn: Turn, *hooks: Any) -> None:
        written.append(len(turn.recorded))
        await write(turn, *hooks)

    monkeypatch.setattr(Turn, "write", write_and_tell)
    other = dataclasses.replace(COUNTER, category="other")
    async with plain_buses(database, owner_of, 1) as (bus,):
        await asyncio.gather(bus.execute(COUNTER, 1, Add(1)), bus.execute(other, 1, Add(1)))
        await bus.execute(COUNTER, 1, Add(1))
    assert written == [2]


async def test_private_data_reaches_the_projection_and_no_event(database: Database) -> None:
    seen: list[str] = []

    async def project(_: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
        seen.extend(record.private for record in recorded)

    bus = CommandBus(database, CODEC, project)
    bus.start()
    await bus.execute(COUNTER, 1, Add(1), private="jane@example.com")
    await bus.close()
    assert seen == ["jane@example.com"]
    assert "jane" not in str(await database.rows(EVENTS))


@pytest.mark.parametrize("table", ["events", "command_keys"])
@pytest.mark.parametrize("change", ["UPDATE {} SET recorded_at = now()", "DELETE FROM {}", "TRUNCATE {}"])
async def test_what_is_written_cannot_be_changed_by_the_role_of_the_service(
    commands: CommandBus, database: Database, table: str, change: str
) -> None:
    await commands.execute(COUNTER, 1, Add(1), key="k")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with database.write() as connection:
            await connection.execute(change.format(table))


async def test_a_database_that_restarts_loses_no_keyed_command(commands: CommandBus, database: Database) -> None:
    """Its connections are cut while commands are under way: each is committed exactly once."""
    total = 300

    async def cut() -> None:
        for _ in range(5):
            await asyncio.sleep(0.01)
            async with database.write() as connection:
                await connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE usename = current_user AND pid <> pg_backend_pid()"
                )

    async def add(n: int) -> None:
        await asyncio.sleep(n * 0.0002)
        await commands.execute(COUNTER, n % 5, Add(1), key=f"k{n}")

    await asyncio.gather(cut(), *[add(n) for n in range(total)])
    assert len(await database.rows(EVENTS)) == total
