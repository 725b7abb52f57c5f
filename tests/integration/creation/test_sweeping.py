"""What is left lying in object storage is found and removed, and nothing else is."""

from datetime import timedelta

from contracts.events.creation import CreationGenerated
from contracts.rpc import creation as rpc
from contracts.rpc import jobs
from kernel.clock import utc_now
from services.creation.storage import Storage
from tests.integration.creation.conftest import STYLE, USER, Studio
from tests.integration.creation.painters import PHOTO, QuickPainter

SOON = timedelta(minutes=59)
LATER = timedelta(minutes=61)
AFTER_ITS_HOUR = timedelta(minutes=121)


def storage_of(studio: Studio) -> Storage:
    return Storage(studio.service.database, studio.objects)


async def test_uploads_that_nobody_asked_about_are_swept_after_an_hour(studio: Studio) -> None:
    await studio.upload()
    assert await storage_of(studio).sweep(utc_now() + SOON) == 0
    await studio.bucket_becomes(2)
    assert await storage_of(studio).sweep(utc_now() + AFTER_ITS_HOUR) == 2
    await studio.bucket_becomes(0)


async def test_what_gateways_of_before_left_is_swept_unless_a_creation_has_it(studio: Studio) -> None:
    await studio.worker(QuickPainter())
    keys = [f"incoming/{name}" for name in ("original.jpg", "working.jpg", "of-nobody.jpg")]
    for key in keys:
        await studio.objects.put(key, PHOTO, "image/jpeg")
    request = jobs.RequestCreation(user_id=USER, style_id=STYLE.style_id, original_key=keys[0], working_key=keys[1])
    creation_id = (await studio.ask(request)).creation_id
    await studio.ear.heard(CreationGenerated, creation_id=creation_id)
    await studio.bucket_becomes(5)
    assert await storage_of(studio).sweep(utc_now() + LATER) == 1
    assert keys[2] not in await studio.bucket_becomes(4)


async def test_finished_pictures_are_never_swept(studio: Studio) -> None:
    await studio.worker(QuickPainter())
    creation_id = (await studio.request()).creation_id
    await studio.ear.heard(CreationGenerated, creation_id=creation_id)
    before = await studio.bucket_becomes(4)
    await storage_of(studio).sweep(utc_now() + timedelta(days=20))
    assert await studio.objects.keys() == before
    [(until,)] = await studio.rows("SELECT swept_until FROM photo_sweeps")
    assert until > utc_now() + timedelta(days=19), "each hour is looked through once"


async def test_what_a_worker_stores_after_its_job_was_deleted_goes_at_the_second_look(studio: Studio) -> None:
    await studio.worker(QuickPainter())
    creation_id = (await studio.request()).creation_id
    await studio.ear.heard(CreationGenerated, creation_id=creation_id)
    keys = await studio.bucket_becomes(4)
    await studio.ask(rpc.DeleteCreation(user_id=USER, creation_id=creation_id))
    await studio.bucket_becomes(0)
    await studio.objects.put(keys[0], b"written by a worker that was slow to die", "image/jpeg")
    await storage_of(studio).sweep(utc_now() + SOON)
    await studio.bucket_becomes(1)
    await storage_of(studio).sweep(utc_now() + LATER)
    await studio.bucket_becomes(0)
    assert await studio.rows("SELECT * FROM stored") == []
