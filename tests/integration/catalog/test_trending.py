"""From pictures made elsewhere to counts, trend and StyleUsed, over real JetStream and PostgreSQL."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from nats.aio.client import Client

from contracts.envelope import Envelope
from contracts.events.catalog import CategoryPublished, StylePublished, StyleUsed
from contracts.subjects import event_subject
from kernel.projection import rebuild
from services.catalog import projections, tables
from services.catalog.app import CODEC, CatalogSettings
from services.catalog.domain import STYLE, RecordUse, RetireStyle
from tests.given import refused
from tests.integration.catalog.conftest import Shop, Voice, opened
from tests.waiting import until

OwnerOf = Callable[[str], Awaitable[asyncpg.Connection]]
DAY = timedelta(days=1)


async def uses(shop: Shop) -> dict[int, int]:
    async with shop.service.database.write() as connection:
        return {row["id"]: row["uses_count"] for row in await connection.fetch("SELECT id, uses_count FROM styles")}


async def test_unused_styles_fill_the_top_ten_with_a_score_of_zero(shop: Shop) -> None:
    await shop.fill(*(f"Style {number}" for number in range(1, 13)))
    found = await shop.trending()
    assert [(style.id, style.rank, style.trend_score, style.weekly_uses) for style in found] == [
        (number, number, 0.0, 0) for number in range(1, 11)
    ]
    assert await shop.styles(trending=True) == [style.name for style in found]
    assert len(await shop.styles(trending=False)) == 12


async def test_trending_moves_with_uses_and_falls_with_time(shop: Shop, voice: Voice) -> None:
    await shop.fill(*(f"Style {number}" for number in range(1, 13)))
    for style_id, ago, times in ((1, 3 * DAY, 4), (12, timedelta(0), 1), (11, timedelta(0), 2)):
        for _ in range(times):
            await voice.generated(style_id, at=shop.now - ago)
    await until(lambda: uses(shop), lambda found: sum(found.values()) == 7)
    found = await shop.trending()
    assert [(style.id, style.trend_score, style.uses_count) for style in found[:4]] == [
        (11, 2.0, 2),
        (12, 1.0, 1),
        (1, 0.5, 4),
        (2, 0.0, 0),
    ]
    assert [style.rank for style in found] == list(range(1, 11))
    assert all(style.is_trending for style in found)
    assert {"Style 11", "Style 12"} <= set(await shop.styles(trending=True))
    shop.now += DAY
    assert [(style.id, style.trend_score) for style in (await shop.trending())[:3]] == [(11, 1.0), (12, 0.5), (1, 0.25)]


async def test_equal_scores_are_ordered_by_uses_then_id(shop: Shop, voice: Voice) -> None:
    await shop.fill("One", "Two", "Three")
    for style_id, ago in ((1, 0 * DAY), (2, 0 * DAY), (3, DAY), (3, DAY)):
        await voice.generated(style_id, at=shop.now - ago)
    await until(lambda: uses(shop), lambda found: sum(found.values()) == 4)
    found = await shop.trending()
    assert [(style.id, style.trend_score) for style in found] == [(3, 1.0), (1, 1.0), (2, 1.0)]


async def test_weekly_uses_are_those_of_the_last_seven_days(shop: Shop, voice: Voice) -> None:
    await shop.fill("One")
    shop.now = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    for days_ago in (0, 6, 6, 7, 30):
        await voice.generated(1, at=shop.now - days_ago * DAY)
    await until(lambda: uses(shop), lambda found: found == {1: 5})
    assert [(style.weekly_uses, style.uses_count) for style in await shop.trending()] == [(3, 5)]
    shop.now += DAY
    assert [style.weekly_uses for style in await shop.trending()] == [1]


async def test_a_picture_that_is_told_of_twice_counts_once(shop: Shop, voice: Voice) -> None:
    await shop.fill("One", "Two")
    creation = await voice.generated(1, at=shop.now)
    await voice.generated(1, at=shop.now + timedelta(seconds=1), creation_id=creation)
    await asyncio.gather(*[voice.generated(1, at=shop.now, creation_id=creation) for _ in range(5)])
    await voice.generated(2, at=shop.now)
    await until(lambda: uses(shop), lambda found: found[2] == 1)
    assert await until(lambda: everything_heard(shop), bool)
    assert await uses(shop) == {1: 1, 2: 1}


async def everything_heard(shop: Shop) -> bool:
    info = await shop.service.bus.connected().jetstream().consumer_info("CREATION", "catalog")
    return (info.num_pending, info.num_ack_pending) == (0, 0)


async def test_a_style_that_catalog_does_not_know_is_no_use(shop: Shop, voice: Voice) -> None:
    await shop.fill("One")
    await voice.generated(404, at=shop.now)
    await voice.generated(1, at=shop.now)
    await until(lambda: uses(shop), lambda found: found == {1: 1})


async def test_the_others_hear_of_what_is_published_and_used(shop: Shop, voice: Voice, client: Client) -> None:
    heard = await client.jetstream().subscribe("events.catalog.>", ordered_consumer=True)
    await shop.fill("One")
    await voice.generated(1, at=shop.now)
    await until(lambda: uses(shop), lambda found: found == {1: 1})
    await shop.service.commands.execute(STYLE, 1, RetireStyle(1))
    messages = [await heard.next_msg(timeout=10) for _ in range(4)]
    envelopes = [Envelope.model_validate_json(message.data) for message in messages]
    assert [message.subject for message in messages] == [
        event_subject(event.TYPE) for event in (CategoryPublished, StylePublished, StyleUsed, StylePublished)
    ]
    assert [envelope.stream for envelope in envelopes] == ["category-1", "style-1", "style-1", "style-1"]
    assert StyleUsed.model_validate(envelopes[2].data) == StyleUsed(style_id=1, uses_count=1)
    told = [StylePublished.model_validate(envelopes[number].data) for number in (1, 3)]
    assert [style.active for style in told] == [True, False]
    assert told[0].prompt_template.endswith("word40.")


async def test_another_half_life_keeps_the_order_and_the_scores_of_the_moment(settings: CatalogSettings) -> None:
    async with opened(settings) as shop:
        await shop.fill("One", "Two", "Three")
        uses_ago = [(2, 0 * DAY), (2, 0 * DAY), (1, DAY)]
        for creation_id, (style_id, ago) in enumerate(uses_ago):
            command = RecordUse(style_id, creation_id, shop.now - ago, settings.half_life_s)
            await shop.service.commands.execute(STYLE, style_id, command)
        before = [(style.id, style.trend_score) for style in await shop.trending()]
    assert before == [(2, 2.0), (1, 0.5), (3, 0.0)]
    async with opened(settings.model_copy(update={"trend_half_life_h": 6.0})) as faster:
        assert [(style.id, style.trend_score) for style in await faster.trending()] == before
        faster.now += DAY / 4
        assert [(style.id, style.trend_score) for style in await faster.trending()] == [(2, 1.0), (1, 0.25), (3, 0.0)]


@pytest.mark.parametrize("damage", [None, "UPDATE styles SET uses_count = 0", "DELETE FROM style_uses"])
async def test_a_rebuild_gives_the_same_tables_again(
    shop: Shop, owner_of: OwnerOf, settings: CatalogSettings, damage: str | None
) -> None:
    await shop.fill("One", "Two", "Three", "Four")
    now = datetime.now(UTC)
    commands = [RecordUse(number % 3 + 1, number, now - number * DAY / 9, 86_400.0) for number in range(60)]
    await asyncio.gather(
        *[shop.service.commands.execute(STYLE, command.style_id, command) for command in commands],
        shop.service.commands.execute(STYLE, 4, RetireStyle(4)),
        shop.style(2, "Two again"),
    )
    answered = await shop.trending()
    owner = await owner_of(settings.catalog_database_url)
    if damage:
        await owner.execute(damage)
    differences = await rebuild(owner, CODEC, tables.metadata, projections.project)
    assert {found.table for found in differences} == set(tables.metadata.tables)
    assert any(found.only_live or found.only_rebuilt for found in differences) == bool(damage)
    assert await shop.trending() == answered
    await shop.style(5, "Five")
    with refused("VALIDATION_ERROR"):
        await shop.style(6, "Six", slug="style-5")
