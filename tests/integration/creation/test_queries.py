"""What can be read of creations, by whom, and what is left when one is deleted."""

from collections.abc import Awaitable, Callable

import asyncpg

from contracts.events.creation import CreationDeleted, CreationFailed, CreationGenerated
from contracts.rpc import creation as rpc
from contracts.rpc import jobs
from kernel.projection import rebuild
from services.creation import projections, tables
from services.creation.app import CODEC
from services.creation.painter import PainterFailed
from tests.given import refused
from tests.integration.creation.conftest import STRANGER, STYLE, USER, Studio
from tests.integration.creation.painters import QuickPainter

OwnerOf = Callable[[str], Awaitable[asyncpg.Connection]]


async def painted(studio: Studio, user_id: int = USER, **options: object) -> int:
    creation_id = (await studio.request(user_id, **options)).creation_id
    await studio.ear.heard(CreationGenerated, creation_id=creation_id)
    return creation_id


async def mine(studio: Studio, user_id: int = USER, page: int = 1, limit: int = 20) -> tuple[list[int], int]:
    found: rpc.CreationPage = await studio.ask(rpc.ListMine(user_id=user_id, page=page, limit=limit))
    return [item.id for item in found.items], found.total


async def followed(studio: Studio, limit: int, cursor: int | None = None) -> tuple[list[int], int | None]:
    found: rpc.CreationPage = await studio.ask(rpc.ListMine(user_id=USER, page=7, limit=limit, cursor=cursor))
    return [item.id for item in found.items], found.next_cursor


async def recent(studio: Studio, style_id: int, limit: int = 6) -> list[int]:
    found: rpc.PublicCreations = await studio.ask(rpc.RecentInStyle(user_id=USER, style_id=style_id, limit=limit))
    return [item.id for item in found.items]


async def test_mine_are_the_finished_ones_newest_first_page_by_page(studio: Studio) -> None:
    await studio.sign_up(STRANGER)
    await studio.worker(QuickPainter())
    ids = [await painted(studio, is_public=bool(number % 2)) for number in range(5)]
    await painted(studio, STRANGER)
    newest = ids[::-1]
    assert await mine(studio) == (newest, 5)
    assert await mine(studio, limit=2) == (newest[:2], 5)
    assert await mine(studio, page=3, limit=2) == (newest[4:], 5)
    assert await mine(studio, page=4, limit=2) == ([], 5)
    assert await mine(studio, user_id=99) == ([], 0)
    assert await mine(studio, limit=1000) == (newest, 5)

    # From cursor to cursor nothing is left out and nothing comes twice, though one is added and one goes meanwhile.
    first: rpc.CreationPage = await studio.ask(rpc.ListMine(user_id=USER, limit=2))
    later = await painted(studio)
    await studio.ask(rpc.DeleteCreation(user_id=USER, creation_id=newest[1]))
    second, cursor = await followed(studio, 2, first.next_cursor)
    assert second == newest[2:4]
    assert await followed(studio, 2, cursor) == (newest[4:], None)
    assert await followed(studio, 1, cursor) == (newest[4:], None)
    assert await followed(studio, 5, 1) == ([], None)
    assert await mine(studio, limit=1) == ([later], 5)
    numbered: rpc.CreationPage = await studio.ask(rpc.ListMine(user_id=USER, page=2, limit=2))
    assert await followed(studio, 5, numbered.next_cursor) == (newest[4:], None)


async def test_what_is_queued_or_failed_is_not_among_mine(studio: Studio) -> None:
    worker = await studio.worker(QuickPainter(PainterFailed("No.")))
    failed = (await studio.request()).creation_id
    await studio.ear.heard(CreationFailed, creation_id=failed)
    await worker.stop()
    studio.workers.remove(worker)
    await studio.queued()
    assert await mine(studio) == ([], 0)
    with refused("CREATION_NOT_FOUND"):
        await studio.ask(rpc.GetCreation(user_id=USER, creation_id=failed))


async def test_a_public_picture_is_shown_to_others_without_its_original(studio: Studio) -> None:
    await studio.worker(QuickPainter())
    creation_id = await painted(studio, custom_prompt="a red scarf")
    own: rpc.OneCreation = await studio.ask(rpc.GetCreation(user_id=USER, creation_id=creation_id))
    others: rpc.OneCreation = await studio.ask(rpc.GetCreation(user_id=STRANGER, creation_id=creation_id))
    assert own.public is None
    assert own.own is not None
    assert own.own.custom_prompt == "a red scarf"
    assert others.own is None
    assert others.public is not None
    assert (others.public.user_id, others.public.style_id) == (USER, 3)
    assert others.public.thumbnail_url == own.own.thumbnail_url
    assert "original" not in others.model_dump_json()
    assert "scarf" not in others.model_dump_json()


async def test_a_private_picture_does_not_exist_for_others(studio: Studio) -> None:
    await studio.worker(QuickPainter())
    creation_id = await painted(studio, is_public=False)
    with refused("CREATION_NOT_FOUND"):
        await studio.ask(rpc.GetCreation(user_id=STRANGER, creation_id=creation_id))
    assert await recent(studio, 3) == []


async def test_the_newest_public_pictures_of_a_style(studio: Studio) -> None:
    await studio.publish_style(STYLE.model_copy(update={"style_id": 4, "slug": "other"}))
    await studio.worker(QuickPainter())
    ids = [await painted(studio) for _ in range(3)]
    other = await painted(studio, style_id=4)
    assert await recent(studio, 3) == ids[::-1]
    assert await recent(studio, 3, limit=2) == ids[:0:-1]
    assert await recent(studio, 4) == [other]
    assert await recent(studio, 99) == []


async def test_a_job_is_nobody_elses_business(studio: Studio) -> None:
    creation_id = await studio.queued()
    with refused("NOT_OWNER"):
        await studio.job(creation_id, STRANGER)
    with refused("CREATION_NOT_FOUND"):
        await studio.job(creation_id + 1000)


async def test_jobs_know_how_many_stand_before_them(studio: Studio) -> None:
    waiting = [await studio.queued() for _ in range(3)]
    assert [(await studio.job(creation_id)).position for creation_id in waiting] == [1, 2, 3]
    await studio.ask(jobs.CancelJob(user_id=USER, creation_id=waiting[0]))
    assert [(await studio.job(creation_id)).position for creation_id in waiting] == [None, 1, 2]


async def test_deleting_takes_pictures_words_and_row_and_leaves_the_rest(studio: Studio) -> None:
    await studio.worker(QuickPainter())
    kept, gone = await painted(studio), await painted(studio, custom_prompt="a red scarf")
    await studio.bucket_becomes(8)
    with refused("NOT_OWNER"):
        await studio.ask(rpc.DeleteCreation(user_id=STRANGER, creation_id=gone))
    assert await studio.ask(rpc.DeleteCreation(user_id=USER, creation_id=gone)) == rpc.Deleted(creation_id=gone)
    await studio.ear.heard(CreationDeleted, creation_id=gone, style_id=3)
    assert await mine(studio) == ([kept], 1)
    await studio.bucket_becomes(4)
    assert await studio.rows("SELECT creation_id FROM materials") == [(kept,)]
    for request in (
        jobs.GetJob(user_id=USER, creation_id=gone),
        rpc.GetCreation(user_id=USER, creation_id=gone),
        jobs.CancelJob(user_id=USER, creation_id=gone),
        rpc.DeleteCreation(user_id=USER, creation_id=gone),
    ):
        with refused("CREATION_NOT_FOUND"):
            await studio.ask(request)
    assert await studio.balance() == (2400, 0)


async def test_what_is_under_way_is_cancelled_and_not_deleted(studio: Studio) -> None:
    creation_id = await studio.queued()
    with refused("CREATION_NOT_FOUND"):
        await studio.ask(rpc.DeleteCreation(user_id=USER, creation_id=creation_id))
    assert (await studio.job(creation_id)).status == "queued"


async def test_the_read_tables_rebuilt_from_events_are_the_live_ones(studio: Studio, owner_of: OwnerOf) -> None:
    await studio.worker(QuickPainter())
    ids = [await painted(studio) for _ in range(3)]
    await studio.ask(rpc.DeleteCreation(user_id=USER, creation_id=ids[1]))
    for worker in studio.workers:
        await worker.stop()
    studio.workers.clear()
    await studio.queued()
    owner = await owner_of(studio.settings.creation_database_url)
    found = await rebuild(owner, CODEC, tables.metadata, projections.project)
    rows = {difference.table: difference.rows for difference in found if difference.rows}
    assert rows == {"queue": 1, "creations": 2, "counts": 1, "showings": 2, "shown_counts": 4}
    assert not any(difference.only_live or difference.only_rebuilt for difference in found)
