"""Durable deadlines on a real PostgreSQL."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from contracts.errors import ServiceError
from kernel.commands import CommandBus
from kernel.db import Database
from kernel.store import Recorded
from kernel.timers import Timers, set_timers
from tests.integration.kernel.counter import CODEC, COUNTER, Add, no_projection

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


async def test_a_timer_fires_when_it_is_due_and_only_once(database: Database) -> None:
    fired: list[str] = []

    async def fire(timer_id: str) -> None:
        fired.append(timer_id)

    clock = Clock()
    timers = Timers(database, fire, clock=clock)
    async with database.write() as connection:
        await set_timers(connection, [("a", NOW + timedelta(minutes=1)), ("b", NOW + timedelta(minutes=2))])
    assert await timers.fire_due() == 0
    clock.now += timedelta(seconds=61)
    await asyncio.gather(timers.fire_due(), timers.fire_due())
    assert fired == ["a"]
    clock.now += timedelta(hours=1)
    await timers.fire_due()
    assert fired == ["a", "b"]
    assert await timers.fire_due() == 0


async def test_a_timer_that_an_event_ends_never_fires_and_one_that_it_moves_fires_later(database: Database) -> None:
    fired: list[str] = []

    async def fire(timer_id: str) -> None:
        fired.append(timer_id)

    def deadlines(recorded: Sequence[Recorded]) -> dict[str, datetime | None]:
        """The first event of a counter sets its timers, the second ends one and moves the other."""
        found: dict[str, datetime | None] = {}
        for record in recorded:
            second = record.version > 1
            found |= {"gone": None if second else NOW, "moved": NOW + timedelta(hours=1) if second else NOW}
        return found

    clock = Clock()
    timers = Timers(database, fire, clock=clock)
    bus = CommandBus(database, CODEC, no_projection, deadlines=deadlines)
    bus.start()
    await bus.execute(COUNTER, 1, Add(1))
    async with database.write() as connection:
        set_ = await connection.fetch("SELECT timer_id, due_at FROM timers ORDER BY timer_id")
    assert [tuple(row) for row in set_] == [("gone", NOW), ("moved", NOW)]
    await bus.execute(COUNTER, 1, Add(1))
    await asyncio.gather(
        *[bus.execute(COUNTER, 2, Add(1)) for _ in range(2)]
    )  # in one transaction the last word counts
    await bus.close()
    await timers.fire_due()
    assert fired == []
    clock.now += timedelta(hours=1)
    await timers.fire_due()
    assert fired == ["moved"]


async def test_a_timer_that_fails_is_tried_again_later(database: Database) -> None:
    tries = 0

    async def fire(_: str) -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise ServiceError("SERVICE_UNAVAILABLE", "Not now.")

    clock = Clock()
    timers = Timers(database, fire, clock=clock)
    async with database.write() as connection:
        await set_timers(connection, [("a", NOW)])
    await timers.fire_due()
    assert await timers.fire_due() == 0  # not at once
    clock.now += timedelta(minutes=1)
    await timers.fire_due()
    assert tries == 2
    clock.now += timedelta(days=1)
    assert await timers.fire_due() == 0


async def test_a_timer_that_is_set_again_while_it_fires_stays(database: Database) -> None:
    fired = 0

    async def fire(timer_id: str) -> None:
        nonlocal fired
        fired += 1
        if fired == 1:
            async with database.write() as connection:
                await set_timers(connection, [(timer_id, NOW)])

    timers = Timers(database, fire, clock=Clock())
    async with database.write() as connection:
        await set_timers(connection, [("a", NOW)])
    assert [await timers.fire_due() for _ in range(3)] == [1, 1, 0]
    assert fired == 2
