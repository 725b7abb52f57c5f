"""Styles from the gateway's memory: fast, and never old for more than a second."""

import asyncio
import time

import pytest

from contracts.errors import ServiceError
from contracts.events.catalog import CategoryPublished, StylePublished, StyleUsed
from contracts.rpc import auth, catalog, creation
from deploy.local.servers import EmbeddedServers
from tests.integration.gateway.conftest import Running, eventually
from tests.integration.gateway.fakes import Fakes, style
from tests.integration.gateway.test_envelope import assert_error


def published(style_id: int, name: str) -> StylePublished:
    return StylePublished(
        style_id=style_id,
        name=name,
        slug="s",
        prompt_template="p",
        negative_prompt="n",
        effect="oil",
        credits_required=50,
        active=True,
    )


@pytest.mark.parametrize(
    ("path", "max_age_s"),
    [("/api/categories", 3600), ("/api/styles", 1800), ("/api/styles/trending", 300), ("/api/credits/balance", 30)],
)
async def test_a_client_may_keep_what_the_guide_lets_it_keep(gateway: Running, path: str, max_age_s: int) -> None:
    first = await gateway.client.get(path)
    assert first.headers["cache-control"] == f"private, max-age={max_age_s}"
    etag = first.headers["etag"]
    assert etag.startswith('"')
    for known in (etag, f'"other", {etag}', f"W/{etag}", "*"):
        again = await gateway.client.get(path, headers={"If-None-Match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == etag
        assert again.headers["cache-control"] == first.headers["cache-control"]
    other = await gateway.client.get(path, headers={"If-None-Match": '"other"'})
    assert other.content == first.content


async def test_one_persons_balance_is_not_kept_for_another(gateway: Running) -> None:
    answer = await gateway.client.get("/api/credits/balance")
    assert answer.headers["vary"] == "Authorization, Cookie"


@pytest.mark.parametrize("path", ["/api/styles/1", "/api/credits/history", "/api/creations/mine", "/api/auth/me"])
async def test_nothing_else_may_be_kept(gateway: Running, path: str) -> None:
    assert (await gateway.client.get(path)).headers["cache-control"] == "no-store"


async def test_lists_have_their_total_and_styles_their_pages(gateway: Running) -> None:
    styles = (await gateway.client.get("/api/styles?limit=1")).json()
    assert styles["total"] == 2
    assert [found["id"] for found in styles["data"]] == [1]
    assert styles["pagination"] == {
        "page": 1,
        "limit": 1,
        "total": 2,
        "total_pages": 2,
        "has_next": True,
        "has_prev": False,
    }
    assert styles["data"][0]["category"]["styles_count"] == 2
    assert (await gateway.client.get("/api/categories")).json()["total"] == 1
    trending = (await gateway.client.get("/api/styles/trending")).json()
    assert (trending["total"], trending["data"][0]["rank"]) == (2, 1)


async def test_catalog_is_asked_once_for_what_many_want(gateway: Running, fakes: Fakes) -> None:
    answers = await asyncio.gather(*[gateway.client.get("/api/styles") for _ in range(20)])
    assert {answer.status_code for answer in answers} == {200}
    assert len(fakes.asked[catalog.ListStyles]) == 1
    await gateway.client.get("/api/styles?limit=20&page=1&sort=popular")  # the same question in other words
    assert len(fakes.asked[catalog.ListStyles]) == 1
    await gateway.client.get("/api/styles?search=Ghibli")
    assert len(fakes.asked[catalog.ListStyles]) == 2


@pytest.mark.parametrize(
    "event",
    [
        StyleUsed(style_id=1, uses_count=1),
        published(1, "Renamed"),
        CategoryPublished(category_id=1, name="Anime", slug="anime"),
    ],
)
async def test_a_change_is_seen_within_a_second(
    gateway: Running, fakes: Fakes, event: StyleUsed | StylePublished | CategoryPublished
) -> None:
    before = await gateway.client.get("/api/styles")
    fakes.styles[1] = style(1, uses_count=1, name="Renamed")
    said_at = time.monotonic()
    await fakes.say(event)

    async def is_seen() -> bool:
        after = await gateway.client.get("/api/styles", headers={"If-None-Match": before.headers["etag"]})
        return after.status_code == 200 and after.json()["data"][0]["name"] == "Renamed"

    await eventually(is_seen)
    assert time.monotonic() - said_at < 1


async def test_many_uses_make_few_questions(gateway: Running, fakes: Fakes) -> None:
    for count in range(50):
        await fakes.say(StyleUsed(style_id=1, uses_count=count))
        await gateway.client.get("/api/styles")
    assert len(fakes.asked[catalog.ListStyles]) <= 5


async def test_a_style_is_shown_with_what_others_made_of_it(gateway: Running, fakes: Fakes) -> None:
    shown = (await gateway.client.get("/api/styles/1")).json()["data"]
    assert shown["prompt_template"] == "Dream…"
    assert (shown["sample_outputs"], shown["related_styles"]) == ([], [])
    [made] = shown["user_creations"]
    assert made["user"] == {"id": 8, "name": "Person 8", "avatar_url": None}
    assert made["style"]["name"] == "Ghibli Art"
    assert not {"original_image_url", "style_id", "user_id"} & set(made)
    assert fakes.asked[creation.RecentInStyle][0].user_id == 42


async def test_a_style_is_shown_even_when_creation_and_auth_are_away(gateway: Running, fakes: Fakes) -> None:
    fakes.on(auth.PeopleByIds, ServiceError("SERVICE_UNAVAILABLE", "away"))
    shown = (await gateway.client.get("/api/styles/1")).json()["data"]
    assert shown["user_creations"][0]["user"] == {"id": 8, "name": "MagicPic user", "avatar_url": None}
    fakes.on(creation.RecentInStyle, ServiceError("SERVICE_UNAVAILABLE", "away"))
    assert (await gateway.client.get("/api/styles/1")).json()["data"]["user_creations"] == []


async def test_a_style_that_is_not_there_is_not_found_without_asking_for_it(gateway: Running, fakes: Fakes) -> None:
    for style_id in (3, 999999999999999):
        assert_error(await gateway.client.get(f"/api/styles/{style_id}"), 404, "STYLE_NOT_FOUND")
    assert not fakes.asked[catalog.GetStyle]


async def test_while_the_broker_is_away_nothing_is_served_from_memory_and_afterwards_it_is_again(
    gateway: Running, fakes: Fakes, servers: EmbeddedServers
) -> None:
    assert (await gateway.client.get("/api/styles")).status_code == 200
    servers.nats.kill()
    try:

        async def is_deaf() -> bool:
            return (await gateway.anonymous.get("/readyz")).status_code == 503

        await eventually(is_deaf)
        fakes.styles[1] = style(1, name="Changed in the dark")
        assert (await gateway.client.get("/api/styles")).status_code in {503, 504}
    finally:
        servers.nats.restart()

    async def is_new_and_kept() -> bool:
        asked = len(fakes.asked[catalog.ListStyles])
        answer = await gateway.client.get("/api/styles")
        is_new = answer.status_code == 200 and answer.json()["data"][0]["name"] == "Changed in the dark"
        return is_new and len(fakes.asked[catalog.ListStyles]) == asked

    await eventually(is_new_and_kept, within_s=10)
