"""The main job, seen from the phone: a photo goes up, and art comes back, or a good reason why not."""

import asyncio
from typing import Any

import httpx
import pytest

from contracts.envelope import Message
from contracts.errors import ServiceError
from contracts.events import creation as creation_events
from contracts.events import ledger as ledger_events
from contracts.rpc import jobs
from deploy.local.servers import EmbeddedServers
from kernel.objects import Objects
from tests.integration.gateway.conftest import Running, StartGateway
from tests.integration.gateway.fakes import Fakes, job
from tests.integration.gateway.test_envelope import assert_error
from tests.unit.gateway.photos import encoded, exif, scene

PHOTO = encoded(scene(1600, 1200), exif=exif(6))
GENERATE = "/api/creations/generate"
ASYNC = {"Prefer": "respond-async"}


async def generate(
    running: Running, headers: dict[str, str] | None = None, photo: bytes = PHOTO, **fields: Any
) -> httpx.Response:
    files = {"image": ("photo.jpg", photo, "image/jpeg")}
    return await running.client.post(GENERATE, data={"style_id": "1", **fields}, files=files, headers=headers)


async def test_a_photo_becomes_art_while_the_phone_waits(gateway: Running, fakes: Fakes, objects: Objects) -> None:
    asking = asyncio.create_task(
        generate(gateway, mood="romantic", weather="", custom_prompt=" golden light ", is_public="0")
    )
    request = await fakes.until_asked(jobs.RequestCreation)
    assert (request.user_id, request.style_id, request.mood, request.weather) == (42, 1, "romantic", None)
    assert (request.custom_prompt, request.is_public, request.idempotency_key) == ("golden light", False, None)
    folder = request.original_key.rpartition("/")[0]
    assert sorted(await objects.keys("photos/")) == sorted([request.original_key, request.working_key])
    assert len(folder.rpartition("/")[2]) == 32
    assert b"SECRET" not in await objects.get(request.original_key)
    await fakes.say(creation_events.CreationQueued(creation_id=101, user_id=42))
    await fakes.say(creation_events.CreationFailed(creation_id=100, user_id=42, code="X"))  # another job of hers
    await fakes.finish(101)
    answer = await asking
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["message"] == "Image generated successfully!"
    shown, nested = body["data"], body["data"]["creation"]
    assert (shown["credits_used"], shown["credits_remaining"], shown["processing_time"]) == (50, 2450, 14.32)
    around = {name: shown.pop(name) for name in ("creation", "creations", "quantity", "failed")}
    assert shown == nested
    assert around == {"creation": nested, "creations": [nested], "quantity": 1, "failed": 0}
    assert nested["style"]["category"]["name"] == "Anime"
    assert "style_id" not in nested
    assert len(fakes.asked[jobs.GetJob]) == 1


@pytest.mark.parametrize(
    ("code", "status"),
    [("INSUFFICIENT_CREDITS", 402), ("NSFW_DETECTED", 400), ("AI_SERVICE_ERROR", 503), ("TOO_MANY_JOBS", 429)],
)
async def test_a_job_that_fails_is_told_as_if_it_had_been_refused(
    gateway: Running, fakes: Fakes, code: str, status: int
) -> None:
    asking = asyncio.create_task(generate(gateway))
    await fakes.until_asked(jobs.RequestCreation)
    await fakes.fail(101, code, "You need 50 credits. You have 30.")
    error = assert_error(await asking, status, code)
    assert error["message"] == "You need 50 credits. You have 30."


async def test_a_job_that_is_cancelled_meanwhile_ends_the_waiting(gateway: Running, fakes: Fakes) -> None:
    asking = asyncio.create_task(generate(gateway))
    await fakes.until_asked(jobs.RequestCreation)
    fakes.jobs[101] = job(101, "cancelled")
    await fakes.say(creation_events.CreationCancelled(creation_id=101, user_id=42))
    assert_error(await asking, 409, "JOB_ALREADY_ENDED")


async def test_a_picture_that_takes_longer_is_followed_by_its_links(start_gateway: StartGateway) -> None:
    running = await start_gateway(generate_wait_s=0.2)
    answer = await generate(running)
    assert answer.status_code == 202
    data = answer.json()["data"]
    assert (data["job"]["id"], data["job"]["status"], data["job"]["position"]) == (101, "queued", 1)
    base = f"http://127.0.0.1:{running.port}/api/creations/jobs/101"
    assert data["status_url"] == base
    assert (data["events_url"], data["cancel_url"]) == (f"{base}/events", f"{base}/cancel")
    assert "preference-applied" not in answer.headers
    assert (await running.client.get(data["status_url"])).json()["data"]["status"] == "queued"


async def test_a_client_that_prefers_not_to_wait_does_not(start_gateway: StartGateway) -> None:
    running = await start_gateway(gateway_public_url="https://api.magicpic.app/")
    answer = await generate(running, {"Prefer": "wait=5, Respond-Async; x=1"})
    assert answer.status_code == 202
    assert answer.headers["preference-applied"] == "respond-async"
    assert answer.json()["data"]["cancel_url"] == "https://api.magicpic.app/api/creations/jobs/101/cancel"


async def test_a_job_that_was_accepted_is_told_so_even_when_it_cannot_be_asked_about(
    gateway: Running, fakes: Fakes
) -> None:
    fakes.on(jobs.GetJob, ServiceError("SERVICE_UNAVAILABLE", "restarting"))
    answer = await generate(gateway, ASYNC)
    assert answer.status_code == 202
    assert answer.json()["data"]["job"]["id"] == 101


async def test_an_ending_that_nobody_heard_of_is_found_by_asking(gateway: Running, fakes: Fakes) -> None:
    asking = asyncio.create_task(generate(gateway))
    await fakes.until_asked(jobs.RequestCreation)
    fakes.jobs[101] = job(101, "completed")
    assert (await asking).status_code == 200


async def test_the_broker_may_restart_while_a_phone_waits(
    gateway: Running, fakes: Fakes, servers: EmbeddedServers
) -> None:
    asking = asyncio.create_task(generate(gateway))
    await fakes.until_asked(jobs.RequestCreation)
    await fakes.say(creation_events.CreationFailed(creation_id=101, user_id=42, code="X"))  # it did not, it is found
    await fakes.until_asked(jobs.GetJob)
    servers.nats.kill()
    fakes.jobs[101] = job(101, "completed")
    servers.nats.restart()
    assert (await asking).status_code == 200


@pytest.mark.parametrize(
    ("fields", "at_fault"),
    [
        ({"style_id": ""}, {"style_id"}),
        ({"style_id": "first"}, {"style_id"}),
        ({"style_id": "0"}, {"style_id"}),
        ({"mood": "angry"}, {"mood"}),
        ({"weather": "hail"}, {"weather"}),
        ({"dress_style": "none"}, {"dress_style"}),
        ({"custom_prompt": "x" * 201}, {"custom_prompt"}),
        ({"custom_prompt": "a\0b"}, {"custom_prompt"}),
        ({"is_public": "perhaps"}, {"is_public"}),
        ({"mood": "angry", "style_id": "x"}, {"mood", "style_id"}),
    ],
)
async def test_each_wrong_field_of_the_form_is_named(
    gateway: Running, fakes: Fakes, objects: Objects, fields: dict[str, Any], at_fault: set[str]
) -> None:
    error = assert_error(await generate(gateway, **fields), 400, "VALIDATION_ERROR")
    assert set(error["details"]) == at_fault
    assert not fakes.asked[jobs.RequestCreation]
    assert await objects.keys() == []


@pytest.mark.parametrize("prompt", ["x" * 200, "ü" * 200, "🌅" * 200])
async def test_two_hundred_characters_of_any_script_are_allowed(gateway: Running, prompt: str) -> None:
    assert (await generate(gateway, ASYNC, custom_prompt=prompt)).status_code == 202


@pytest.mark.parametrize(
    ("sent", "meant"), [("true", True), ("1", True), ("True", True), ("false", False), ("0", False)]
)
async def test_booleans_come_as_phones_send_them(gateway: Running, fakes: Fakes, sent: str, *, meant: bool) -> None:
    await generate(gateway, ASYNC, is_public=sent)
    assert fakes.asked[jobs.RequestCreation][0].is_public is meant


async def test_an_unknown_style_is_refused_before_the_picture_is_looked_at(
    gateway: Running, fakes: Fakes, objects: Objects
) -> None:
    assert_error(await generate(gateway, photo=b"no picture", style_id="77"), 404, "STYLE_NOT_FOUND")
    assert not fakes.asked[jobs.RequestCreation]
    assert await objects.keys() == []


async def test_what_the_service_refuses_leaves_nothing_in_storage(
    gateway: Running, fakes: Fakes, objects: Objects
) -> None:
    fakes.on(jobs.RequestCreation, ServiceError("STYLE_NOT_FOUND", "Style not found."))
    assert_error(await generate(gateway), 404, "STYLE_NOT_FOUND")
    assert await objects.keys() == []


async def test_what_the_service_may_have_accepted_stays_in_storage(
    gateway: Running, fakes: Fakes, objects: Objects
) -> None:
    fakes.on(jobs.RequestCreation, ServiceError("DEADLINE_EXCEEDED", "too slow"))
    assert_error(await generate(gateway), 504, "DEADLINE_EXCEEDED")
    assert len(await objects.keys("photos/")) == 2


async def test_a_storage_that_is_away_is_told_and_nothing_is_asked_for(
    start_gateway: StartGateway, fakes: Fakes
) -> None:
    running = await start_gateway(s3_bucket="no-such-bucket")
    assert_error(await generate(running), 503, "SERVICE_UNAVAILABLE")
    assert not fakes.asked[jobs.RequestCreation]


async def test_the_same_key_and_input_give_the_first_answer_again(
    gateway: Running, fakes: Fakes, objects: Objects
) -> None:
    seen: list[str] = []

    async def request(asked: jobs.RequestCreation) -> Message:
        fakes.jobs[101] = job(101, "completed")
        replayed = bool(seen)
        seen.append(asked.fingerprint)
        if asked.fingerprint != seen[0]:
            raise ServiceError("IDEMPOTENCY_CONFLICT", "This key was used with another request.")
        return jobs.Requested(creation_id=101, replayed=replayed)

    fakes.on(jobs.RequestCreation, request)
    key = {"Idempotency-Key": "one-of-a-kind"}
    first = asyncio.create_task(generate(gateway, key, mood="happy"))
    await fakes.until_asked(jobs.RequestCreation)
    await fakes.finish(101)
    again = await generate(gateway, key, mood="happy", is_public="1", weather="")  # the same, in other words
    assert again.status_code == (await first).status_code == 200
    assert again.json() == (await first).json()
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in (await first).headers
    assert len(await objects.keys("photos/")) == 2
    for changes in ({"mood": "sad"}, {"mood": "happy", "photo": encoded(scene(64, 64))}):
        assert_error(await generate(gateway, key, **changes), 409, "IDEMPOTENCY_CONFLICT")
    assert len(await objects.keys("photos/")) == 2
    assert fakes.asked[jobs.RequestCreation][0].idempotency_key == "one-of-a-kind"


async def test_a_replayed_failure_fails_again(gateway: Running, fakes: Fakes) -> None:
    fakes.on(jobs.RequestCreation, jobs.Requested(creation_id=101, replayed=True))
    fakes.jobs[101] = job(101, "failed", error={"code": "NSFW_DETECTED", "message": "No."})
    answer = await generate(gateway, {"Idempotency-Key": "k"})
    assert_error(answer, 400, "NSFW_DETECTED")
    assert answer.headers["idempotency-replayed"] == "true"


@pytest.mark.parametrize("key", ["", "x" * 201, "a\tb"])
async def test_a_key_that_is_no_key_is_refused(gateway: Running, key: str) -> None:
    answer = await generate(gateway, {"Idempotency-Key": key})
    error = assert_error(answer, 400, "VALIDATION_ERROR")
    assert set(error["details"]) == {"Idempotency-Key"}


async def test_ledgers_word_is_what_ends_the_waiting(gateway: Running, fakes: Fakes) -> None:
    """The picture is there, but not paid: whoever looks at their balance next must see the price gone."""
    asking = asyncio.create_task(generate(gateway))
    await fakes.until_asked(jobs.RequestCreation)
    fakes.jobs[101] = job(101, "completed")
    generated = creation_events.CreationGenerated(
        creation_id=101, user_id=42, style_id=1, style_name="Ghibli Art", credits=50, is_public=True
    )
    await fakes.say(generated)
    await fakes.say(ledger_events.CreditsHeld(user_id=42, creation_id=99, credits=50, balance=2400))
    done, _ = await asyncio.wait([asking], timeout=0.3)
    assert not done
    await fakes.finish(101)
    assert (await asking).status_code == 200
    assert len(fakes.asked[jobs.GetJob]) == 1  # while it was being paid


async def test_a_finished_picture_is_answered_with_however_late_its_payment(
    start_gateway: StartGateway, fakes: Fakes
) -> None:
    running = await start_gateway(generate_wait_s=1)
    asking = asyncio.create_task(generate(running))
    await fakes.until_asked(jobs.RequestCreation)
    fakes.jobs[101] = job(101, "completed")
    await fakes.say(
        creation_events.CreationGenerated(
            creation_id=101, user_id=42, style_id=1, style_name="Ghibli Art", credits=50, is_public=True
        )
    )
    answer = await asking
    assert answer.status_code == 200
    assert answer.json()["data"]["credits_remaining"] == 2450
