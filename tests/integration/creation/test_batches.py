"""Several pictures a job, and pictures from words: with the real ledger, on real servers."""

import asyncio
from typing import Any

from contracts.events.auth import AccountDeleted
from contracts.events.creation import (
    CreationCancelled,
    CreationFailed,
    CreationGenerated,
    CreationQueued,
    CreationRequested,
    PaintingStarted,
)
from contracts.events.ledger import CreditsDebited, CreditsReleased
from contracts.rpc import creation as rpc
from contracts.rpc import jobs
from services.creation import domain
from services.creation.keeping import Materials
from services.creation.painter import PainterFailed
from services.creation.worker import build_worker
from tests.fakes.gemini import FakeGemini
from tests.given import refused
from tests.integration.creation.conftest import STRANGER, STYLE, USER, MakeStudio, Studio
from tests.integration.creation.painters import FirstsPainter, PatientPainter, QuickPainter
from tests.integration.creation.test_jobs import WHERE_WORDS_COULD_BE, nothing_is_left
from tests.integration.creation.test_worker import ACK_WAIT_S, doomed_worker
from tests.waiting import until


async def ended(studio: Studio, job_id: int) -> jobs.Job:
    return await until(lambda: studio.job(job_id), lambda job: job.status not in ("queued", "processing"))


async def imagine(studio: Studio, prompt: str = "a red dragon", **options: Any) -> jobs.Requested:
    answer: jobs.Requested = await studio.ask(jobs.ImaginePictures(user_id=USER, prompt=prompt, **options))
    return answer


async def test_a_job_of_three_is_three_pictures_each_paid_once(studio: Studio) -> None:
    painter = QuickPainter()
    await studio.worker(painter)
    asked = await studio.request(quantity=3, custom_prompt="a red scarf")
    assert asked.creation_ids[0] == asked.creation_id
    assert len(set(asked.creation_ids)) == 3
    job = await ended(studio, asked.creation_id)
    assert (job.status, job.progress, job.quantity, job.failed, job.credits) == ("completed", 100, 3, 0, 150)
    assert [made.id for made in job.creations] == asked.creation_ids == job.creation_ids
    assert job.creation == job.creations[0]
    assert {(made.credits_used, made.credits_remaining) for made in job.creations} == {(50, 2350)}
    assert len({made.original_image_url for made in job.creations}) == 3
    assert {(told.number, told.seed) for told in painter.jobs} == set(enumerate(asked.creation_ids))
    await studio.balance_becomes(2350, 0)
    await studio.bucket_becomes(12)
    for creation_id in asked.creation_ids:
        await studio.ear.heard(CreditsDebited, creation_id=creation_id)
    assert len(studio.ear.of(CreditsDebited)) == 3
    await studio.ask(rpc.DeleteCreation(user_id=USER, creation_id=asked.creation_id))
    left = await studio.job(asked.creation_id)  # the job's own picture is gone; the job and the others are there
    assert (left.id, [made.id for made in left.creations]) == (asked.creation_id, asked.creation_ids[1:])
    assert (await studio.job(asked.creation_ids[1])).quantity == 1


async def test_what_fails_of_a_job_is_not_paid_and_the_rest_stays(studio: Studio) -> None:
    await studio.worker(FirstsPainter(PainterFailed("The AI service is busy.")))
    asked = await studio.request(quantity=3)
    job = await ended(studio, asked.creation_id)
    assert (job.status, job.failed, job.error) == ("completed", 2, None)
    assert [made.credits_remaining for made in job.creations] == [2450]
    await studio.balance_becomes(2450, 0)
    await studio.bucket_becomes(4)


async def test_credits_are_held_for_all_or_for_none(make_studio: MakeStudio) -> None:
    studio = await make_studio(signup_bonus=130)
    await studio.sign_up()
    asked = await studio.request(quantity=3, custom_prompt="a red scarf")
    job = await ended(studio, asked.creation_id)
    assert (job.status, job.failed) == ("failed", 3)
    assert job.error == {"code": "INSUFFICIENT_CREDITS", "message": "You need 150 credits. You have 130."}
    assert studio.ear.of(CreationQueued) == []
    await nothing_is_left(studio)
    assert await studio.balance() == (130, 0)
    for creation_id in (await studio.request(quantity=2)).creation_ids:
        await studio.ear.heard(CreationQueued, creation_id=creation_id)
    assert await studio.balance() == (30, 100)


async def test_four_pictures_are_possible_under_the_usual_limit_and_then_no_more(studio: Studio) -> None:
    for creation_id in (await studio.request(quantity=4)).creation_ids:
        await studio.ear.heard(CreationQueued, creation_id=creation_id)
    refused_job = await ended(studio, (await studio.request(quantity=2)).creation_id)
    assert refused_job.error is not None
    assert refused_job.error["code"] == "TOO_MANY_JOBS"
    assert await studio.balance() == (2300, 200)


async def test_a_cancelled_job_keeps_what_is_there_and_frees_the_rest(make_studio: MakeStudio) -> None:
    studio = await make_studio(paint_concurrency=3)  # its pictures are queued in any order
    await studio.sign_up()
    await studio.worker(FirstsPainter())
    asked = await studio.request(quantity=3)
    await studio.ear.heard(CreationGenerated, creation_id=asked.creation_id)
    under_way = await studio.job(asked.creation_id)
    assert under_way.status == "processing"
    assert under_way.progress >= 33
    assert [made.id for made in under_way.creations] == [asked.creation_id]
    cancel = jobs.CancelJob(user_id=USER, creation_id=asked.creation_id)
    with refused("NOT_OWNER"):
        await studio.ask(cancel.model_copy(update={"user_id": STRANGER}))
    cancelled = await studio.ask(cancel)
    assert (cancelled.status, cancelled.failed, cancelled.quantity) == ("completed", 2, 3)
    for creation_id in asked.creation_ids[1:]:
        await studio.ear.heard(CreditsReleased, creation_id=creation_id, reason="cancelled")
    await studio.balance_becomes(2450, 0)
    await studio.bucket_becomes(4)
    with refused("JOB_ALREADY_ENDED"):
        await studio.ask(cancel)


async def test_the_same_key_is_the_same_job_from_two_phones_at_once(studio: Studio) -> None:
    both = await asyncio.gather(*[studio.request(quantity=3, idempotency_key="k", fingerprint="f") for _ in range(2)])
    assert both[0].creation_ids == both[1].creation_ids
    assert sorted(asked.replayed for asked in both) == [False, True]
    for creation_id in both[0].creation_ids:
        await studio.ear.heard(CreationQueued, creation_id=creation_id)
    with refused("IDEMPOTENCY_CONFLICT"):
        await studio.request(quantity=4, idempotency_key="k", fingerprint="g")
    await studio.ear.heard(CreationCancelled)  # the fourth was new, and is taken back
    assert len(studio.ear.of(CreationRequested)) == 4
    await studio.balance_becomes(2350, 150)
    await until(studio.objects.keys, lambda keys: len(keys) == 6)


async def test_a_job_that_was_half_requested_holds_nothing_until_it_is_asked_for_again(studio: Studio) -> None:
    """The process died before the job's own picture, which asks for the credits, was requested."""
    early = 900_001
    command = domain.RequestCreation(
        early, USER, domain.Style(3, "Ghibli Art", 50), None, None, None, True, 600, 4, number=1
    )
    await studio.service.commands.execute(
        domain.CREATION,
        early,
        command,
        key=f"request-1:{USER}:k",
        fingerprint="f",
        private=Materials(None, "", "", "watercolor", *await studio.upload()),
        answer=lambda *_: early,
    )
    again = await studio.request(quantity=3, idempotency_key="k", fingerprint="f")
    assert again.creation_ids[1] == early
    assert not again.replayed
    assert (await studio.request(quantity=3, idempotency_key="k", fingerprint="f")).creation_ids == again.creation_ids


async def test_pictures_that_were_finished_when_their_worker_was_killed_are_kept(make_studio: MakeStudio) -> None:
    studio = await make_studio(paint_concurrency=3)
    await studio.sign_up()
    asked = await studio.request(quantity=3)
    async with doomed_worker(studio, "firsts"):
        # On a busy machine a process takes its time to start.
        await until(lambda: studio.job(asked.creation_id), lambda job: len(job.creations) == 1, timeout_s=90)
        for creation_id in asked.creation_ids[1:]:
            await studio.ear.heard(PaintingStarted, creation_id=creation_id, attempt=1)
    await studio.worker(QuickPainter(), ack_wait_s=ACK_WAIT_S)
    job = await ended(studio, asked.creation_id)
    assert (job.status, job.failed, len(job.creations)) == ("completed", 0, 3)
    first, *others = asked.creation_ids
    for creation_id in others:
        await studio.ear.heard(PaintingStarted, creation_id=creation_id, attempt=2)
    attempts = {(told["creation_id"], told["attempt"]) for told in studio.ear.of(PaintingStarted)}
    assert attempts == {(first, 1), *((other, attempt) for other in others for attempt in (1, 2))}
    await studio.balance_becomes(2350, 0)
    await studio.bucket_becomes(12)


async def test_words_become_pictures_without_a_photo_and_stay_at_home(studio: Studio) -> None:
    worker = build_worker(studio.settings)
    await worker.start()
    studio.workers.append(worker)
    asked = await imagine(studio, "Xanthippe's red dragon", quantity=2, aspect_ratio="16:9", mood="dramatic")
    job = await ended(studio, asked.creation_id)
    assert (job.status, job.credits, len(job.creations)) == ("completed", 100, 2)
    for made in job.creations:
        assert (made.style_id, made.original_image_url, made.mood) == (rpc.FREE_STYLE_ID, None, "dramatic")
        assert made.custom_prompt == "Xanthippe's red dragon"
    keys = await studio.bucket_becomes(4)
    results = [await studio.objects.get(key) for key in keys if key.endswith("result.jpg")]
    assert results[0] != results[1]
    await studio.balance_becomes(2400, 0)
    assert await studio.rows(WHERE_WORDS_COULD_BE, "Xanthippe") == []
    in_style = await ended(studio, (await imagine(studio, style_id=STYLE.style_id)).creation_id)
    assert in_style.creation is not None
    assert (in_style.creation.style_id, in_style.creation.credits_used) == (STYLE.style_id, 50)


async def test_words_that_cannot_be_are_refused_and_nothing_begins(studio: Studio) -> None:
    for prompt, code in (("x" * 501, "VALIDATION_ERROR"), (" \u200b ", "VALIDATION_ERROR"), ("nude", "NSFW_DETECTED")):
        with refused(code):
            await imagine(studio, prompt)
    for options, code in (({"style_id": 99}, "STYLE_NOT_FOUND"), ({"model": "gemini-3-pro-image"}, "MODEL_NOT_FOUND")):
        with refused(code):
            await imagine(studio, **options)
    with refused("NSFW_DETECTED"):
        await studio.request(custom_prompt="but nude")
    with refused("MODEL_NOT_FOUND"):
        await studio.request(model="nothing", quantity=2)
    with refused("STYLE_NOT_FOUND"):
        await studio.request(style_id=99, quantity=4)
    assert studio.ear.of(CreationRequested) == []
    await nothing_is_left(studio)


async def test_a_model_that_is_asked_for_paints_and_costs_its_surcharge(make_studio: MakeStudio) -> None:
    async with FakeGemini() as fake:
        studio = await make_studio(gemini_api_key="the-key", gemini_base_url=fake.base_url)
        await studio.sign_up()
        worker = build_worker(studio.settings)
        await worker.start()
        studio.workers.append(worker)
        asked = await imagine(studio, "a red dragon", model="gemini-3-pro-image", aspect_ratio="4:5")
        await studio.ear.heard(CreationGenerated, creation_id=asked.creation_id, credits=150)
        (received,) = fake.requests
        assert received.model == "gemini-3-pro-image"
        assert "a red dragon" in received.prompt
        assert received.photo == b""
        assert received.body is not None
        assert received.body["generationConfig"]["imageConfig"] == {"aspectRatio": "4:5"}
        local = await ended(studio, (await studio.request(model="local")).creation_id)
        assert local.credits == 50
        assert len(fake.requests) == 1
    await studio.balance_becomes(2300, 0)
    found: jobs.PaintingModels = await studio.ask(jobs.ListModels())
    assert all(model.available for model in found.items)


async def test_who_leaves_in_the_middle_of_a_job_leaves_nothing(studio: Studio) -> None:
    painter = PatientPainter()
    await studio.worker(painter)
    asked = await studio.request(quantity=3)
    await asyncio.wait_for(painter.begun.wait(), 10)
    await studio.say(AccountDeleted(user_id=USER))
    for creation_id in asked.creation_ids:
        await studio.ear.heard(CreationCancelled, creation_id=creation_id)
    await studio.balance_becomes(2500, 0)
    await nothing_is_left(studio)
    assert studio.ear.of(CreationFailed) == []
