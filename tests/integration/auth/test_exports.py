"""One's data as a ZIP: made in the background, once, whatever dies meanwhile."""

import asyncio
import io
import json
import zipfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from contracts.events.auth import ExportReady
from contracts.rpc.auth import ExportStatus, GetExport, UpdateProfile
from contracts.rpc.battle import ExportBattles
from contracts.rpc.creation import ExportCreations
from contracts.rpc.exporting import ExportPage
from contracts.rpc.ledger import ExportHistory
from contracts.rpc.notify import ExportNotifications
from contracts.rpc.social import ExportSocial
from kernel.bus import MessageBus
from kernel.clock import utc_now
from kernel.objects import Objects
from kernel.service import Service
from services.auth import exports
from services.auth.places import Places
from tests.given import refused
from tests.integration.auth.conftest import Clock, Running, fetch, sign_up
from tests.integration.auth.test_profiles import uploaded
from tests.waiting import until


@dataclass
class Others:
    """Creation, ledger and notify, as far as an export asks them. `may_go_on` holds creation's second page back."""

    bus: MessageBus
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    may_go_on: asyncio.Event = field(default_factory=asyncio.Event)
    asked: int = 0

    async def creations(self, request: ExportCreations) -> ExportPage:
        self.asked += 1
        if request.after == 0:
            files = {"1/original.jpg": "creations/a/original.jpg", "1/result.jpg": "creations/a/gone.jpg"}
            return ExportPage(records=[{"id": 1, "custom_prompt": "a hat"}], files=files, next=1)
        self.begun.set()
        await self.may_go_on.wait()
        return ExportPage(records=[{"id": 2, "custom_prompt": None}], files={}, next=None)

    async def history(self, request: ExportHistory) -> ExportPage:
        return ExportPage(records=[{"amount": 2500, "user_id": request.user_id}], files={}, next=None)

    async def social(self, request: ExportSocial) -> ExportPage:
        following = 2**56 if request.after == 0 else None
        return ExportPage(records=[{"what": "like", "creation_id": request.after}], files={}, next=following)

    async def notifications(self, request: ExportNotifications) -> ExportPage:
        return ExportPage(records=[{"devices": [], "user_id": request.user_id}], files={}, next=None)

    async def battles(self, request: ExportBattles) -> ExportPage:
        return ExportPage(records=[{"kind": "vote", "battle_id": request.user_id}], files={}, next=None)


@pytest.fixture
async def others(nats_url: str, objects: Objects) -> AsyncIterator[Others]:
    await objects.put("creations/a/original.jpg", b"the photo", "image/jpeg")
    others = Others(MessageBus("others", nats_url))
    others.bus.answer(ExportCreations, others.creations)
    others.bus.answer(ExportHistory, others.history)
    others.bus.answer(ExportSocial, others.social)
    others.bus.answer(ExportNotifications, others.notifications)
    others.bus.answer(ExportBattles, others.battles)
    await others.bus.start()
    yield others
    others.may_go_on.set()
    await others.bus.close()


async def ask(auth: Service, user_id: int) -> ExportStatus:
    found: ExportStatus = await auth.bus.caller.ask(GetExport(user_id=user_id))
    return found


async def ready(auth: Service, user_id: int) -> ExportStatus:
    return await until(lambda: ask(auth, user_id), lambda found: found.status == "ready", timeout_s=30)


async def contents(export: ExportStatus) -> dict[str, bytes]:
    async with httpx.AsyncClient() as plain:
        answer = await plain.get(str(export.url))
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


async def test_an_export_holds_everything_readable(auth: Service, others: Others, objects: Objects) -> None:
    others.may_go_on.set()
    user = (await sign_up(auth)).user
    await auth.bus.caller.ask(
        UpdateProfile(user_id=user.id, phone="+919876543210", avatar_folder=await uploaded(objects))
    )
    assert await ask(auth, user.id) == ExportStatus(status="preparing", url=None, expires_at=None)
    found = await contents(await ready(auth, user.id))
    account: dict[str, Any] = json.loads(found["account.json"])
    assert (account["email"], account["phone"], account["name"]) == (user.email, "+919876543210", "Ana")
    assert "password_hash" not in account
    assert [record["custom_prompt"] for record in json.loads(found["creations.json"])] == ["a hat", None]
    assert json.loads(found["credits.json"]) == [{"amount": 2500, "user_id": user.id}]
    assert [record["creation_id"] for record in json.loads(found["social.json"])] == [0, 2**56]
    assert json.loads(found["notifications.json"]) == [{"devices": [], "user_id": user.id}]
    assert json.loads(found["battles.json"]) == [{"kind": "vote", "battle_id": user.id}]
    assert found["pictures/1/original.jpg"] == b"the photo"
    assert found["pictures/avatar.jpg"] == b"face512.jpg"
    assert "pictures/1/result.jpg" not in found  # it was deleted meanwhile
    assert [event["type"] for event in await fetch(auth, "SELECT type FROM events WHERE type = 'ExportFinished'")]
    assert ExportReady.TYPE == "auth.export_ready"


async def test_many_who_ask_at_once_get_one_export_and_the_same_for_an_hour(
    running: Running, others: Others, clock: Clock
) -> None:
    others.may_go_on.set()
    async with running() as auth, running():
        user_id = (await sign_up(auth)).user.id
        await asyncio.gather(*[ask(auth, user_id) for _ in range(20)])
        first = await ready(auth, user_id)
        assert others.asked == 2
        clock.let_pass(minutes=59)
        assert await ask(auth, user_id) == first
        clock.let_pass(minutes=2)
        assert (await ask(auth, user_id)).status == "preparing"
        assert (await ready(auth, user_id)).url != first.url


async def test_an_export_that_its_process_did_not_live_to_finish_is_made_by_the_next(
    running: Running, others: Others, objects: Objects
) -> None:
    async with running() as auth:
        user_id = (await sign_up(auth)).user.id
        await ask(auth, user_id)
        await asyncio.wait_for(others.begun.wait(), 10)
    others.may_go_on.set()
    async with running() as auth:
        found = await contents(await ready(auth, user_id))
        assert len(json.loads(found["creations.json"])) == 2
        assert len(await objects.keys("exports/")) == 1
        places = await fetch(auth, "SELECT state FROM places ORDER BY state")
        assert [row["state"] for row in places] == [
            "kept",
            "reserved",
        ]  # the second is the dead one's: it will be swept


async def test_two_processes_do_not_make_the_same_export(running: Running, others: Others) -> None:
    async with running() as auth, running():
        user_id = (await sign_up(auth)).user.id
        await ask(auth, user_id)
        await asyncio.wait_for(others.begun.wait(), 10)
        await asyncio.sleep(2 * exports.LOOK_EVERY_S + 0.5)
        assert others.asked == 2
        others.may_go_on.set()
        await ready(auth, user_id)


async def test_an_export_waits_for_a_service_that_is_away(
    auth: Service, nats_url: str, monkeypatch: pytest.MonkeyPatch, objects: Objects
) -> None:
    monkeypatch.setattr("services.auth.archive.ASK_TIMEOUT_S", 0.2)
    monkeypatch.setattr("services.auth.exports.FIRST_PAUSE_S", 0.1)
    user_id = (await sign_up(auth)).user.id
    await ask(auth, user_id)
    await until(lambda: fetch(auth, "SELECT 1 FROM exports WHERE tries >= 2"), bool)
    others = Others(MessageBus("others", nats_url))
    others.may_go_on.set()
    others.bus.answer(ExportCreations, others.creations)
    others.bus.answer(ExportHistory, others.history)
    others.bus.answer(ExportSocial, others.social)
    others.bus.answer(ExportNotifications, others.notifications)
    others.bus.answer(ExportBattles, others.battles)
    await others.bus.start()
    await ready(auth, user_id)
    assert len(await objects.keys("exports/")) == 1
    await others.bus.close()


async def test_after_a_day_it_is_gone(auth: Service, others: Others, clock: Clock, objects: Objects) -> None:
    others.may_go_on.set()
    user_id = (await sign_up(auth)).user.id
    await ask(auth, user_id)
    await ready(auth, user_id)
    clock.let_pass(hours=25)
    await until(lambda: objects.keys("exports/"), lambda keys: keys == [])
    assert await until(lambda: fetch(auth, "SELECT 1 FROM exports"), lambda rows: not rows) == []
    assert await Places(auth.database, objects, clock).sweep(clock()) == 0
    assert await Places(auth.database, objects, clock).sweep(utc_now()) == 0


async def test_nobody_has_no_export(auth: Service) -> None:
    with refused("USER_NOT_FOUND"):
        await ask(auth, 4711)
    assert await fetch(auth, "SELECT 1 FROM exports") == []
