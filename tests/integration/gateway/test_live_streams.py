"""The same news over plain HTTP."""

from typing import Any

import orjson

from contracts.events.auth import SessionRevoked
from contracts.events.ledger import CreditsGranted
from tests.integration.gateway.conftest import Running, eventually
from tests.integration.gateway.fakes import Fakes
from tests.integration.gateway.live import vote
from tests.integration.gateway.test_live_doors import EXPIRED, nobody_is_left
from tests.integration.gateway.test_standing import bearer


async def test_a_stream_tells_the_same_and_ends_with_its_session(gateway: Running, fakes: Fakes) -> None:
    token = fakes.key.token(42, sid="short")
    path = "/api/live?battle_id=7&battle_id=8"
    async with gateway.anonymous.stream("GET", path, headers=bearer(token)) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = stream.aiter_lines()
        assert (await anext(lines)).startswith("retry: ")
        await vote(fakes, 8, 1, 2)
        assert await _next_event(lines) == ("battle:vote_update", {"battle_id": 8, "votes_a": 1, "votes_b": 2})
        await fakes.say(CreditsGranted(user_id=1, credits=1, reason="ad", balance=4))
        await fakes.say(CreditsGranted(user_id=42, credits=1, reason="ad", balance=5))
        assert await _next_event(lines) == ("credits:updated", {"balance": 5})
        await fakes.say(SessionRevoked(session_id="short", user_id=42, reason="logout"))
        assert await _next_event(lines) == ("session:expired", EXPIRED)
        assert [line async for line in lines if line] == []
    for query in ("battle_id=x", "battle_id=-1", "battle_id=0", "&".join(f"battle_id={n}" for n in range(1, 22))):
        answer = await gateway.client.get(f"/api/live?{query}")
        assert answer.status_code == 400, query
    assert (await gateway.anonymous.get("/api/live")).status_code == 401
    await eventually(lambda: nobody_is_left(gateway))


async def _next_event(lines: Any) -> tuple[str, Any]:
    name = ""
    async for line in lines:
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        if line.startswith("data: "):
            return name, orjson.loads(line.removeprefix("data: "))
    raise AssertionError("the stream has ended")
