"""An authenticated debit of the caller's own wallet through the gateway: 64 clients of 8 people.

Each debit is durable, with its event sealed and published, before it is answered.
"""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import nats

from contracts import subjects
from contracts.bulk import Batch, Item
from tests.bench.gateway import UNLIMITED, bare_fastapi, sign_up
from tests.bench.load import Result, load
from tests.bench.report import Line, percentile_ms
from tests.stack import Stack, running_stack

PEOPLE, CLIENTS = 8, 64
BODY = b'{"credits":1,"description":"A video"}'


async def bench(directory: Path, *, short: bool) -> list[Line]:
    rounds, seconds = (1, 2.0) if short else (3, 4.0)
    with running_stack(directory / "stack", UNLIMITED | {"MAGICPIC_CREDITS_CONSUME": "true"}) as stack:
        people = [await sign_up(stack.url) for _ in range(PEOPLE)]
        await _enrich(stack, people)
        found, references = [], []
        async with bare_fastapi() as bare:
            for _ in range(rounds):
                references.append((await load(bare, clients=CLIENTS, seconds=seconds)).rate)
                found.append(await _consume(stack, people, seconds))
        stack.magicpic("audit")
    result = sorted(found, key=lambda result: result.rate)[rounds // 2]
    reference = sorted(references)[rounds // 2]
    return [
        Line(
            f"POST /api/credits/consume, {CLIENTS} clients",
            f"{result.rate:,.0f}/s, {result.rate / reference:.0%}; p99 {percentile_ms(result.seconds, 99):.0f} ms",
            f"bare FastAPI route: {reference:,.0f}/s",
            "≥ 2,500/s",
            result.rate >= 2500,
        )
    ]


async def _consume(stack: Stack, people: list[dict[str, Any]], seconds: float) -> Result:
    results = await asyncio.gather(
        *[
            load(
                f"{stack.url}/api/credits/consume",
                clients=CLIENTS // PEOPLE,
                seconds=seconds,
                headers={"Authorization": f"Bearer {person['access_token']}"},
                bodies=[BODY],
            )
            for person in people
        ]
    )
    together = Result(sum(result.rate for result in results))
    for result in results:
        assert set(result.statuses) == {200}, result.statuses
        together.seconds += result.seconds
    return together


async def _enrich(stack: Stack, people: list[dict[str, Any]]) -> None:
    """Enough to spend."""
    client = await nats.connect(stack.variables["MAGICPIC_NATS_URL"])
    inbox = client.new_inbox()
    heard = await client.subscribe(inbox)
    items = [
        Item(f"rich:{person['user']['id']}", "grant", person["user"]["id"], 10_000_000, "prize", "x", source="prize")
        for person in people
    ]
    await client.jetstream().publish(subjects.BULK_TRANSFERS, msgspec.json.encode(Batch(items, "", inbox)))
    await heard.next_msg(10)
    await client.close()
