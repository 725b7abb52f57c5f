"""Durable deadlines on a real PostgreSQL."""

import asyncio
from datetime import UTC, datetime, timedelta

from contracts.errors import ServiceError
from kernel.db import Database
from kernel.timers import Timers, cancel_timers, set_timers

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


async def test_a_cancelled_timer_never_fires_and_a_moved_one_fires_later(database: Database) -> None:
    fired: list[str] = []

    async def fire(timer_id: str) -> None:
        fired.append(timer_id)

    clock = Clock()
    timers = Timers(database, fire, clock=clock)
    async with database.write() as connection:
        await set_timers(connection, [("gone", NOW), ("moved", NOW)])
        await cancel_timers(connection, ["gone"])
        await set_timers(connection, [("moved", NOW + timedelta(hours=1))])
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
