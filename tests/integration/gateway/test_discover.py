"""The first page, searching, and challenges: put together from several services, and whole without one of them."""

from typing import Any

import pytest

from contracts.errors import ServiceError
from contracts.events.catalog import ChallengeStarted
from contracts.rpc import auth, catalog, creation
from tests.integration.gateway.conftest import Running, eventually
from tests.integration.gateway.fakes import Fakes, category, public_creation, style
from tests.integration.gateway.test_envelope import assert_error

AWAY = ServiceError("SERVICE_UNAVAILABLE", "away")
CHALLENGE = catalog.Challenge(
    id=20260218,
    title="Ghibli Art Challenge",
    style_id=1,
    day="2026-02-18",
    starts_at="2026-02-18T00:00:00.000Z",
    ends_at="2026-02-19T00:00:00.000Z",
    status="running",
    participants=3,
)
GUIDE = {"trending_styles", "new_styles", "featured_creations", "popular_categories", "daily_challenge"}
USER = {"id": 7, "name": "Asha", "avatar_url": None, "creations_count": 2}
PLAN = {"title": " Neon Night ", "style_id": 2, "day": "2026-02-20"}


@pytest.fixture
def catalogs(fakes: Fakes) -> Fakes:
    """What the services answer to all this."""
    front = catalog.Front(
        trending_styles=[style(1)], new_styles=[style(2)], popular_categories=[category()], daily_challenge=CHALLENGE
    )
    fakes.on(catalog.GetFront, front)
    fakes.on(creation.Featured, creation.PublicCreations(items=[public_creation(5, 8)]))
    fakes.on(catalog.SearchCatalog, catalog.Found(styles=[style(1)], categories=[category()]))
    fakes.on(auth.SearchPeople, auth.FoundPeople(items=[auth.FoundPerson(**USER)]))
    fakes.on(catalog.GetTodaysChallenge, CHALLENGE)
    fakes.on(catalog.ListChallenges, catalog.ChallengePage(items=[CHALLENGE], total=21))
    entries = [catalog.ChallengeEntry(rank=n, creation_id=100 + n, likes=9 - n) for n in (1, 2, 3)]
    fakes.on(catalog.GetChallengeBoard, catalog.ChallengeBoard(items=entries, total=3))
    pictures = [public_creation(103, 8), public_creation(101, 9)]
    fakes.on(creation.PublicByIds, creation.PublicCreations(items=pictures))
    return fakes


async def get(gateway: Running, path: str) -> Any:
    answer = await gateway.client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


@pytest.mark.usefixtures("catalogs")
async def test_the_first_page_is_as_the_guide_has_it(gateway: Running) -> None:
    found = await get(gateway, "/api/discover")
    assert set(found) == GUIDE | {"missing"}
    assert [found[name][0]["id"] for name in ("trending_styles", "new_styles", "popular_categories")] == [1, 2, 1]
    [picture] = found["featured_creations"]
    assert (picture["user"]["name"], picture["style"]["id"], "style_id" in picture) == ("Person 8", 1, False)
    challenge = found["daily_challenge"]
    assert (challenge["style"]["name"], challenge["participants"]) == ("Ghibli Art", 3)
    assert set(challenge) == {"id", "title", "style", "participants", "ends_at"}
    assert found["missing"] == []


async def test_what_is_the_same_for_everyone_is_asked_once_until_the_next_challenge(
    gateway: Running, catalogs: Fakes
) -> None:
    for _ in range(3):
        await get(gateway, "/api/discover")
    assert (len(catalogs.asked[catalog.GetFront]), len(catalogs.asked[creation.Featured])) == (1, 3)
    catalogs.on(
        catalog.GetFront,
        catalog.Front(trending_styles=[], new_styles=[], popular_categories=[], daily_challenge=None),
    )
    await catalogs.say(ChallengeStarted(challenge_id=20260219, style_id=1, ends_at="x"))

    async def changed() -> bool:
        found = await get(gateway, "/api/discover")
        return "daily_challenge" not in found and found["missing"] == []

    await eventually(changed)


async def test_with_a_service_away_the_rest_is_shown_and_the_missing_named(gateway: Running, catalogs: Fakes) -> None:
    catalogs.on(creation.Featured, AWAY)
    found = await get(gateway, "/api/discover")
    assert (found["featured_creations"], found["missing"]) == ([], ["featured_creations"])
    assert found["trending_styles"]
    catalogs.on(auth.SearchPeople, AWAY)
    found = await get(gateway, "/api/discover/search?q=a")
    assert (found["users"], found["missing"], found["total_results"]) == ([], ["users"], 2)
    catalogs.on(catalog.SearchCatalog, ServiceError("DEADLINE_EXCEEDED", "late"))
    found = await get(gateway, "/api/discover/search?q=a")
    assert (found["missing"], found["total_results"]) == (["styles", "categories", "users"], 0)
    catalogs.on(creation.PublicByIds, AWAY)
    today = await get(gateway, "/api/challenges/today")
    assert (today["leaderboard"], today["missing"], today["title"]) == ([], ["leaderboard"], CHALLENGE.title)


async def test_with_catalog_away_from_the_start_the_page_is_empty_and_says_so(
    gateway: Running, catalogs: Fakes
) -> None:
    for request_type in (catalog.GetFront, catalog.ListStyles):
        catalogs.on(request_type, AWAY)
    found = await get(gateway, "/api/discover")
    assert set(found["missing"]) == GUIDE
    assert [found[name] for name in sorted(GUIDE - {"daily_challenge"})] == [[], [], [], []]
    assert "daily_challenge" not in found


async def test_a_search_asks_for_what_is_wanted(gateway: Running, catalogs: Fakes) -> None:
    found = await get(gateway, "/api/discover/search?q=%20Wedd%20ing%20")
    assert (found["users"], found["total_results"], found["missing"]) == ([USER], 3, [])
    assert set(found) == {"styles", "categories", "users", "total_results", "missing"}
    assert catalogs.asked[auth.SearchPeople][0].q == "Wedd ing"
    await get(gateway, "/api/discover/search?q=a&type=users&limit=500")
    assert (len(catalogs.asked[catalog.SearchCatalog]), catalogs.asked[auth.SearchPeople][1].limit) == (1, 50)
    found = await get(gateway, "/api/discover/search?q=a&type=categories")
    asked = catalogs.asked[catalog.SearchCatalog][1]
    assert (asked.styles, asked.categories, found["users"], found["missing"]) == (False, True, [], [])
    assert len(catalogs.asked[auth.SearchPeople]) == 2


@pytest.mark.parametrize("q", ["", "?q=", "?q=%20%20"])
async def test_nothing_is_found_where_nothing_is_sought_and_nobody_is_asked(
    gateway: Running, catalogs: Fakes, q: str
) -> None:
    found = await get(gateway, f"/api/discover/search{q}")
    assert found == {"styles": [], "categories": [], "users": [], "total_results": 0, "missing": []}
    assert not {catalog.SearchCatalog, auth.SearchPeople} & set(catalogs.asked)


@pytest.mark.usefixtures("catalogs")
async def test_what_cannot_be_searched_for_is_a_400(gateway: Running) -> None:
    for query in ("q=" + "x" * 10_000, "q=a%00b", "q=a&type=people", "q=a&limit=0", "q=a&limit=x"):
        assert_error(await gateway.client.get(f"/api/discover/search?{query}"), 400, "VALIDATION_ERROR")
    for query in ("a", "%ff%fe", "%F0%9F%A6%84", "%E2%80%AE", "'; DROP TABLE people; --", "%25_%5C"):
        assert (await get(gateway, f"/api/discover/search?q={query}"))["total_results"] == 3


async def test_a_leaderboard_shows_pictures_and_leaves_out_those_that_are_gone(
    gateway: Running, catalogs: Fakes
) -> None:
    answer = (await gateway.client.get("/api/challenges/20260218/leaderboard?page=2&limit=3")).json()
    assert [(each["rank"], each["likes"], each["creation"]["id"]) for each in answer["data"]] == [
        (1, 8, 101),
        (3, 6, 103),
    ]
    assert answer["data"][0]["creation"]["user"]["name"] == "Person 9"
    assert (answer["total"], answer["pagination"]["page"]) == (3, 2)
    assert catalogs.asked[creation.PublicByIds][0].creation_ids == [101, 102, 103]
    today = await get(gateway, "/api/challenges/today")
    assert (len(today["leaderboard"]), today["style"]["id"], today["status"]) == (2, 1, "running")
    listed = (await gateway.client.get("/api/challenges")).json()
    assert (listed["total"], listed["data"][0]["style"]["id"], listed["data"][0]["day"]) == (21, 1, "2026-02-18")
    catalogs.on(catalog.GetTodaysChallenge, ServiceError("CHALLENGE_NOT_FOUND", "none"))
    assert_error(await gateway.client.get("/api/challenges/today"), 404, "CHALLENGE_NOT_FOUND")


async def test_only_admins_plan_challenges(gateway: Running, catalogs: Fakes) -> None:
    planned = CHALLENGE.model_copy(update={"status": "planned"})
    catalogs.on(catalog.PlanChallenge, planned)
    catalogs.on(catalog.ChangeChallenge, planned)
    catalogs.on(catalog.WithdrawChallenge, catalog.ChallengeWithdrawn(challenge_id=20260218))
    catalogs.on(catalog.ListPlannedChallenges, catalog.ChallengePage(items=[planned], total=1))
    admin = {"Authorization": f"Bearer {catalogs.key.token(42, role='admin')}"}
    one, many = "/api/admin/challenges/20260218", "/api/admin/challenges"
    for method, path, body in (
        ("POST", many, PLAN),
        ("PATCH", one, {"title": "T"}),
        ("DELETE", one, None),
        ("GET", many, None),
    ):
        assert_error(await gateway.client.request(method, path, json=body), 403, "PERMISSION_DENIED")
        answer = await gateway.anonymous.request(method, path, json=body, headers=admin)
        assert answer.status_code == 200, answer.text
    asked = catalogs.asked[catalog.PlanChallenge]
    assert [(each.by, each.title, each.day.isoformat()) for each in asked] == [(42, "Neon Night", "2026-02-20")]
    for wrong in ({"title": "  "}, {"title": "x" * 81}, {"day": "tomorrow"}, {"style_id": 0}, {"style_id": None}):
        answer = await gateway.anonymous.post(many, json=PLAN | wrong, headers=admin)
        assert_error(answer, 400, "VALIDATION_ERROR")
