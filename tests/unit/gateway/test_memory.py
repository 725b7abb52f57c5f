"""What is the same for everyone is fetched once, and never served when it is known to be old."""

import asyncio

import pytest

from gateway.memory import MAX_AGE_S, MAX_KEPT, SOON_S, Memory


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class Source:
    """Counts how often it is asked; answers wait for `gate` while that is closed."""

    def __init__(self) -> None:
        self.asked = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.error: Exception | None = None

    async def fetch(self) -> int:
        self.asked += 1
        value = self.asked
        await self.gate.wait()
        if self.error:
            raise self.error
        return value


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def memory(clock: Clock) -> Memory[int]:
    return Memory(lambda: True, clock=clock)


async def test_what_was_fetched_is_kept(memory: Memory[int]) -> None:
    source = Source()
    assert [await memory.get("a", source.fetch) for _ in range(3)] == [1, 1, 1]


async def test_what_many_ask_for_at_once_is_fetched_once(memory: Memory[int]) -> None:
    source = Source()
    assert await asyncio.gather(*[memory.get("a", source.fetch) for _ in range(20)]) == [1] * 20


async def test_one_asker_that_leaves_does_not_take_the_answer_from_the_others(memory: Memory[int]) -> None:
    source = Source()
    source.gate.clear()
    leaver, stayer = (asyncio.create_task(memory.get("a", source.fetch)) for _ in range(2))
    await asyncio.sleep(0)
    leaver.cancel()
    source.gate.set()
    assert await stayer == 1


async def test_an_error_reaches_every_asker_and_is_not_kept(memory: Memory[int]) -> None:
    source = Source()
    source.error = KeyError("away")
    outcomes = await asyncio.gather(*[memory.get("a", source.fetch) for _ in range(3)], return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [KeyError] * 3
    source.error = None
    assert await memory.get("a", source.fetch) == 2


async def test_forgetting_works_at_once(memory: Memory[int]) -> None:
    source = Source()
    await memory.get("a", source.fetch)
    memory.forget()
    assert await memory.get("a", source.fetch) == 2


async def test_what_was_being_fetched_while_things_changed_is_not_kept(memory: Memory[int]) -> None:
    source = Source()
    source.gate.clear()
    early = asyncio.create_task(memory.get("a", source.fetch))
    await asyncio.sleep(0)
    memory.forget()
    late = asyncio.create_task(memory.get("a", source.fetch))
    await asyncio.sleep(0)
    source.gate.set()
    assert (await early, await late) == (1, 2)  # who asked later is not given the older answer
    assert await memory.get("a", source.fetch) == 2


async def test_small_changes_are_served_half_a_second_later_however_many_come(
    memory: Memory[int], clock: Clock
) -> None:
    source = Source()
    await memory.get("a", source.fetch)
    for _ in range(100):
        memory.forget_soon()
        clock.now_s += SOON_S / 101
    assert await memory.get("a", source.fetch) == 1
    clock.now_s = SOON_S
    assert await memory.get("a", source.fetch) == 2
    clock.now_s += SOON_S * 2
    assert await memory.get("a", source.fetch) == 2


async def test_nothing_is_kept_for_longer_than_a_minute(memory: Memory[int], clock: Clock) -> None:
    source = Source()
    await memory.get("a", source.fetch)
    clock.now_s = MAX_AGE_S
    assert await memory.get("a", source.fetch) == 2


async def test_nothing_is_kept_while_no_events_are_heard() -> None:
    hearing = [False]
    memory: Memory[int] = Memory(lambda: hearing[0])
    source = Source()
    assert [await memory.get("a", source.fetch) for _ in range(2)] == [1, 2]
    hearing[0] = True
    assert [await memory.get("a", source.fetch) for _ in range(2)] == [3, 3]


async def test_the_least_used_goes_when_there_is_too_much(memory: Memory[int]) -> None:
    source = Source()
    for key in range(MAX_KEPT):
        await memory.get(key, source.fetch)
    await memory.get(0, source.fetch)
    await memory.get("one more", source.fetch)
    asked = source.asked
    await memory.get(0, source.fetch)
    assert source.asked == asked
    await memory.get(1, source.fetch)
    assert source.asked == asked + 1
