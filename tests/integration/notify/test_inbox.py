"""What happens elsewhere stands in the inbox of those whom it concerns: once, in words of theirs."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import uuid4

import asyncpg
import pytest

from contracts.events.auth import AccountDeleted, AchievementAwarded, UserSignedUp
from contracts.events.battle import BattleEnded
from contracts.events.creation import CreationLiked, CreationUnliked
from contracts.events.ledger import CreditsLow
from contracts.events.notify import NotificationAdded
from contracts.rpc import notify as rpc
from contracts.rpc.exporting import ExportPage
from kernel.clock import utc_now
from kernel.projection import rebuild
from services.notify import projections, tables
from services.notify.app import CODEC
from services.notify.departures import Departures
from tests.given import refused
from tests.integration.ledger.conftest import Voice
from tests.integration.notify.conftest import MakeNotify
from tests.integration.notify.inboxes import ANA, BEN, Inboxes, ending, started, style
from tests.waiting import until

OwnerOf = Callable[[str], Awaitable[asyncpg.Connection]]
WON = BattleEnded(battle_id=3, winner_user_id=ANA, loser_user_id=BEN, winner_id=70, prize=100)


@pytest.fixture
async def inboxes(make_notify: MakeNotify, voice: Voice) -> Inboxes:
    return Inboxes(await make_notify(like_window_s=0.5), voice)


async def same_after_rebuild(inboxes: Inboxes, owner_of: OwnerOf) -> None:
    owner = await owner_of(inboxes.notify.database.url)
    for found in await rebuild(owner, CODEC, tables.metadata, projections.project):
        assert (found.only_live, found.only_rebuilt) == (0, 0), found


async def test_the_documented_types_in_both_languages(inboxes: Inboxes, voice: Voice) -> None:
    heard: list[bytes] = []

    async def hear(message: object) -> None:
        heard.append(message.data)  # type: ignore[attr-defined]

    await voice.client.subscribe(f"events.{NotificationAdded.TYPE}", cb=hear)
    await inboxes.say(UserSignedUp(user_id=ANA))
    likes = [CreationLiked(creation_id=70, user_id=user_id, owner_id=ANA) for user_id in (ANA, *range(20, 30))]
    await inboxes.say(*likes, CreationUnliked(creation_id=70, user_id=25, owner_id=ANA))
    await inboxes.has(1)
    for number, event in enumerate(
        (
            started(),
            ending(),
            WON,
            CreditsLow(user_id=ANA, mark=100, balance=40),
            AchievementAwarded(user_id=ANA, achievement="first-win", name="Victor"),
        ),
        2,
    ):
        await inboxes.say(event)
        await inboxes.has(number)
    await until(inboxes.page, lambda page: page.total == 6)
    await inboxes.say(style(4), style(5, is_new=False))
    page = await inboxes.has(7)
    assert [(item.type, item.body) for item in page.items] == [
        ("new_style", "Try Neon on a picture of yours."),
        ("achievement", "You have earned “Victor”."),
        ("credits_low", "You have 40 credits left."),
        ("battle_won", "Your picture has won, and you got 100 credits."),
        ("battle_ending", "Your battle ends within the hour."),
        ("battle_started", "Your picture is in a battle now. Voting has begun!"),
        ("creation_liked", "9 people like your picture"),
    ]
    assert page.items[3].data == {"battle_id": "3", "creation_id": "70", "prize": "100"}
    assert page.items[-1].data == {"creation_id": "70", "people": "9"}
    assert page.unread == 7
    await inboxes.say(WON.model_copy(update={"battle_id": 4, "prize": 0, "prize_withheld": "too_few_votes"}))
    unpaid = (await inboxes.has(8)).items[0]
    assert unpaid.body == "Your picture has won. It had too few votes for a prize."
    assert unpaid.data == {"battle_id": "4", "creation_id": "70", "prize_withheld": "too_few_votes"}
    assert (await inboxes.bodies(locale="hi"))[-1] == "9 लोगों को आपकी तस्वीर पसंद आई"
    assert [item.type for item in (await inboxes.has(2, BEN)).items] == ["battle_ending", "battle_started"]
    await until(lambda: _count(heard), lambda count: count == 9)  # what everyone was told is nobody's own


async def _count(heard: list[bytes]) -> int:
    return len(heard)


async def test_reading_and_deleting(inboxes: Inboxes, owner_of: OwnerOf) -> None:
    await inboxes.say(style(1))  # before they came
    await until(lambda: _broadcasts(inboxes), lambda count: count == 1)
    await inboxes.say(UserSignedUp(user_id=ANA))
    await inboxes.say(*[CreditsLow(user_id=ANA, mark=100, balance=number) for number in range(1, 6)])
    await inboxes.has(5)
    await inboxes.say(style(2), style(3, "Sketch"))
    page = await inboxes.has(7)
    newest, oldest = page.items[0].id, page.items[-1].id
    for _ in range(2):
        for read in (newest, oldest):
            await inboxes.ask(rpc.ReadNotification(user_id=ANA, notification_id=read))
        assert await inboxes.unread() == 5
    unread = await inboxes.page(unread=True, limit=2)
    assert (unread.total, [item.id for item in unread.items]) == (5, [item.id for item in page.items[1:3]])
    rest = await inboxes.page(unread=True, cursor=unread.next_cursor, limit=3)
    assert ([item.id for item in rest.items], rest.next_cursor) == ([item.id for item in page.items[3:6]], None)
    second = await inboxes.page(page=2, limit=3)
    assert [item.id for item in second.items] == [item.id for item in page.items[3:6]]
    assert [item.is_read for item in page.items] == [False] * 7
    assert [item.is_read for item in (await inboxes.page()).items] == [True, *[False] * 5, True]
    for deleted in (page.items[1].id, page.items[2].id, oldest):
        await inboxes.ask(rpc.DeleteNotification(user_id=ANA, notification_id=deleted))
        for wrong in (rpc.DeleteNotification, rpc.ReadNotification):
            with refused("NOT_FOUND"):
                await inboxes.ask(wrong(user_id=ANA, notification_id=deleted))
            with refused("NOT_FOUND"):
                await inboxes.ask(wrong(user_id=BEN, notification_id=newest))
    assert ((await inboxes.page()).total, await inboxes.unread()) == (4, 3)
    await asyncio.gather(*[inboxes.ask(rpc.ReadAllNotifications(user_id=ANA)) for _ in range(5)])
    assert ((await inboxes.page()).total, await inboxes.unread()) == (4, 0)
    await inboxes.say(style(6))
    assert (await inboxes.has(5)).unread == 1
    await same_after_rebuild(inboxes, owner_of)
    assert (await inboxes.page()).unread == 1


async def _broadcasts(inboxes: Inboxes) -> int:
    async with inboxes.notify.database.write() as connection:
        return int(await connection.fetchval("SELECT count(*) FROM broadcasts"))


async def test_any_order_and_any_number_of_times_gives_the_same_inbox(
    make_notify: MakeNotify, voice: Voice, owner_of: OwnerOf
) -> None:
    inboxes = Inboxes(await make_notify(like_window_s=2), voice)
    await make_notify(like_window_s=2)  # two processes hear of it
    likes = [CreationLiked(creation_id=70, user_id=user_id, owner_id=ANA) for user_id in range(20, 50)]
    unlikes = [CreationUnliked(creation_id=70, user_id=user_id, owner_id=ANA) for user_id in range(20, 45)]
    low = [CreditsLow(user_id=ANA, mark=100, balance=number) for number in range(20)]
    events = [*likes, *unlikes, *low, *map(started, range(10)), *map(ending, range(10)), UserSignedUp(user_id=ANA)]
    order = random.Random(5)
    order.shuffle(events)
    said = await inboxes.say(*events)
    again = order.choices(list(zip(events, said, strict=True)), k=100)
    await asyncio.gather(*[voice.say(event, again=envelope) for event, envelope in again])
    page = await inboxes.has(41)
    [liked] = [item for item in page.items if item.type == "creation_liked"]
    assert (liked.data["people"], page.unread) == ("5", 41)
    assert (await inboxes.page(BEN)).total == 20
    await same_after_rebuild(inboxes, owner_of)


async def test_preferences_decide_and_old_news_are_none(inboxes: Inboxes, voice: Voice) -> None:
    everything = await inboxes.ask(rpc.GetPreferences(user_id=ANA))
    assert (len(everything.types), everything.quiet_hours) == (7, None)
    assert all(wish.push and wish.inbox for wish in everything.types.values())
    wanted = rpc.Preferences(
        types={"battle_ending": rpc.Wish(inbox=False), "new_style": rpc.Wish(push=False, inbox=False)},
        quiet_hours=rpc.QuietHours(start="22:00", end="07:30", time_zone="Asia/Kolkata"),
    )
    known = await inboxes.ask(rpc.SetPreferences(user_id=ANA, preferences=wanted))
    assert (known.types | wanted.types, known.quiet_hours) == (known.types, wanted.quiet_hours)
    await inboxes.say(UserSignedUp(user_id=ANA), UserSignedUp(user_id=BEN), style(2), ending(), started())
    assert [item.type for item in (await inboxes.has(1)).items] == ["battle_started"]
    await inboxes.has(3, BEN)
    [now] = await inboxes.say(CreditsLow(user_id=ANA, mark=100, balance=1))
    old = now.model_copy(update={"id": uuid4(), "time": utc_now() - timedelta(hours=73)})
    await voice.say(CreditsLow(user_id=ANA, mark=100, balance=1), again=old)
    await voice.say(started(4))
    await inboxes.has(3)
    back = await inboxes.ask(rpc.SetPreferences(user_id=ANA, preferences=rpc.Preferences()))
    assert back == everything
    # It is there for everyone, and was only not shown.
    assert "new_style" in {item.type for item in (await inboxes.has(4)).items}


async def test_whoever_leaves_leaves_nothing_behind(inboxes: Inboxes, owner_of: OwnerOf) -> None:
    await inboxes.say(UserSignedUp(user_id=ANA), started(), style(2))
    page = await inboxes.has(2)
    await inboxes.ask(rpc.ReadNotification(user_id=ANA, notification_id=page.items[0].id))
    register = rpc.RegisterDevice(user_id=ANA, token="secret-token", platform="ios")
    await inboxes.ask(register)
    await inboxes.ask(rpc.SetPreferences(user_id=ANA, preferences=rpc.Preferences()))
    export: ExportPage = await inboxes.ask(rpc.ExportNotifications(user_id=ANA))
    assert [next(iter(record)) for record in export.records] == ["devices", "preferences", "id"]
    assert "secret-token" not in export.model_dump_json()
    await inboxes.say(AccountDeleted(user_id=ANA))
    await inboxes.has(0)
    await until(lambda: _left(inboxes), lambda left: left == {"departed": 1})
    for request in (register, rpc.SetPreferences(user_id=ANA, preferences=rpc.Preferences())):
        with refused("USER_NOT_FOUND"):
            await inboxes.ask(request)
    await inboxes.say(AccountDeleted(user_id=ANA), started(9))  # what was under way comes to nothing
    await inboxes.has(2, BEN)
    assert await _left(inboxes) == {"departed": 1}
    await same_after_rebuild(inboxes, owner_of)


async def _left(inboxes: Inboxes) -> dict[str, int]:
    """How many rows are Ana's, by table."""
    found = {}
    async with inboxes.notify.database.write() as connection:
        for table in (*tables.metadata.sorted_tables, *tables.private.sorted_tables):
            if "user_id" in table.c:
                query = f"SELECT count(*) FROM {table.name} WHERE user_id = $1"  # noqa: S608
                found[table.name] = await connection.fetchval(query, ANA)
    return {name: count for name, count in found.items() if count}


async def test_registering_while_the_account_is_deleted_leaves_no_device(inboxes: Inboxes) -> None:
    departures = Departures(inboxes.notify.database, inboxes.notify.commands)
    registers = [rpc.RegisterDevice(user_id=ANA, token=f"t{number}", platform="web") for number in range(20)]
    leaves = departures.account_deleted(AccountDeleted(user_id=ANA), None)  # type: ignore[arg-type]
    done = await asyncio.gather(
        *map(inboxes.ask, registers[:10]), leaves, *map(inboxes.ask, registers[10:]), return_exceptions=True
    )
    assert any(isinstance(found, Exception) for found in done)
    assert await _left(inboxes) == {"departed": 1}


async def test_a_token_belongs_to_whoever_registered_it_last(inboxes: Inboxes) -> None:
    async def devices(user_id: int) -> list[str]:
        found: rpc.PushDevices = await inboxes.ask(rpc.ListDevices(user_id=user_id))
        return [device.platform for device in found.items]

    long = "é" * 4096
    await asyncio.gather(
        *[inboxes.ask(rpc.RegisterDevice(user_id=user, token=long, platform="ios")) for user in (ANA, BEN) * 5]
    )
    assert len(await devices(ANA)) + len(await devices(BEN)) == 1
    await inboxes.ask(rpc.RegisterDevice(user_id=BEN, token=long, platform="android"))
    assert (await devices(ANA), await devices(BEN)) == ([], ["android"])
    await inboxes.ask(rpc.RemoveDevice(user_id=ANA, token=long))
    assert await devices(BEN) == ["android"]
    for _ in range(2):
        await inboxes.ask(rpc.RemoveDevice(user_id=BEN, token=long))
    assert await devices(BEN) == []
    for number in range(25):
        await inboxes.ask(rpc.RegisterDevice(user_id=BEN, token=f"t{number}", platform="web"))
    assert len(await devices(BEN)) == 20
