"""The daily challenge on real servers: who starts it and when, and what it counts, in whatever order it is told."""

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta

import asyncpg
import pytest
from nats.aio.client import Client

from contracts.envelope import Envelope, Event
from contracts.events import auth as auth_events
from contracts.events import creation
from contracts.rpc import auth, catalog
from contracts.subjects import event_subject
from kernel.bus import MessageBus
from kernel.projection import rebuild
from services.catalog import projections, tables
from services.catalog.app import CODEC, CatalogSettings
from services.catalog.domain import STYLE, RetireStyle, ends_at, id_of, starts_at
from tests.fakes.auth import answer_standings
from tests.given import refused
from tests.integration.catalog.conftest import Shop
from tests.integration.catalog.test_trending import everything_heard
from tests.waiting import until

OwnerOf = Callable[[str], Awaitable[asyncpg.Connection]]
DAY = date(2026, 3, 1)
NOON = starts_at(DAY) + timedelta(hours=12)
NEXT = DAY + timedelta(days=1)
ROOT = 1
SUSPENDED = 666
Said = tuple[Event, datetime, int]
"""An event, its time, its position in its owner's store."""


async def say(client: Client, said: Said) -> None:
    event, at, position = said
    envelope = Envelope(
        id=f"00000000-0000-0000-0000-{position:012}",
        type=event.TYPE,
        version=1,
        time=at,
        stream="test-1",
        stream_version=1,
        position=position,
        correlation_id="test",
        causation_id="test",
        data=event.model_dump(mode="json"),
    )
    await client.jetstream().publish(event_subject(event.TYPE), envelope.model_dump_json().encode())


@asynccontextmanager
async def opened_at(settings: CatalogSettings, now: datetime) -> AsyncIterator[Shop]:
    shop = Shop(settings, now)
    await shop.service.start()
    try:
        yield shop
    finally:
        await shop.service.stop()


@pytest.fixture
async def noon(settings: CatalogSettings) -> AsyncIterator[Shop]:
    """A shop with three styles, at noon, before the day's challenge has started."""
    async with opened_at(settings, NOON) as shop:
        await shop.fill("Neon", "Noir", "Oil")
        yield shop


async def today(shop: Shop) -> tuple[int, str, int, str] | None:
    challenge = (await shop.ask(catalog.GetFront())).daily_challenge
    return challenge and (challenge.id, challenge.title, challenge.style_id, challenge.status)


async def started(shop: Shop, style_id: int, title: str) -> None:
    """What timers look for is looked for twice a second."""
    shop.now += timedelta(seconds=30)
    wanted = (id_of(shop.now.date()), title, style_id, "running")
    await until(lambda: today(shop), lambda found: found == wanted)


async def test_each_day_starts_with_the_style_that_waited_longest_also_after_a_night_off(
    settings: CatalogSettings, client: Client
) -> None:
    heard = await client.jetstream().subscribe("events.catalog.challenge_started", ordered_consumer=True)
    async with opened_at(settings, NOON) as shop:
        with refused("CHALLENGE_NOT_FOUND"):
            await shop.ask(catalog.GetTodaysChallenge())
        await shop.fill("Neon", "Noir", "Oil")
        await started(shop, 1, "Neon Challenge")
        shop.now = ends_at(DAY) - timedelta(seconds=1)
        assert (await shop.ask(catalog.GetTodaysChallenge())).style_id == 1
        await shop.service.commands.execute(STYLE, 2, RetireStyle(2))
        shop.now = ends_at(DAY)
        await started(shop, 3, "Oil Challenge")
    later = ends_at(DAY) + timedelta(days=2, hours=5)
    async with opened_at(settings, later) as shop, opened_at(settings, later):
        await started(shop, 1, "Neon Challenge")
        listed = await shop.ask(catalog.ListChallenges(limit=2))
        told = [Envelope.model_validate_json((await heard.next_msg(timeout=5)).data) for _ in range(3)]
    assert (listed.total, [(each.id, each.status) for each in listed.items]) == (
        3,
        [(20260304, "running"), (20260302, "ended")],
    )
    assert [envelope.data for envelope in told] == [
        {"challenge_id": 20260301, "style_id": 1, "ends_at": "2026-03-02T00:00:00.000Z"},
        {"challenge_id": 20260302, "style_id": 3, "ends_at": "2026-03-03T00:00:00.000Z"},
        {"challenge_id": 20260304, "style_id": 1, "ends_at": "2026-03-05T00:00:00.000Z"},
    ]
    assert told[0].stream == "challenge-20260301"


@pytest.fixture
async def accounts(nats_url: str) -> AsyncIterator[None]:
    """Auth's word on who is an admin: `ROOT` is; so is `SUSPENDED`, but may do nothing."""
    bus = MessageBus("auth", nats_url)

    def standing(user_id: int) -> auth.Standing:
        is_admin = user_id in {ROOT, SUSPENDED}
        return auth.Standing(role="admin" if is_admin else "user", suspended=user_id == SUSPENDED)

    answer_standings(bus, standing)
    await bus.start()
    yield
    await bus.close()


@pytest.mark.usefixtures("accounts")
async def test_an_admin_plans_changes_and_withdraws_until_the_day_begins(noon: Shop) -> None:
    plan = catalog.PlanChallenge(by=ROOT, day=NEXT, title="Noir Night", style_id=2)
    await started(noon, 1, "Neon Challenge")
    for request in (
        plan.model_copy(update={"by": 2}),
        plan.model_copy(update={"by": SUSPENDED}),
        catalog.ChangeChallenge(by=2, challenge_id=20260302),
        catalog.WithdrawChallenge(by=2, challenge_id=20260302),
        catalog.ListPlannedChallenges(by=2),
    ):
        with refused("PERMISSION_DENIED"):
            await noon.ask(request)
    with refused("STYLE_NOT_FOUND"):
        await noon.ask(plan.model_copy(update={"style_id": 404}))
    with refused("CHALLENGE_EXISTS"):
        await noon.ask(plan.model_copy(update={"day": DAY}))
    assert (await noon.ask(plan)).status == "planned"
    with refused("CHALLENGE_EXISTS"):
        await noon.ask(plan)
    with refused("CHALLENGE_NOT_FOUND"):
        await noon.ask(catalog.GetChallengeBoard(challenge_id=20260302))
    changed = await noon.ask(catalog.ChangeChallenge(by=ROOT, challenge_id=20260302, title="Oil Night", style_id=3))
    assert (changed.title, changed.style_id) == ("Oil Night", 3)
    after = plan.model_copy(update={"day": NEXT + timedelta(days=1)})
    await noon.ask(after)
    planned = await noon.ask(catalog.ListPlannedChallenges(by=ROOT))
    assert (planned.total, [each.id for each in planned.items]) == (2, [20260302, 20260303])
    assert (await noon.ask(catalog.WithdrawChallenge(by=ROOT, challenge_id=20260303))).challenge_id == 20260303
    with refused("CHALLENGE_NOT_FOUND"):
        await noon.ask(catalog.WithdrawChallenge(by=ROOT, challenge_id=20260303))
    noon.now = starts_at(NEXT)
    with refused("CHALLENGE_STARTED"):
        await noon.ask(catalog.ChangeChallenge(by=ROOT, challenge_id=20260302, title="Late"))
    await started(noon, 3, "Oil Night")
    assert (await noon.ask(catalog.ListPlannedChallenges(by=ROOT))).items == []


def made(position: int, creation_id: int, user_id: int, *, style_id: int = 1, at: datetime = NOON) -> Said:
    event = creation.CreationGenerated(
        creation_id=creation_id, user_id=user_id, style_id=style_id, style_name="x", credits=50, is_public=True
    )
    return event, at, position


def liked(position: int, creation_id: int, user_id: int, at: datetime = NOON) -> Said:
    return creation.CreationLiked(creation_id=creation_id, user_id=user_id, owner_id=1), at, position


def unliked(position: int, creation_id: int, user_id: int, at: datetime = NOON) -> Said:
    return creation.CreationUnliked(creation_id=creation_id, user_id=user_id, owner_id=1), at, position


def shown(position: int, creation_id: int, *, public: bool, at: datetime = NOON) -> Said:
    return creation.VisibilityChanged(creation_id=creation_id, user_id=1, is_public=public), at, position


LAST = ends_at(DAY) - timedelta(milliseconds=1)
STORY: list[Said] = [
    made(1, 101, 11, at=NOON + timedelta(minutes=2)),
    made(2, 102, 12, at=NOON + timedelta(minutes=1)),
    made(3, 103, 12),
    made(4, 104, 13),
    made(5, 105, 14),
    made(6, 106, 15, style_id=2),  # another style
    made(7, 107, 16, at=NOON - timedelta(days=1)),  # another day
    made(8, 108, 17, at=ends_at(DAY)),  # the next
    made(9, 109, 18),  # whoever will leave
    liked(10, 101, 21),
    liked(11, 101, 22),
    unliked(12, 101, 22),
    liked(13, 101, 22, LAST),
    unliked(14, 101, 22, ends_at(DAY)),  # too late
    liked(15, 102, 21),
    liked(16, 102, 23),
    liked(17, 102, 24, ends_at(DAY)),  # too late
    liked(18, 102, 18),  # of whoever will leave
    liked(19, 103, 21),
    unliked(20, 103, 21),
    liked(21, 104, 21),
    shown(22, 104, public=False),
    liked(23, 105, 21),
    (creation.CreationDeleted(creation_id=105, user_id=14, style_id=1), NOON, 24),
    shown(25, 103, public=False),
    shown(26, 103, public=True),
    liked(27, 109, 21),
    liked(28, 107, 21),  # on another day than that on which it was made
    (auth_events.AccountDeleted(user_id=18), NOON, 29),
]
BOARD = [(1, 102, 2), (2, 101, 2), (3, 103, 0)]
COUNTED = "SELECT t::text FROM {} t ORDER BY 1"


async def contents(shop: Shop) -> dict[str, list[str]]:
    """What challenges rest on. Likes that count nowhere are kept or not, as they happened to come."""
    found = {}
    async with shop.service.database.write() as connection:
        for name in ("pictures", "makers", "day_counts", "departed"):
            found[name] = [row[0] for row in await connection.fetch(COUNTED.format(name))]
    return found


async def heard_all(shop: Shop) -> bool:
    info = await shop.service.bus.connected().jetstream().consumer_info("AUTH", "catalog")
    return await everything_heard(shop) and (info.num_pending, info.num_ack_pending) == (0, 0)


@pytest.mark.parametrize("seed", [0, 1, 2])
async def test_likes_and_people_are_counted_the_same_in_any_order_and_twice_over(
    noon: Shop, client: Client, owner_of: OwnerOf, settings: CatalogSettings, seed: int
) -> None:
    story = [*STORY, *STORY] if seed else STORY
    if seed:
        random.Random(seed).shuffle(story)
    for said in story[: len(story) // 2]:
        await say(client, said)
    await until(lambda: heard_all(noon), bool)
    await started(noon, 1, "Neon Challenge")
    for said in story[len(story) // 2 :]:
        await say(client, said)
    await until(lambda: heard_all(noon), bool)
    noon.now = ends_at(DAY) + timedelta(days=5)  # the board stays as it is
    board = await noon.ask(catalog.GetChallengeBoard(challenge_id=20260301))
    assert ([(each.rank, each.creation_id, each.likes) for each in board.items], board.total) == (BOARD, 3)
    page = await noon.ask(catalog.GetChallengeBoard(challenge_id=20260301, page=2, limit=2))
    assert ([(each.rank, each.creation_id) for each in page.items], page.total) == ([(3, 103)], 3)
    listed = await noon.ask(catalog.ListChallenges())
    ended = next(each for each in listed.items if each.id == 20260301)
    assert (ended.participants, ended.status) == (4, "ended")  # 11, 12, 13 hidden, 14 deleted; 18 has left
    before = await contents(noon)
    async with noon.service.database.write() as connection:
        assert await connection.fetchval("SELECT count(*) FROM picture_likes WHERE user_id = 18") == 0
    owner = await owner_of(settings.catalog_database_url)
    differences = await rebuild(owner, CODEC, tables.metadata, projections.project)
    assert [found.table for found in differences if found.only_live or found.only_rebuilt] == []
    await owner.execute("UPDATE pictures SET likes = 7; DELETE FROM makers; UPDATE day_counts SET shown = 0")
    await rebuild(owner, CODEC, tables.metadata, projections.project)
    assert await contents(noon) == before


async def test_the_first_page_has_what_is_hot_new_and_used(noon: Shop, client: Client) -> None:
    await noon.category(2, "film", display_order=0)
    await noon.category(3, "empty", display_order=0)
    for style_id in range(4, 9):
        await noon.style(style_id, f"Film {style_id}", category_id=2)
    for position in range(1, 4):
        await say(client, made(position, position, 1, style_id=2, at=noon.now))
    await until(lambda: everything_heard(noon), bool)
    front: catalog.Front = await noon.ask(catalog.GetFront())
    assert [style.id for style in front.trending_styles] == [2, 1, 3, 4, 5]
    assert [style.id for style in front.new_styles] == [8, 7, 6, 5, 4]
    assert [category.slug for category in front.popular_categories] == ["art", "film"]


async def test_styles_and_categories_are_found_begun_and_mistyped(shop: Shop) -> None:
    await shop.category(1, "anime & cartoon")
    await shop.category(2, "wedding")
    await shop.style(1, "Ghibli Art", tags=("dreamy", "wedding"))
    await shop.style(2, "Éclat d'Or", tags=("gold",))
    await shop.style(3, "Royal Wedding", category_id=2)
    await shop.style(4, "Wedding", category_id=2)
    await shop.service.commands.execute(STYLE, 4, RetireStyle(4))
    for q, styles, categories in (
        ("wedding", [3, 1], [2]),
        ("WEDING", [3, 1], [2]),
        ("wed", [3, 1], [2]),
        ("gihbli", [1], []),
        ("ghibli art", [1], []),
        ("art ghib", [1], []),
        ("eclat", [2], []),
        ("ÉCLÄT", [2], []),
        ("cartoons", [], [1]),
        ("anime", [], [1]),
        ("", [], []),
        ("%", [], []),
        ("\x00", [], []),
        ("🦄", [], []),
        ("x" * 10_000, [], []),
    ):
        found: catalog.Found = await shop.ask(catalog.SearchCatalog(q=q))
        shown_ids = ([style.id for style in found.styles], [category.id for category in found.categories])
        assert shown_ids == (styles, categories), q[:30]
    assert (await shop.ask(catalog.SearchCatalog(q="wed", styles=False))).styles == []
    assert len((await shop.ask(catalog.SearchCatalog(q="wed", categories=False, limit=1))).styles) == 1
