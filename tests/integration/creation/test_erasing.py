"""When someone leaves, all that they asked for goes: what is made, what is in the making, what is on its way."""

import asyncio

from contracts.errors import ServiceError
from contracts.events.auth import AccountDeleted
from contracts.events.creation import CreationCancelled, CreationDeleted, CreationGenerated, CreationQueued
from contracts.rpc import creation as rpc
from contracts.rpc.exporting import ExportPage
from services.creation import queries
from tests.given import refused
from tests.integration.creation.conftest import STRANGER, USER, Studio
from tests.integration.creation.painters import PHOTO, PatientPainter, QuickPainter
from tests.waiting import until

MATERIALS = "SELECT creation_id, user_id FROM materials ORDER BY creation_id"


async def made(studio: Studio, user_id: int = USER, **options: object) -> int:
    creation_id = (await studio.request(user_id, **options)).creation_id
    await studio.ear.heard(CreationGenerated, creation_id=creation_id)
    return creation_id


async def test_everything_of_a_person_goes_and_nothing_of_anybody_else(studio: Studio) -> None:
    await studio.sign_up(STRANGER)
    await studio.worker(QuickPainter())
    first, second = await made(studio, custom_prompt="my cat Zoraida"), await made(studio)
    other = await made(studio, STRANGER)
    kept = {key.rpartition("/")[0] for key in await keys_of(studio, other)}
    await studio.say(AccountDeleted(user_id=USER))
    for creation_id in (first, second):
        await studio.ear.heard(CreationDeleted, creation_id=creation_id)
    left = await studio.bucket_becomes(4)
    assert {key.rpartition("/")[0] for key in left} == kept
    assert await studio.rows(MATERIALS) == [(other, STRANGER)]
    assert await studio.rows("SELECT user_id FROM creations") == [(STRANGER,)]
    await studio.say(AccountDeleted(user_id=USER))  # it comes twice, and nothing more happens
    await asyncio.sleep(0.3)
    assert len(studio.ear.of(CreationDeleted)) == 2


async def keys_of(studio: Studio, creation_id: int) -> list[str]:
    [row] = await studio.rows("SELECT original_key, result_key FROM materials WHERE creation_id = $1", creation_id)
    return list(row)


async def test_what_is_being_painted_is_cancelled_and_its_credits_are_free(studio: Studio) -> None:
    painter = PatientPainter()
    await studio.worker(painter)
    creation_id = await studio.queued()
    await asyncio.wait_for(painter.begun.wait(), 10)
    waiting = await studio.queued()
    await studio.say(AccountDeleted(user_id=USER))
    for cancelled in (creation_id, waiting):
        await studio.ear.heard(CreationCancelled, creation_id=cancelled)
    await asyncio.wait_for(painter.was_cancelled.wait(), 10)
    await studio.balance_becomes(2500, 0)
    await studio.bucket_becomes(0)
    assert await studio.rows(MATERIALS) == []
    assert await studio.rows("SELECT * FROM timers") == []


async def test_a_stubborn_worker_that_finishes_too_late_leaves_nothing(studio: Studio) -> None:
    painter = PatientPainter(stubborn=True)
    await studio.worker(painter)
    creation_id = await studio.queued()
    await asyncio.wait_for(painter.begun.wait(), 10)
    await studio.say(AccountDeleted(user_id=USER))
    await studio.ear.heard(CreationCancelled, creation_id=creation_id)
    painter.may_go_on.set()
    await studio.bucket_becomes(0)
    assert studio.ear.of(CreationGenerated) == []


async def test_what_is_asked_for_after_that_is_refused_and_its_uploads_go(studio: Studio) -> None:
    await studio.say(AccountDeleted(user_id=USER))
    await studio.until_row("SELECT user_id FROM departed", is_=USER)
    with refused("USER_NOT_FOUND"):
        await studio.request(custom_prompt="still here?")
    assert await studio.objects.keys() == []


async def test_a_request_that_slips_through_is_caught_when_its_credits_are_held(studio: Studio) -> None:
    """Its check came before its owner left, and its commit after all that they had was erased."""
    await studio.ledger.stop()
    creation_id = (await studio.request(custom_prompt="my cat Zoraida")).creation_id
    async with studio.service.database.write() as connection:
        await connection.execute("INSERT INTO departed VALUES ($1)", USER)  # as if the erasing had not seen it
    await studio.restart_ledger()
    await studio.ear.heard(CreationCancelled, creation_id=creation_id)
    await studio.balance_becomes(2500, 0)
    await studio.bucket_becomes(0)
    assert await studio.rows(MATERIALS) == []
    assert studio.ear.of(CreationQueued) == []


async def test_requests_at_the_very_moment_of_leaving_leave_nothing(studio: Studio) -> None:
    async def ask() -> None:
        try:
            await studio.request(custom_prompt="quick!")
        except ServiceError as error:
            if error.code != "USER_NOT_FOUND":
                raise

    await studio.worker(QuickPainter())
    asking = [asyncio.create_task(ask()) for _ in range(4)]
    await studio.say(AccountDeleted(user_id=USER))
    asking += [asyncio.create_task(ask()) for _ in range(4)]
    await asyncio.gather(*asking)
    await until(lambda: studio.rows(MATERIALS), lambda rows: rows == [])
    await studio.bucket_becomes(0)
    await until(studio.balance, lambda balance: balance[1] == 0)


async def test_an_export_has_every_creation_a_page_at_a_time_and_nobody_elses(studio: Studio) -> None:
    await studio.sign_up(STRANGER)
    await made_without_a_worker(studio)
    page: ExportPage = await studio.ask(rpc.ExportCreations(user_id=USER))
    assert [record["custom_prompt"] for record in page.records] == ["one", "two", None]
    assert [record["status"] for record in page.records] == ["in the making"] * 3
    assert page.next is None
    assert len(page.files) == 3
    assert all([await studio.objects.get(key) for key in page.files.values()])
    rest: ExportPage = await studio.ask(rpc.ExportCreations(user_id=USER, after=page.records[0]["id"]))
    assert rest.records == page.records[1:]
    assert queries.EXPORT_PAGE * 2_000 < 1_000_000  # a record with its keys is far less than 2 kB: a page is a message


async def made_without_a_worker(studio: Studio) -> None:
    for prompt in ("one", "two", None):
        await studio.queued(custom_prompt=prompt)
    await studio.queued(STRANGER, custom_prompt="not yours")


async def test_a_finished_picture_is_exported_with_its_options_and_both_pictures(studio: Studio) -> None:
    await studio.worker(QuickPainter())
    creation_id = await made(studio, mood="happy", custom_prompt="a hat")
    page: ExportPage = await studio.ask(rpc.ExportCreations(user_id=USER))
    [record] = page.records
    assert (record["id"], record["status"], record["mood"], record["custom_prompt"]) == (
        creation_id,
        "completed",
        "happy",
        "a hat",
    )
    assert record["created_at"].endswith("Z")
    assert set(page.files) == {f"{creation_id}/original.png", f"{creation_id}/result.jpg"}
    assert await studio.objects.get(page.files[f"{creation_id}/original.png"]) != PHOTO
