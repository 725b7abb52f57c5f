"""From a committed event to its effect elsewhere, over a real JetStream: relay, consumers, requests, dead letters."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import nats
import pytest
from nats.aio.client import Client

from contracts.envelope import Envelope, Message, Request
from contracts.errors import ServiceError
from kernel import bus as kernel_bus
from kernel.bus import Delivery, MessageBus
from kernel.caller import Caller
from kernel.commands import CommandBus
from kernel.db import Database
from kernel.dead_letters import DeadLetters
from kernel.relay import Relay
from tests.given import refused
from tests.integration.kernel.counter import CODEC, COUNTER, Add, NumberAdded, publish


class Echo(Message):
    text: str


class Say(Request[Echo]):
    SUBJECT: ClassVar[str] = "rpc.notify.say"
    text: str


@pytest.fixture
async def client(nats_url: str) -> AsyncIterator[Client]:
    connection = await nats.connect(nats_url)
    yield connection
    await connection.close()


@asynccontextmanager
async def started(bus: MessageBus) -> AsyncIterator[MessageBus]:
    await bus.start()
    try:
        yield bus
    finally:
        await bus.close()


@asynccontextmanager
async def relaying(database: Database, client: Client) -> AsyncIterator[Relay]:
    relay = Relay("notify", database, CODEC, publish, lambda: client)
    relay.start()
    try:
        yield relay
    finally:
        await relay.close()


async def until(condition: Callable[[], Awaitable[bool]], timeout_s: float = 15) -> None:
    async with asyncio.timeout(timeout_s):
        while not await condition():
            await asyncio.sleep(0.02)


async def published(client: Client) -> list[int]:
    """The positions in the stream, in its order."""
    jetstream = client.jetstream()
    state = (await jetstream.stream_info("NOTIFY")).state
    messages = [await jetstream.get_msg("NOTIFY", seq) for seq in range(state.first_seq, state.last_seq + 1)]
    return [Envelope.model_validate_json(message.data or b"").position for message in messages]


async def test_every_committed_event_is_published_once_and_in_order(
    commands: CommandBus, database: Database, client: Client
) -> None:
    await asyncio.gather(*[commands.execute(COUNTER, n % 3, Add(1)) for n in range(1200)])
    async with relaying(database, client):
        await until(lambda: _has(client, 1200))
        await commands.execute(COUNTER, 1, Add(1))  # woken by NOTIFY, not by looking
        await until(lambda: _has(client, 1201))
    assert await published(client) == list(range(1, 1202))


async def test_two_relays_publish_nothing_twice(commands: CommandBus, database: Database, client: Client) -> None:
    async with relaying(database, client), relaying(database, client):
        await asyncio.gather(*[commands.execute(COUNTER, 1, Add(1)) for _ in range(300)])
        await until(lambda: _has(client, 300))
    assert await published(client) == list(range(1, 301))


async def test_a_stream_that_lost_its_tail_gets_it_again(
    commands: CommandBus, database: Database, client: Client
) -> None:
    async with relaying(database, client) as relay:
        for _ in range(5):
            await commands.execute(COUNTER, 1, Add(1))
        await until(lambda: _has(client, 5))
        jetstream = client.jetstream()
        config = (await jetstream.stream_info("NOTIFY")).config
        await jetstream.delete_stream("NOTIFY")
        await jetstream.add_stream(config)
        relay.recheck()
        await until(lambda: _has(client, 5))
    assert await published(client) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("sequence", [0, 2])
async def test_what_was_published_before_the_cursor_moved_is_not_published_twice(
    commands: CommandBus, database: Database, client: Client, sequence: int
) -> None:
    """`sequence`: what the relay believes the stream's to be; where it is wrong, it asks for every message."""
    async with relaying(database, client):
        for _ in range(5):
            await commands.execute(COUNTER, 1, Add(1))
        await until(lambda: _has(client, 5))
    async with database.write() as connection:
        await connection.execute("UPDATE relay_cursor SET position = 2, stream_sequence = $1", sequence)
    await commands.execute(COUNTER, 1, Add(1))

    async def arrived() -> bool:
        async with database.write() as connection:
            return tuple(await connection.fetchrow("SELECT position, stream_sequence FROM relay_cursor")) == (6, 6)

    async with relaying(database, client):
        await until(arrived)
    assert await published(client) == [1, 2, 3, 4, 5, 6]


async def _has(client: Client, count: int) -> bool:
    return (await client.jetstream().stream_info("NOTIFY")).state.messages == count


async def test_an_event_that_fails_is_tried_again_and_takes_effect(
    commands: CommandBus, database: Database, client: Client, nats_url: str
) -> None:
    seen: list[int] = []
    failures = 2

    async def hear(event: NumberAdded, _: Delivery) -> None:
        nonlocal failures
        if failures:
            failures -= 1
            raise RuntimeError("not now")
        seen.append(event.value)

    listener = MessageBus("listener", nats_url)
    listener.listen("notify", "listener", {NumberAdded: hear})
    async with started(listener), relaying(database, client):
        await commands.execute(COUNTER, 1, Add(3))
        await until(_true_when(lambda: seen == [3]))


def _true_when(condition: Callable[[], bool]) -> Callable[[], Awaitable[bool]]:
    async def check() -> bool:
        return condition()

    return check


async def test_an_event_that_no_retry_helps_becomes_a_dead_letter_and_can_be_replayed(
    commands: CommandBus, database: Database, client: Client, nats_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernel_bus, "MAX_TRIES", 2)
    broken = True
    seen: list[tuple[int, str]] = []

    async def hear(event: NumberAdded, delivery: Delivery) -> None:
        if broken:
            raise RuntimeError("a bug")
        seen.append((event.value, delivery.key))

    listener = MessageBus("listener", nats_url)
    listener.listen("notify", "listener", {NumberAdded: hear})
    letters = DeadLetters(client)
    async with started(listener), relaying(database, client):
        await commands.execute(COUNTER, 1, Add(3))

        async def buried() -> bool:
            return len(await letters.all()) == 1

        await until(buried)
        letter = (await letters.all())[0]
        assert (letter.consumer, letter.event_type, letter.tries) == ("listener", NumberAdded.TYPE, 2)
        assert "a bug" in letter.reason
        assert await letters.replay(letter) == "RuntimeError('a bug')"
        broken = False
        assert await letters.replay(letter) is None
        assert seen == [(3, f"listener:{letter.event_id}")]
        assert await letters.all() == []


async def test_a_request_is_answered_and_errors_keep_their_code(nats_url: str) -> None:
    async def echo(request: Say) -> Echo:
        if request.text == "refuse":
            raise ServiceError("NOT_OWNER", "That is not yours.", {"field": "text"})
        if request.text == "crash":
            raise RuntimeError("internals")
        return Echo(text=request.text)

    bus = MessageBus("notify", nats_url)
    bus.answer(Say, echo)
    async with started(bus):
        assert await bus.caller.ask(Say(text="hello")) == Echo(text="hello")
        with pytest.raises(ServiceError) as caught:
            await bus.caller.ask(Say(text="refuse"))
        assert (caught.value.code, caught.value.message, caught.value.details) == (
            "NOT_OWNER",
            "That is not yours.",
            {"field": "text"},
        )
        with pytest.raises(ServiceError) as crashed:
            await bus.caller.ask(Say(text="crash"))
        assert crashed.value.code == "SERVER_ERROR"
        assert "internals" not in crashed.value.message


async def test_requests_are_answered_side_by_side(nats_url: str) -> None:
    both = asyncio.Barrier(20)

    async def echo(request: Say) -> Echo:
        await both.wait()  # never passes unless twenty are under way at once
        return Echo(text=request.text)

    bus = MessageBus("notify", nats_url)
    bus.answer(Say, echo)
    async with started(bus):
        await asyncio.gather(*[bus.caller.ask(Say(text=str(n))) for n in range(20)])


async def test_a_request_that_nobody_answers_says_so(nats_url: str) -> None:
    bus = MessageBus("notify", nats_url)
    async with started(bus):
        with refused("SERVICE_UNAVAILABLE"):
            await bus.caller.ask(Say(text="hello"), timeout_s=0.3)


async def test_a_request_that_takes_too_long_is_given_up_on_both_sides(nats_url: str) -> None:
    given_up = asyncio.Event()

    async def slow(_: Say) -> Echo:
        try:
            await asyncio.Event().wait()
        finally:
            given_up.set()
        raise AssertionError

    bus = MessageBus("notify", nats_url)
    bus.answer(Say, slow)
    async with started(bus):
        with refused("DEADLINE_EXCEEDED"):
            await bus.caller.ask(Say(text="hello"), timeout_s=0.3)
        await asyncio.wait_for(given_up.wait(), 2)


async def test_a_request_that_is_no_request_names_the_field(client: Client, nats_url: str) -> None:
    async def echo(request: Say) -> Echo:
        return Echo(text=request.text)

    bus = MessageBus("notify", nats_url)
    bus.answer(Say, echo)
    async with started(bus):
        for body in (b"{}", b"not json"):
            reply: Any = await client.request(Say.SUBJECT, body)
            assert reply.headers["Error-Code"] == "VALIDATION_ERROR"


async def test_closing_finishes_what_has_begun(
    client: Client, nats_url: str, commands: CommandBus, database: Database
) -> None:
    """A request and an event are under way when the bus is closed: both are seen through, and the event is acked."""
    begun, may_end = asyncio.Barrier(3), asyncio.Event()
    handled: list[int] = []

    async def slow(request: Say) -> Echo:
        await begun.wait()
        await may_end.wait()
        return Echo(text=request.text)

    async def hear(event: NumberAdded, _: Delivery) -> None:
        await begun.wait()
        await may_end.wait()
        handled.append(event.value)

    bus = MessageBus("notify", nats_url)
    bus.answer(Say, slow)
    bus.listen("notify", "listener", {NumberAdded: hear})
    await bus.start()
    async with relaying(database, client):
        await commands.execute(COUNTER, 1, Add(3))
        asked = asyncio.create_task(Caller(lambda: client).ask(Say(text="hello")))
        await begun.wait()
        closing = asyncio.create_task(bus.close())
        await asyncio.sleep(0.1)
        may_end.set()
        await closing
        assert await asked == Echo(text="hello")
    assert handled == [3]
    info = await client.jetstream().consumer_info("NOTIFY", "listener")
    assert info.num_ack_pending == 0
