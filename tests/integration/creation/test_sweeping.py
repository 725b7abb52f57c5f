"""What is left lying in object storage is found and removed, and nothing else is."""

from datetime import timedelta

from contracts.events.creation import CreationGenerated
from contracts.rpc import creation as rpc
from kernel.clock import utc_now
from services.creation.storage import Storage
from tests.integration.creation.conftest import USER, Studio
from tests.integration.creation.painters import QuickPainter

SOON = timedelta(minutes=59)
LATER = timedelta(minutes=61)


def storage_of(studio: Studio) -> Storage:
    return Storage(studio.service.database, studio.objects)


async def test_uploads_that_nobody_asked_about_are_swept_after_an_hour(studio: Studio) -> None:
    await studio.upload()
    assert await storage_of(studio).sweep(utc_now() + SOON) == 0
    await studio.bucket_becomes(2)
    assert await storage_of(studio).sweep(utc_now() + LATER) == 2
    await studio.bucket_becomes(0)


async def test_finished_pictures_are_never_swept(studio: Studio) -> None:
    await studio.worker(QuickPainter())
    creation_id = (await studio.request()).creation_id
    await studio.ear.heard(CreationGenerated, creation_id=creation_id)
    before = await studio.bucket_becomes(4)
    await storage_of(studio).sweep(utc_now() + timedelta(days=400))
    assert await studio.objects.keys() == before


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
