"""Jobs and pictures: shown, followed live, cancelled, deleted."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from contracts.errors import ServiceError
from contracts.events import creation as creation_events
from contracts.rpc import catalog, creation, jobs
from tests.integration.gateway.conftest import Running, eventually
from tests.integration.gateway.fakes import Fakes, job, own_creation, style
from tests.integration.gateway.test_envelope import assert_error

EVENTS = "/api/creations/jobs/101/events"


async def events_of(answer: httpx.Response) -> AsyncIterator[dict[str, Any]]:
    """Each event as `{"id", "event", "data"}`, until the stream ends."""
    event: dict[str, Any] = {}
    async for line in answer.aiter_lines():
        name, _, value = line.partition(": ")
        if not line:
            if "event" in event:
                yield event
            event = {}
        else:
            event[name] = json.loads(value) if name == "data" else value


@asynccontextmanager
async def following(running: Running, last_id: str | None = None) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
    headers = {"Last-Event-ID": last_id} if last_id else {}
    async with asyncio.timeout(15), running.client.stream("GET", EVENTS, headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert answer.headers["cache-control"] == "no-store"
        yield events_of(answer)


async def test_a_job_is_followed_from_the_queue_to_its_end(gateway: Running, fakes: Fakes) -> None:
    fakes.jobs[101] = job(101, "queued", position=3)
    async with following(gateway) as events:
        first = await anext(events)
        assert (first["id"], first["event"], first["data"]["position"]) == ("1", "queued", 3)
        fakes.jobs[101] = job(101, "processing")
        await fakes.say(creation_events.PaintingStarted(creation_id=101, user_id=42, attempt=1))
        assert (await anext(events))["event"] == "processing"
        await fakes.progress(101, 40)
        moved = await anext(events)
        assert (moved["event"], moved["data"]["progress"]) == ("processing", 40)
        await fakes.finish(101)
        last = await anext(events)
        assert (last["event"], last["id"]) == ("completed", "4")
        assert last["data"]["creation"]["style"]["name"] == "Ghibli Art"
        assert [event async for event in events] == []


async def test_a_place_in_the_queue_is_told_as_it_moves(gateway: Running, fakes: Fakes) -> None:
    fakes.jobs[101] = job(101, "queued", position=3)
    async with following(gateway) as events:
        await anext(events)
        fakes.jobs[101] = job(101, "queued", position=2)
        assert (await anext(events))["data"]["position"] == 2


async def test_a_stream_that_broke_begins_again_with_the_present_state(gateway: Running, fakes: Fakes) -> None:
    fakes.jobs[101] = job(101, "failed", error={"code": "NSFW_DETECTED", "message": "No."})
    async with following(gateway, last_id="7") as events:
        [last] = [event async for event in events]
    assert (last["id"], last["event"], last["data"]["error"]["code"]) == ("8", "failed", "NSFW_DETECTED")


async def test_anothers_job_cannot_be_followed(gateway: Running, fakes: Fakes) -> None:
    fakes.on(jobs.GetJob, ServiceError("NOT_OWNER", "This creation belongs to someone else."))
    assert_error(await gateway.client.get(EVENTS), 403, "NOT_OWNER")


async def test_a_job_that_is_not_there_cannot_be_followed(gateway: Running) -> None:
    assert_error(await gateway.client.get(EVENTS), 404, "CREATION_NOT_FOUND")
    assert_error(await gateway.client.get("/api/creations/jobs/101"), 404, "CREATION_NOT_FOUND")


async def test_a_follower_that_leaves_is_forgotten(gateway: Running, fakes: Fakes) -> None:
    fakes.jobs[101] = job(101, "processing")
    tap = gateway.gateway.tap
    async with following(gateway) as events:
        await anext(events)
        assert tap.watched == 1

    async def is_forgotten() -> bool:
        return tap.watched == 0

    await eventually(is_forgotten)


async def test_a_follower_outlasts_a_restart_of_the_service(gateway: Running, fakes: Fakes) -> None:
    fakes.jobs[101] = job(101, "processing")
    async with following(gateway) as events:
        await anext(events)
        fakes.on(jobs.GetJob, ServiceError("SERVICE_UNAVAILABLE", "restarting"))
        await fakes.say(creation_events.CreationQueued(creation_id=101, user_id=42))
        await fakes.until_asked(jobs.GetJob, 3)
        del fakes.handlers[jobs.GetJob]
        await fakes.finish(101)
        assert (await anext(events))["event"] == "completed"


async def test_a_job_is_cancelled_by_its_owner(gateway: Running, fakes: Fakes) -> None:
    answer = await gateway.client.post("/api/creations/jobs/101/cancel")
    assert answer.json()["data"]["status"] == "cancelled"
    assert fakes.asked[jobs.CancelJob][0].user_id == 42
    fakes.on(jobs.CancelJob, ServiceError("JOB_ALREADY_ENDED", "It has ended."))
    assert_error(await gateway.client.post("/api/creations/jobs/101/cancel"), 409, "JOB_ALREADY_ENDED")


async def test_my_pictures_have_their_styles_even_when_those_are_retired(gateway: Running, fakes: Fakes) -> None:
    body = (await gateway.client.get("/api/creations/mine?page=2&limit=10")).json()
    assert fakes.asked[creation.ListMine][0].page == 2
    assert body["total"] == 21
    assert (body["pagination"]["total_pages"], body["pagination"]["next_cursor"]) == (3, None)
    present, retired = body["data"]
    assert present["style"]["slug"] == "style-1"
    assert present["custom_prompt"] == "golden light"
    assert retired["style"]["id"] == 99
    assert set(retired["style"]) == set(style(1).model_dump())
    assert set(retired["style"]["category"]) == set(present["style"]["category"])


async def test_my_pictures_are_read_from_cursor_to_cursor(gateway: Running, fakes: Fakes) -> None:
    fakes.on(creation.ListMine, creation.CreationPage(items=[own_creation(101)], total=21, next_cursor=77))
    pages = (await gateway.client.get("/api/creations/mine?cursor=88")).json()["pagination"]
    assert fakes.asked[creation.ListMine][0].cursor == 88
    assert (pages["next_cursor"], pages["has_next"]) == (77, True)
    for nonsense in ("0", "-1", "x", str(2**63)):
        answer = await gateway.client.get(f"/api/creations/mine?cursor={nonsense}")
        assert_error(answer, 400, "VALIDATION_ERROR")


async def test_my_pictures_are_shown_while_catalog_is_away(gateway: Running, fakes: Fakes) -> None:
    await gateway.client.get("/api/creations/mine")
    fakes.on(catalog.ListStyles, ServiceError("SERVICE_UNAVAILABLE", "away"))
    gateway.gateway.tap._gap()
    body = (await gateway.client.get("/api/creations/mine")).json()
    assert body["data"][0]["style"]["name"] == "Ghibli Art"


async def test_a_picture_is_shown_whole_to_its_owner_and_as_in_the_feed_to_others(
    gateway: Running, fakes: Fakes
) -> None:
    own = (await gateway.client.get("/api/creations/101")).json()["data"]
    assert own["original_image_url"]
    assert own["style"]["id"] == 1
    other = {"Authorization": f"Bearer {fakes.key.token(43)}"}
    public = (await gateway.anonymous.get("/api/creations/101", headers=other)).json()["data"]
    assert public["user"] == {"id": 42, "name": "Person 42", "avatar_url": None}
    assert not {"original_image_url", "custom_prompt", "user_id", "style_id"} & set(public)


async def test_a_picture_is_deleted_by_its_owner(gateway: Running, fakes: Fakes) -> None:
    answer = await gateway.client.delete("/api/creations/101")
    assert answer.json() == {
        "success": True,
        "data": {"creation_id": 101},
        "message": "Creation deleted successfully",
    }
    fakes.on(creation.DeleteCreation, ServiceError("CREATION_IN_BATTLE", "Cannot delete creation."))
    assert_error(await gateway.client.delete("/api/creations/101"), 409, "CREATION_IN_BATTLE")
