"""Pushes: once to each device, whatever FCM answers and whoever dies."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from prometheus_client import REGISTRY

from contracts.events.creation import CreationLiked, CreationUnliked
from contracts.events.ledger import CreditsLow
from contracts.rpc import notify as rpc
from kernel.clock import iso, utc_now
from kernel.service import Service
from services.notify import fcm, pusher
from tests.fakes import fcm as answers
from tests.fakes.fcm import FakeFcm
from tests.fakes.http import Told
from tests.integration.ledger.conftest import Voice
from tests.integration.notify.conftest import MakeNotify
from tests.integration.notify.inboxes import ANA, BEN, Inboxes, ending
from tests.integration.notify.test_once import die
from tests.waiting import until

LOW = CreditsLow(user_id=ANA, mark=100, balance=40)
Outcomes = dict[str, float]


@pytest.fixture
async def google(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeFcm]:
    for module, name in ((pusher, "FIRST_PAUSE_S"), (fcm, "PAUSE_S"), (fcm, "AWAY_PAUSE_S")):
        monkeypatch.setattr(module, name, 0.3)
    monkeypatch.setattr(pusher, "LONGEST_PAUSE_S", 0.5)
    async with FakeFcm() as fake:
        yield fake


@pytest.fixture
async def inboxes(make_notify: MakeNotify, voice: Voice, google: FakeFcm) -> Inboxes:
    return Inboxes(await make_notify(**settings(google)), voice)


def settings(google: FakeFcm, **changes: Any) -> dict[str, Any]:
    return {"fcm_service_account": google.account, "fcm_url": google.url, "like_window_s": 0.5} | changes


async def register(inboxes: Inboxes, *tokens: str, user_id: int = ANA, **options: Any) -> None:
    for token in tokens:
        await inboxes.ask(rpc.RegisterDevice(user_id=user_id, token=token, platform="android", **options))


def counted(kind: str = "credits_low") -> Outcomes:
    outcomes = ("sent", "delayed", "dead_token", "refused", "unknown", "no_device", "too_late", "quiet", "unwanted")
    return {name: REGISTRY.get_sample_value("pushes_total", {"type": kind, "outcome": name}) or 0 for name in outcomes}


async def counts(before: Outcomes, kind: str = "credits_low", **expected: int) -> None:
    """Wait until so many more came to this, and look that nothing else did."""

    async def more() -> Outcomes:
        return {name: count - before[name] for name, count in counted(kind).items() if count != before[name]}

    await until(more, lambda found: all(found.get(name) == count for name, count in expected.items()), 40)
    assert set(await more()) <= {*expected, "delayed"}


async def waiting(notify: Service) -> int:
    async with notify.database.write() as connection:
        return int(await connection.fetchval("SELECT count(*) FROM pushes"))


async def deadlines(notify: Service) -> list[datetime]:
    async with notify.database.write() as connection:
        return [row["due_at"] for row in await connection.fetch("SELECT due_at FROM timers")]


async def now_due(notify: Service) -> None:
    """Also what another process had taken up: it would be ten seconds until its turn came again."""
    async with notify.database.write() as connection:
        await connection.execute("UPDATE timers SET due_at = now()")


async def devices(inboxes: Inboxes, user_id: int = ANA) -> int:
    found: rpc.PushDevices = await inboxes.ask(rpc.ListDevices(user_id=user_id))
    return len(found.items)


async def test_each_device_gets_it_once_in_its_own_language(inboxes: Inboxes, google: FakeFcm) -> None:
    before = counted("creation_liked")
    await register(inboxes, "phone")
    await register(inboxes, "tablet", locale="hi")
    likes = [CreationLiked(creation_id=70, user_id=user_id, owner_id=ANA) for user_id in range(20, 31)]
    await inboxes.say(*likes, CreationUnliked(creation_id=70, user_id=25, owner_id=ANA))
    await counts(before, "creation_liked", sent=2)
    by_token = {message["token"]: message for message in google.taken}
    phone = by_token["phone"]
    assert phone["notification"] == {"title": "New likes", "body": "10 people like your picture"}
    assert by_token["tablet"]["notification"]["body"] == "10 लोगों को आपकी तस्वीर पसंद आई"
    assert (phone["data"]["type"], phone["data"]["creation_id"]) == ("creation_liked", "70")
    [item] = (await inboxes.has(1)).items
    assert json.loads(phone["data"]["data"]) == {**item.data, "notification_id": str(item.id)}
    assert phone["android"]["collapse_key"] == phone["apns"]["headers"]["apns-collapse-id"] == "creation_liked:70"
    assert (google.tokens_given, await waiting(inboxes.notify)) == (1, 0)


async def test_what_fcm_says_of_each_device(
    inboxes: Inboxes, google: FakeFcm, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    before = counted()
    google.refusals = {
        "gone-1": answers.UNREGISTERED,
        "gone-2": answers.BAD_TOKEN,
        "gone-3": answers.SENDER_ID_MISMATCH,
        "payload": answers.BAD_PAYLOAD,
        "busy": answers.QUOTA,
        "internal": answers.INTERNAL,
        "away": answers.UNAVAILABLE,
        "apple": answers.NO_APNS_KEY,
        "proxy": Told(b"<html>502</html>", 502, "text/html"),
    }
    await register(inboxes, *google.refusals, "phone-1")
    [said] = await inboxes.say(LOW)
    await until(lambda: _value(google.offered), lambda offered: offered >= 12)
    for token in ("busy", "internal", "away", "apple", "proxy"):
        del google.refusals[token]
    await counts(before, sent=6, dead_token=3, refused=1)
    reached = sorted(message["token"] for message in google.taken)
    assert reached == ["apple", "away", "busy", "internal", "phone-1", "proxy"]
    await until(lambda: waiting(inboxes.notify), lambda left: left == 0)
    assert await devices(inboxes) == 7
    await inboxes.voice.say(LOW, again=said)
    await inboxes.say(CreditsLow(user_id=BEN, mark=100, balance=1))
    await counts(before, sent=6, dead_token=3, refused=1, no_device=1)
    async with inboxes.notify.database.write() as connection:
        kept = [
            str(tuple(row))
            for table in ("events", "streams", "pushes", "timers", "command_keys")
            for row in await connection.fetch(f"TABLE {table}")
        ]
    for token in ("gone-1", "phone-1", "payload", "secret-token", "access-1"):
        for place in (*kept, capsys.readouterr().out, caplog.text):
            assert token not in place


async def _value(value: int) -> int:
    return value


async def test_when_our_credentials_are_at_fault_nothing_is_lost_and_no_device_forgotten(
    inboxes: Inboxes, google: FakeFcm, caplog: pytest.LogCaptureFixture
) -> None:
    before = counted()
    await register(inboxes, "phone")
    google.no_account = True
    await inboxes.say(LOW)
    await until(lambda: _value(len(google.asked)), lambda asked: asked >= 2)
    assert google.offered == 0  # nothing was claimed for it either
    async with inboxes.notify.database.write() as connection:
        assert await connection.fetchval("SELECT count(*) FROM events WHERE type = 'MailClaimed'") == 0
    google.no_account = False
    for refusal in (answers.NO_RIGHTS, answers.NO_PROJECT):
        google.refusals = {"phone": refusal}
        offered = google.offered
        await until(lambda: _value(google.offered), lambda found, offered=offered: found > offered)  # type: ignore[misc]
    google.refusals = {}
    await counts(before, sent=1)
    assert google.tokens_given > 1  # one that was refused is not used again
    assert "no push can be sent" in caplog.text
    assert await devices(inboxes) == 1


async def test_an_answer_that_is_lost_leaves_it_unknown_and_fcm_away_leaves_it_waiting(
    make_notify: MakeNotify, voice: Voice, google: FakeFcm
) -> None:
    inboxes = Inboxes(await make_notify(**settings(google, fcm_timeout_s=1.5)), voice)
    before = counted()
    await register(inboxes, "phone")
    google.taken.clear()
    await inboxes.say(LOW)
    await counts(before, sent=1)
    for number, fault in enumerate(("lost", "cut", "hang"), 1):
        google.faults.append(fault)
        await inboxes.say(LOW)
        await counts(before, sent=1, unknown=number)
    assert len(google.taken) == 2  # one of them had been taken
    google._server.close()
    await google._server.wait_closed()
    await inboxes.say(LOW)
    await until(lambda: _value(int(counted()["delayed"])), lambda found: found >= before["delayed"] + 2)
    assert await waiting(inboxes.notify) == 1


async def test_a_process_that_dies_with_a_push_in_hand_leaves_it_unknown_to_the_next(
    make_notify: MakeNotify, voice: Voice, google: FakeFcm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pusher, "CLAIM_MARGIN_S", 0.5)
    before = counted()
    doomed = await make_notify(**settings(google, fcm_timeout_s=2))
    inboxes = Inboxes(doomed, voice)
    await register(inboxes, "phone", "tablet")
    google.hold = asyncio.Event()
    [said] = await inboxes.say(LOW)
    await until(lambda: _value(google.offered), lambda offered: offered == 2)
    await killed(doomed)
    google.hold.set()
    survivor = await make_notify(**settings(google))
    await now_due(survivor)
    await voice.say(LOW, again=said)
    await counts(before, unknown=2)
    assert google.offered == 2
    await until(lambda: waiting(survivor), lambda left: left == 0)


async def killed(service: Service) -> None:
    """As kill -9 would have it, with all that it has begun."""
    await die(service)
    assert service.timers
    await service.timers.close()
    running = [task for task in asyncio.all_tasks() if "Pusher._to_one" in repr(task.get_coro())]
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    assert len(running) == 2


async def test_two_processes_push_it_once_and_an_ending_one_sees_it_through(
    make_notify: MakeNotify, voice: Voice, google: FakeFcm
) -> None:
    before = counted()
    first, second = await make_notify(**settings(google)), await make_notify(**settings(google))
    inboxes = Inboxes(second, voice)
    await register(inboxes, *[f"t{number}" for number in range(5)])
    for _ in range(10):
        said = await inboxes.say(LOW)
        await voice.say(LOW, again=said[0])
    google.delay_s = 0.05
    await until(lambda: _value(google.offered), lambda offered: offered >= 3)
    await first.stop()
    await now_due(second)
    await counts(before, sent=50)
    assert google.offered == 50


async def test_quiet_hours_delay_a_push_and_drop_what_would_come_too_late(inboxes: Inboxes, google: FakeFcm) -> None:
    low, end = counted(), counted("battle_ending")
    await register(inboxes, "phone")
    now = utc_now()
    quiet = rpc.QuietHours(
        start=f"{now - timedelta(hours=1):%H:%M}", end=f"{now + timedelta(hours=2):%H:%M}", time_zone="UTC"
    )
    await inboxes.ask(rpc.SetPreferences(user_id=ANA, preferences=rpc.Preferences(quiet_hours=quiet)))
    await inboxes.say(LOW, ending(ends_at=iso(now + timedelta(minutes=50))))
    await counts(low, quiet=1)
    await counts(end, "battle_ending", too_late=1, no_device=1)  # the other side's has no quiet hours, and no device
    await inboxes.has(2)  # the inbox has them at once
    [due_at] = await until(lambda: deadlines(inboxes.notify), lambda found: len(found) == 1)
    assert due_at == (now + timedelta(hours=2)).replace(second=0, microsecond=0)
    wanted = rpc.Preferences(types={"battle_ending": rpc.Wish(push=False)})
    await inboxes.ask(rpc.SetPreferences(user_id=ANA, preferences=wanted))
    await inboxes.say(ending(4))
    await counts(end, "battle_ending", too_late=1, unwanted=1, no_device=2)
    await now_due(inboxes.notify)
    await counts(low, quiet=1, sent=1)
    assert [message["data"]["type"] for message in google.taken] == ["credits_low"]


async def test_devices_that_were_not_seen_for_long_get_nothing_and_go(
    make_notify: MakeNotify, voice: Voice, google: FakeFcm
) -> None:
    first = Inboxes(await make_notify(**settings(google)), voice)
    before = counted()
    await register(first, "old", "new")
    async with first.notify.database.write() as connection:
        await connection.execute("UPDATE devices SET seen_at = now() - interval '271 days' WHERE token = 'old'")
    await first.say(LOW)
    await counts(before, sent=1)
    assert [message["token"] for message in google.taken] == ["new"]
    await make_notify(**settings(google))  # each process sweeps when it starts
    await until(lambda: devices(first), lambda count: count == 1)


async def test_off_without_a_service_account(make_notify: MakeNotify, voice: Voice, google: FakeFcm) -> None:
    inboxes = Inboxes(await make_notify(), voice)
    await register(inboxes, "phone")
    await inboxes.say(LOW)
    await inboxes.has(1)
    assert (google.asked, await waiting(inboxes.notify)) == ([], 0)
