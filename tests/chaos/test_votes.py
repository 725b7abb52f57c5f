"""kill -9 while people vote and like: what was answered counts, and nothing counts twice."""

import asyncio
import os
import random
from pathlib import Path

import httpx

from tests.bench.votes import BATTLE_ID, BODIES, begin_battle, voters_of
from tests.chaos.test_kills import UNLIMITED, Someone, kill_some, sign_up
from tests.stack import running_stack
from tests.waiting import until

FULL = os.environ.get("MAGICPIC_CHAOS") == "full"
VOTERS = 2000 if FULL else 400
AT_ONCE = 20
VOTED = {(200, None), (409, "ALREADY_VOTED")}
"""An answer that was lost is asked for again."""


async def test_every_vote_and_like_counts_once_whatever_dies(tmp_path: Path) -> None:
    with running_stack(tmp_path / "stack", UNLIMITED) as stack:
        await begin_battle(stack, VOTERS)
        artist = await sign_up(stack.url)
        await artist.paint(1, 1)
        [picture] = artist.completed
        kept = 0
        heads = iter(voters_of(stack, VOTERS))
        killer = asyncio.create_task(kill_some(stack, random.Random(3)))

        async def vote_on() -> None:
            nonlocal kept
            async with httpx.AsyncClient(base_url=stack.url, timeout=30) as client:
                for number, head in enumerate(heads):
                    client.headers.update(head)
                    path = f"/api/battles/{BATTLE_ID}/vote"
                    answer = await Someone(client).call("POST", path, content=BODIES[number % 2])
                    code = None if answer.status_code == 200 else answer.json()["error"]["code"]
                    assert (answer.status_code, code) in VOTED, answer.text
                    # Everyone likes it, and every third one takes that back.
                    for method in ("POST", "DELETE") if number % 3 == 0 else ("POST",):
                        answer = await Someone(client).call(method, f"/api/creations/{picture}/like")
                        assert answer.status_code == 200, answer.text
                    kept += method == "POST"
                    await asyncio.sleep(0 if killer.done() else 0.2)

        await asyncio.gather(*[vote_on() for _ in range(AT_ONCE)])
        await killer
        async with httpx.AsyncClient(base_url=stack.url, timeout=30, headers=next(voters_of(stack, 1))) as client:

            async def total() -> int:
                answer = await Someone(client).call("GET", f"/api/battles/{BATTLE_ID}")
                return int(answer.json()["data"]["total_votes"])

            assert await until(total, lambda votes: votes >= VOTERS) == VOTERS
        found = (await artist.call("GET", f"/api/creations/{picture}")).json()["data"]
        assert found["likes_count"] == kept
        await artist.client.aclose()
        assert "0 faults" in stack.magicpic("audit")
        assert "No dead letters" in stack.magicpic("dead", "list")
