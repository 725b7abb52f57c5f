"""Photos that are uploaded before the job: whose they are, used once, and gone in time."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from contracts.errors import ServiceError
from contracts.events.auth import AccountDeleted
from contracts.events.creation import CreationGenerated, CreationRequested
from contracts.rpc import uploads as rpc
from contracts.rpc.creation import ExportCreations
from contracts.rpc.exporting import ExportPage
from contracts.rpc.jobs import RequestCreation
from kernel.clock import utc_now
from services.creation import uploads
from services.creation.erasing import Departures
from services.creation.social.erasing import Traces
from services.creation.uploads import KEPT_FOR, LIFE, MAX_UNUSED, Uploads
from tests.given import refused
from tests.integration.creation.conftest import STRANGER, STYLE, USER, Studio
from tests.integration.creation.painters import QuickPainter

PRESIGN = rpc.PresignUpload(user_id=USER, content_type="image/jpeg", size=3)


def keeping(studio_keys: tuple[str, str], upload_id: str | None = None, user_id: int = USER) -> rpc.KeepUpload:
    return rpc.KeepUpload(
        user_id=user_id,
        upload_id=upload_id,
        original_key=studio_keys[0],
        working_key=studio_keys[1],
        content_type="image/png",
        size=12,
        width=64,
        height=48,
    )


def asking(upload_id: str, **options: Any) -> RequestCreation:
    given: dict[str, Any] = {"user_id": USER, "style_id": STYLE.style_id, "upload_id": upload_id} | options
    return RequestCreation(**given)


async def kept(studio: Studio, user_id: int = USER) -> rpc.Upload:
    upload: rpc.Upload = await studio.ask(keeping(await studio.upload(), user_id=user_id))
    return upload


async def test_an_upload_becomes_pictures_and_is_used_up(studio: Studio) -> None:
    await studio.worker(QuickPainter())
    upload = await kept(studio)
    async with httpx.AsyncClient() as phone:
        assert (await phone.get(upload.url)).content == b"the original"
    keyed = asking(upload.upload_id, quantity=2, idempotency_key="k", fingerprint="f")
    asked = await studio.ask(keyed)
    for creation_id in asked.creation_ids:
        await studio.ear.heard(CreationGenerated, creation_id=creation_id)
    await studio.bucket_becomes(8)
    async with httpx.AsyncClient() as phone:
        assert (await phone.get(upload.url)).content == b"the original", "it stays where it was put"
    assert (await studio.ask(keyed)).creation_ids == asked.creation_ids
    with refused("UPLOAD_USED"):
        await studio.ask(asking(upload.upload_id))
    with refused("UPLOAD_USED"):
        await studio.ask(asking(upload.upload_id, idempotency_key="another", fingerprint="f"))
    with refused("UPLOAD_USED"):
        await studio.ask(rpc.FindUpload(user_id=USER, upload_id=upload.upload_id))
    assert len(await studio.objects.keys()) == 8


async def test_of_many_requests_at_once_one_gets_the_upload(studio: Studio) -> None:
    upload = await kept(studio)
    outcomes = await asyncio.gather(*[studio.ask(asking(upload.upload_id)) for _ in range(6)], return_exceptions=True)
    codes = [outcome.code for outcome in outcomes if isinstance(outcome, ServiceError)]
    assert set(codes) <= {"UPLOAD_USED", "VALIDATION_ERROR"}
    assert len(codes) == 5
    assert len(studio.ear.of(CreationRequested)) <= 1
    assert len(await studio.objects.keys()) == 2


async def test_a_presigned_link_takes_the_bytes_and_what_was_kept_first_stays(studio: Studio) -> None:
    presigned: rpc.Presigned = await studio.ask(PRESIGN)
    find = rpc.FindUpload(user_id=USER, upload_id=presigned.upload_id)
    with refused("UPLOAD_INCOMPLETE"):
        await studio.ask(asking(presigned.upload_id))
    async with httpx.AsyncClient() as phone:
        answer = await phone.put(presigned.url, content=b"abc", headers=presigned.headers)
    assert answer.status_code == 200
    arrival: rpc.Arrival = await studio.ask(find)
    assert (arrival.content_type, arrival.size, arrival.done) == ("image/jpeg", 3, None)
    assert await studio.objects.get(arrival.raw_key) == b"abc"
    first: rpc.Upload = await studio.ask(keeping(await studio.upload(), presigned.upload_id))
    second: rpc.Upload = await studio.ask(keeping(await studio.upload(), presigned.upload_id))
    assert second.url.partition("?")[0] == first.url.partition("?")[0]
    assert (await studio.ask(find)).done is not None


async def test_what_is_forged_foreign_or_expired_is_told_apart(studio: Studio) -> None:
    upload = await kept(studio, STRANGER)
    forged = uuid4().hex
    for upload_id, code in ((upload.upload_id, "NOT_OWNER"), (forged, "UPLOAD_NOT_FOUND")):
        for request in (
            asking(upload_id),
            rpc.FindUpload(user_id=USER, upload_id=upload_id),
            keeping(("incoming/a", "incoming/b"), upload_id),
        ):
            with refused(code):
                await studio.ask(request)
    with refused("VALIDATION_ERROR"):
        await studio.ask(keeping(("creations/of-another/result.jpg", "incoming/b")))
    mine = await kept(studio)
    await studio.rows("UPDATE uploads SET expires_at = now() WHERE upload_id = $1 RETURNING 1", mine.upload_id)
    for request in (asking(mine.upload_id), rpc.FindUpload(user_id=USER, upload_id=mine.upload_id)):
        with refused("UPLOAD_EXPIRED"):
            await studio.ask(request)
    assert studio.ear.of(CreationRequested) == []


async def test_nobody_hoards_uploads_and_what_expired_is_forgotten(studio: Studio) -> None:
    for _ in range(MAX_UNUSED):
        await studio.ask(PRESIGN)
    with refused("TOO_MANY_UPLOADS"):
        await studio.ask(PRESIGN)
    database = studio.service.database
    commands = studio.service.commands
    departures = Departures(database, commands, Traces(database, commands))
    kept_uploads = Uploads(database, studio.objects, departures)
    assert await kept_uploads.sweep(utc_now() + LIFE + KEPT_FOR - timedelta(minutes=1)) == 0
    assert await kept_uploads.sweep(utc_now() + LIFE + KEPT_FOR + timedelta(minutes=1)) == MAX_UNUSED
    await studio.ask(PRESIGN)


async def test_what_is_too_large_for_any_photo_is_not_left_lying(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = await studio.ask(PRESIGN)
    async with httpx.AsyncClient() as phone:
        assert (await phone.put(link.url, content=b"x" * 5000, headers=link.headers)).status_code == 200
    await studio.bucket_becomes(1)
    monkeypatch.setattr(uploads, "LARGEST", 4999)
    commands, database = studio.service.commands, studio.service.database
    departures = Departures(database, commands, Traces(database, commands))
    await Uploads(database, studio.objects, departures).sweep(utc_now())
    await studio.bucket_becomes(0)


async def test_uploads_are_exported_and_go_with_their_owner(studio: Studio) -> None:
    upload, other = await kept(studio), await kept(studio, STRANGER)
    presigned: rpc.Presigned = await studio.ask(PRESIGN)
    page: ExportPage = await studio.ask(ExportCreations(user_id=USER))
    assert {record["upload_id"]: record["status"] for record in page.records} == {
        upload.upload_id: "uploaded",
        presigned.upload_id: "expected",
    }
    [key] = page.files.values()
    assert await studio.objects.get(key) == b"the original"
    assert (await studio.ask(ExportCreations(user_id=USER, after=1))).records == []
    await studio.say(AccountDeleted(user_id=USER))
    await studio.until_row("SELECT upload_id FROM uploads", is_=other.upload_id)
    await studio.bucket_becomes(2)
    with refused("USER_NOT_FOUND"):
        await studio.ask(PRESIGN)
