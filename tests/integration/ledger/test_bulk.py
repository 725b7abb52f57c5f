"""Batches on JetStream: every item once, its result told, however often the batch comes and however it ends."""

import msgspec
import pytest
from nats.aio.client import Client

from contracts import subjects
from contracts.bulk import Batch, Item, Result, Results
from contracts.rpc.ledger import Balance, GetBalance
from kernel.dead_letters import DeadLetters
from kernel.service import Service
from tests.integration.ledger.conftest import Voice
from tests.integration.ledger.filling import audited
from tests.waiting import until


async def send(client: Client, items: list[Item], *, times: int = 1) -> list[list[Result]]:
    """Put a batch on the stream, and wait for what is told of it, each time."""
    inbox = client.new_inbox()
    heard = await client.subscribe(inbox)
    body = msgspec.json.encode(Batch(items, "b", inbox))
    for _ in range(times):
        await client.jetstream().publish(subjects.BULK_TRANSFERS, body)
    found = [msgspec.json.decode((await heard.next_msg(10)).data, type=Results) for _ in range(times)]
    await heard.unsubscribe()
    return [one.results for one in found]


def grant(n: int, user_id: int, credits_: int = 100) -> Item:
    return Item(f"g{n}", "grant", user_id, credits_, "prize", "You won", source="prize")


def spend(n: int, user_id: int, credits_: int) -> Item:
    return Item(f"s{n}", "spend", user_id, credits_, "consume", "A video")


async def balance(ledger: Service, user_id: int) -> int:
    found: Balance = await ledger.bus.caller.ask(GetBalance(user_id=user_id))
    return found.balance


async def test_every_item_has_its_own_result(ledger: Service, voice: Voice) -> None:
    items = [grant(1, 7), spend(1, 7, 30), spend(2, 7, 71), spend(3, 8, 1), grant(2, 8, 0), grant(1, 7, 5)]
    [results] = await send(voice.client, items)
    assert results == [
        Result("g1", "done", 100),
        Result("s1", "done", 70),
        Result("s2", "refused", code="INSUFFICIENT_CREDITS"),
        Result("s3", "refused", code="INSUFFICIENT_CREDITS"),
        Result("g2", "refused", code="VALIDATION_ERROR"),
        Result("g1", "refused", code="IDEMPOTENCY_CONFLICT"),
    ]
    assert (await audited(ledger)).faults == []


async def test_a_batch_that_comes_again_does_nothing_again(ledger: Service, voice: Voice) -> None:
    items = [grant(n, n % 7) for n in range(500)] + [spend(n, n % 7, 10) for n in range(500)]
    answers = await send(voice.client, items, times=3)
    assert sorted(sum(result.status == "done" for result in results) for results in answers) == [0, 0, 1000]
    report = await audited(ledger)
    assert (report.faults, report.balance) == ([], 500 * 100 - 500 * 10)


@pytest.mark.usefixtures("ledger")
async def test_the_stream_keeps_a_batch_until_its_effect_is_there(voice: Voice) -> None:
    await send(voice.client, [grant(1, 7)])

    async def left() -> int:
        state = (await voice.client.jetstream().stream_info(subjects.COMMANDS)).state
        return int(state.messages)

    await until(left, lambda found: found == 0)


async def test_what_is_no_batch_becomes_a_dead_letter_and_holds_nothing_up(ledger: Service, voice: Voice) -> None:
    jetstream = voice.client.jetstream()
    bad = [b"nonsense", b'{"items":[{"key":""}]}', msgspec.json.encode(Batch([grant(5, 9)], "b", "events.auth.x"))]
    for body in bad:
        await jetstream.publish(subjects.BULK_TRANSFERS, body)
    await send(voice.client, [grant(1, 7)])
    assert await balance(ledger, 7) == 100
    letters = DeadLetters(voice.client)
    found = await until(letters.all, lambda found: len(found) == len(bad))
    assert {(letter.consumer, letter.event_type) for letter in found} == {("ledger-bulk", subjects.BULK_TRANSFERS)}
    assert await letters.replay(found[0]) is not None
    assert await balance(ledger, 9) == 0
