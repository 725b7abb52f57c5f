"""A battle from end to end: two people enter, a third one votes, the winner is paid."""

import asyncio
from typing import Any

from tests.e2e.conftest import SignUp
from tests.e2e.test_main_job import make
from tests.waiting import until


async def test_two_enter_a_third_votes_and_the_winner_is_paid(sign_up: SignUp) -> None:
    jane, john, voter = [await sign_up() for _ in range(3)]
    mine, his, private = await asyncio.gather(make(jane), make(john, style_id=2), make(jane, public=False))
    refused = [
        (await jane.client.post("/api/battles/enter", json={"creation_id": creation_id})).json()["error"]["code"]
        for creation_id in (his, private, 10**9)
    ]
    assert refused == ["NOT_OWNER", "CREATION_PRIVATE", "CREATION_NOT_FOUND"]
    for person, creation_id in ((jane, mine), (john, his)):
        entered = await person.client.post("/api/battles/enter", json={"creation_id": creation_id})
        assert entered.json() == {
            "success": True,
            "message": "Creation entered into battle pool! You'll be matched soon.",
        }

    async def current() -> dict[str, Any]:
        found: dict[str, Any] = (await voter.client.get("/api/battles/current")).json()["data"]
        return found

    battle = await until(current, bool)
    assert {battle["creation_a"]["id"], battle["creation_b"]["id"]} == {mine, his}
    assert battle["creation_a"]["user"]["name"] == "Jane Doe"
    assert 0 < battle["time_remaining"] <= 7
    again = await jane.client.post("/api/battles/enter", json={"creation_id": mine})
    assert again.json()["error"]["code"] == "ALREADY_IN_BATTLE"
    path = f"/api/battles/{battle['id']}"
    voted = (await voter.client.post(f"{path}/vote", json={"creation_id": mine})).json()
    assert (voted["data"]["user_vote"], voted["message"]) == (mine, "Vote recorded!")
    assert (await voter.client.post(f"{path}/vote", json={"creation_id": his})).status_code == 409
    assert (await current())["user_vote"] == mine
    assert (await voter.client.get("/api/battles/next")).json()["data"] is None

    async def credits_history() -> list[str]:
        return [entry["type"] for entry in (await jane.client.get("/api/credits/history")).json()["data"]]

    await until(credits_history, lambda types: types[0] == "battle_win")
    assert (await jane.balance())["balance"] == 2500 - 2 * 50 + 100
    result = (await john.client.get(path)).json()["data"]
    assert (result["status"], result["winner_id"], result["prize"]) == ("ended", mine, 100)
    assert (await voter.client.post(f"{path}/vote", json={"creation_id": his})).json()["error"][
        "code"
    ] == "ALREADY_VOTED"
    late = await (await sign_up()).client.post(f"{path}/vote", json={"creation_id": his})
    assert (late.status_code, late.json()["error"]["code"]) == (400, "BATTLE_ENDED")
    [fought] = (await john.client.get("/api/battles/history")).json()["data"]
    assert (fought["result"], fought["my_creation"]["votes"], fought["opponent_creation"]["votes"]) == ("lost", 0, 1)
