"""Several pictures, pictures from words, models and uploads, seen from the phone."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import httpx

from contracts.envelope import Message
from contracts.errors import ServiceError
from contracts.events import creation as creation_events
from contracts.events import ledger as ledger_events
from contracts.rpc import jobs, uploads
from gateway.pictures import MAX_BYTES
from kernel.objects import Objects
from services.creation.storage import INCOMING
from tests.integration.gateway.conftest import Running
from tests.integration.gateway.fakes import NOW, Fakes, job, own_creation
from tests.integration.gateway.test_envelope import assert_error
from tests.integration.gateway.test_generate import ASYNC, GENERATE, PHOTO, generate
from tests.integration.gateway.test_jobs import following
from tests.unit.gateway.photos import decoded, encoded, scene

IMAGINE = "/api/creations/imagine"
DRAGON = {"prompt": "a red dragon"}
IDS = [101, 102, 103]
UPLOAD_ID = "9f86d081884c7d659a2feaa0c55ad015"
NO_PHOTO: dict[str, Any] = {"original_image_url": None}


def several(status: jobs.JobStatus, made: list[int], **changes: Any) -> jobs.Job:
    pictures = [own_creation(number).model_copy(update=NO_PHOTO) for number in made]
    told = {"quantity": 3, "creation_ids": IDS, "creations": pictures, "creation": pictures[0] if pictures else None}
    return job(101, status, **told | changes)


def asks_for_three(fakes: Fakes) -> None:
    async def requested(_: Any) -> Message:
        fakes.jobs[101] = several("queued", [])
        return jobs.Requested(creation_id=101, creation_ids=IDS, replayed=False)

    for request_type in (jobs.RequestCreation, jobs.ImaginePictures):
        fakes.on(request_type, requested)


async def paid(fakes: Fakes, creation_id: int) -> None:
    await fakes.say(ledger_events.CreditsDebited(user_id=42, creation_id=creation_id, credits=50, balance=2400))


async def test_the_phone_waits_for_all_pictures_of_its_job_and_their_payment(gateway: Running, fakes: Fakes) -> None:
    asks_for_three(fakes)
    asking = asyncio.create_task(gateway.client.post(IMAGINE, json=DRAGON | {"quantity": 3, "aspect_ratio": "16:9"}))
    asked = await fakes.until_asked(jobs.ImaginePictures)
    assert (asked.prompt, asked.quantity, asked.aspect_ratio, asked.style_id) == ("a red dragon", 3, "16:9", None)
    await paid(fakes, 101)
    await fakes.say(creation_events.CreationFailed(creation_id=102, user_id=42, code="AI_SERVICE_ERROR"))
    await fakes.until_asked(jobs.GetJob, 2)
    fakes.jobs[101] = several("completed", [101, 103], failed=1)
    generated = creation_events.CreationGenerated(
        creation_id=103, user_id=42, style_id=1, style_name="x", credits=50, is_public=True
    )
    await fakes.say(generated)
    await fakes.until_asked(jobs.GetJob, 3)
    assert not (await asyncio.wait([asking], timeout=0.2))[0]
    await paid(fakes, 103)
    answer = await asking
    assert answer.status_code == 200, answer.text
    body = answer.json()
    data = body["data"]
    assert body["message"] == "2 images generated successfully!"
    assert [made["id"] for made in data["creations"]] == [101, 103]
    assert (data["id"], data["quantity"], data["failed"]) == (101, 3, 1)
    assert data["creation"] == data["creations"][0]
    assert data["original_image_url"] is data["creation"]["original_image_url"] is None
    assert len(fakes.asked[jobs.GetJob]) == 3


async def test_a_job_of_several_is_accepted_followed_and_shown(gateway: Running, fakes: Fakes) -> None:
    asks_for_three(fakes)
    answer = await generate(gateway, ASYNC, quantity="3", model="local")
    assert answer.status_code == 202
    shown = answer.json()["data"]["job"]
    assert (shown["id"], shown["quantity"], shown["creation_ids"], shown["creations"]) == (101, 3, IDS, [])
    asked = fakes.asked[jobs.RequestCreation][0]
    assert (asked.quantity, asked.model, asked.upload_id) == (3, "local", None)
    async with following(gateway) as events:
        assert (await anext(events))["event"] == "queued"
        fakes.jobs[101] = several("processing", [103], progress=40)
        await fakes.progress(102, 20)  # of another picture than the job's own
        processing = await anext(events)
        assert (processing["event"], processing["data"]["progress"]) == ("processing", 40)
        assert processing["data"]["creations"][0]["style"]["name"] == "Ghibli Art"
        fakes.jobs[101] = several("completed", IDS)
        await fakes.say(creation_events.CreationCancelled(creation_id=103, user_id=42))
        last = await anext(events)
    assert (last["event"], len(last["data"]["creations"])) == ("completed", 3)


async def test_bad_words_and_numbers_are_named(gateway: Running, fakes: Fakes) -> None:
    for body, fault in (
        ({}, "prompt"),
        ({"prompt": "  "}, "prompt"),
        ({"prompt": "\u200b"}, "prompt"),
        ({"prompt": "x" * 501}, "prompt"),
        ({"prompt": "a\0b"}, "prompt"),
        (DRAGON | {"quantity": 5}, "quantity"),
        (DRAGON | {"quantity": 0}, "quantity"),
        (DRAGON | {"aspect_ratio": "1:100"}, "aspect_ratio"),
        (DRAGON | {"style_id": 0}, "style_id"),
        (DRAGON | {"model": "x" * 101}, "model"),
        (DRAGON | {"mood": "angry"}, "mood"),
    ):
        error = assert_error(await gateway.client.post(IMAGINE, json=body), 400, "VALIDATION_ERROR")
        assert set(error["details"]) == {fault}, body
    assert_error(await gateway.client.post(IMAGINE, json=DRAGON | {"style_id": 77}), 404, "STYLE_NOT_FOUND")
    assert_error(await generate(gateway, quantity="5"), 400, "VALIDATION_ERROR")
    fakes.on(jobs.ImaginePictures, ServiceError("NSFW_DETECTED", "No."))
    assert_error(await gateway.client.post(IMAGINE, json=DRAGON), 400, "NSFW_DETECTED")
    assert not fakes.asked[jobs.RequestCreation]


async def test_models_are_listed(gateway: Running, fakes: Fakes) -> None:
    model = jobs.PaintingModel(
        id="local",
        name="Studio",
        description="",
        kinds=["photo", "text"],
        credits=0,
        available=True,
        is_default=True,
    )
    fakes.on(jobs.ListModels, jobs.PaintingModels(items=[model]))
    body = (await gateway.client.get("/api/models")).json()
    assert (body["data"], body["total"]) == ([model.model_dump()], 1)


def upload_of(objects: Objects, kept: uploads.KeepUpload) -> uploads.Upload:
    told = kept.model_dump(include={"content_type", "size", "width", "height"})
    return uploads.Upload(upload_id=UPLOAD_ID, url=objects.url(kept.original_key), expires_at=NOW, **told)


async def test_a_photo_is_uploaded_clean_and_used_by_its_id(gateway: Running, fakes: Fakes, objects: Objects) -> None:
    async def keep(request: uploads.KeepUpload) -> Message:
        return upload_of(objects, request)

    fakes.on(uploads.KeepUpload, keep)
    answer = await gateway.client.post("/api/upload/image", files={"image": ("photo.jpg", PHOTO, "image/jpeg")})
    assert answer.status_code == 200, answer.text
    data = answer.json()["data"]
    assert (data["upload_id"], data["width"], data["height"]) == (UPLOAD_ID, 1200, 1600)  # upright
    async with httpx.AsyncClient() as phone:
        shown = (await phone.get(data["url"])).content
    assert decoded(shown).size == (1200, 1600)
    assert b"SECRET" not in shown
    assert data["size"] == len(shown)
    by_id = {"style_id": 1, "upload_id": UPLOAD_ID}
    key = {"Idempotency-Key": "k"} | ASYNC
    assert (await gateway.client.post(GENERATE, json=by_id, headers=key)).status_code == 202
    in_form = {name: (None, str(value)) for name, value in by_id.items()}
    assert (await gateway.client.post(GENERATE, files=in_form, headers=key)).status_code == 202
    first, second = fakes.asked[jobs.RequestCreation]
    assert (first.upload_id, first.original_key) == (UPLOAD_ID, "")
    assert first == second  # the same fingerprint, too
    assert_error(await generate(gateway, upload_id=UPLOAD_ID), 400, "VALIDATION_ERROR")
    for body in ({"style_id": 1}, by_id | {"upload_id": "../" + UPLOAD_ID[3:]}, {"upload_id": UPLOAD_ID}):
        assert_error(await gateway.client.post(GENERATE, json=body), 400, "VALIDATION_ERROR")
    fakes.on(uploads.KeepUpload, ServiceError("TOO_MANY_UPLOADS", "Enough."))
    before = await objects.keys()
    refused = await gateway.client.post("/api/upload/image", files={"image": ("photo.jpg", PHOTO, "image/jpeg")})
    assert_error(refused, 429, "TOO_MANY_UPLOADS")
    assert await objects.keys() == before


async def test_what_was_put_straight_into_storage_is_looked_at(
    gateway: Running, fakes: Fakes, objects: Objects
) -> None:
    raw_key = f"{INCOMING}{UPLOAD_ID}/raw"
    complete = f"/api/upload/{UPLOAD_ID}/complete"
    announced: dict[str, Any] = {"content_type": "image/jpeg", "size": len(PHOTO)}

    async def find(_: uploads.FindUpload) -> Message:
        return uploads.Arrival(raw_key=raw_key, done=None, **announced)

    async def keep(request: uploads.KeepUpload) -> Message:
        return upload_of(objects, request)

    fakes.on(uploads.FindUpload, find)
    fakes.on(uploads.KeepUpload, keep)
    assert_error(await gateway.client.post(complete), 409, "UPLOAD_INCOMPLETE")
    png = encoded(scene(64, 64), "PNG")
    for body in (PHOTO + b"x", PHOTO[:-1], png, b"MZ" + bytes(len(PHOTO) - 2), PHOTO[:2000] + bytes(len(PHOTO) - 2000)):
        await objects.put(raw_key, body, "image/jpeg")
        announced["size"] = len(body) if body == png else len(PHOTO)
        assert_error(await gateway.client.post(complete), 400, "INVALID_IMAGE")
    assert not fakes.asked[uploads.KeepUpload]
    assert await objects.keys() == [raw_key]
    announced["size"] = len(PHOTO)
    async with httpx.AsyncClient() as phone:
        put = await phone.put(objects.url_to_put(raw_key, timedelta(minutes=1)), content=PHOTO)
    assert put.status_code == 200
    answer = await gateway.client.post(complete)
    assert answer.status_code == 200, answer.text
    kept = fakes.asked[uploads.KeepUpload][0]
    assert (kept.upload_id, kept.width, kept.height) == (UPLOAD_ID, 1200, 1600)
    assert sorted(await objects.keys()) == sorted([kept.original_key, kept.working_key])
    assert raw_key not in (kept.original_key, kept.working_key)
    assert b"SECRET" not in await objects.get(kept.original_key)
    for code, status in (("NOT_OWNER", 403), ("UPLOAD_NOT_FOUND", 404), ("UPLOAD_EXPIRED", 409), ("UPLOAD_USED", 409)):
        fakes.on(uploads.FindUpload, ServiceError(code, "No."))
        assert_error(await gateway.client.post(complete), status, code)
    assert_error(await gateway.client.post("/api/upload/..%2f..%2fx/complete"), 404, "NOT_FOUND")


async def test_a_link_is_only_given_for_what_could_be_a_photo(gateway: Running, fakes: Fakes) -> None:
    fakes.on(
        uploads.PresignUpload,
        uploads.Presigned(
            upload_id=UPLOAD_ID,
            url="https://s3.test/x",
            method="PUT",
            headers={"Content-Type": "image/png"},
            expires_in=600,
        ),
    )
    answer = await gateway.client.post("/api/upload/presign", json={"content_type": "image/png", "size": MAX_BYTES})
    assert json.loads(answer.content)["data"]["url"] == "https://s3.test/x"
    for body, fault in (
        ({"content_type": "image/gif", "size": 1}, "content_type"),
        ({"content_type": "image/png", "size": MAX_BYTES + 1}, "size"),
        ({"content_type": "image/png", "size": 0}, "size"),
        ({"content_type": "image/png"}, "size"),
    ):
        error = assert_error(await gateway.client.post("/api/upload/presign", json=body), 400, "VALIDATION_ERROR")
        assert set(error["details"]) == {fault}
