"""Looking around through the gateway: the first page, the day's challenge, searching."""

from typing import Any

from tests.e2e.conftest import Person
from tests.e2e.test_main_job import make
from tests.waiting import until


async def test_whoever_paints_in_the_style_of_the_day_takes_part_and_is_found(jane: Person) -> None:
    async def get(path: str) -> Any:
        answer = await jane.client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    front = await until(lambda: get("/api/discover"), lambda found: "daily_challenge" in found, timeout_s=60)
    assert [len(front[name]) for name in ("trending_styles", "new_styles", "popular_categories")] == [5, 5, 4]
    challenge = front["daily_challenge"]
    made = await make(jane, style_id=challenge["style"]["id"])
    board = await until(
        lambda: get(f"/api/challenges/{challenge['id']}/leaderboard?limit=50"),
        lambda entries: made in {entry["creation"]["id"] for entry in entries},
    )
    assert [entry["rank"] for entry in board] == list(range(1, len(board) + 1))
    assert (await get("/api/challenges/today"))["participants"] >= 1

    name = "Zuzanna Quispe"
    await jane.client.put("/api/users/profile", json={"name": name})
    user = {"id": jane.id, "name": name, "avatar_url": None, "creations_count": 1}
    await until(lambda: get("/api/discover/search?q=zuzana+quis"), lambda found: user in found["users"])
    found = await get("/api/discover/search?q=gihbli&type=styles")
    assert [style["slug"] for style in found["styles"]][:1] == ["ghibli-art"]
    assert (found["users"], found["total_results"], found["missing"]) == ([], len(found["styles"]), [])
