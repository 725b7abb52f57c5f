"""A job from the request to its end, with the real ledger, on real servers."""

from urllib.parse import urlsplit

import httpx

from contracts.events.catalog import StylePublished
from contracts.events.creation import (
    CreationCancelled,
    CreationFailed,
    CreationGenerated,
    CreationQueued,
    CreationRequested,
    PaintingStarted,
)
from contracts.events.ledger import CreditsHeld, CreditsReleased
from contracts.rpc import jobs
from tests.given import refused
from tests.integration.creation.conftest import STRANGER, STYLE, USER, MakeStudio, Studio
from tests.integration.creation.painters import PHOTO, RESULT, PatientPainter, QuickPainter

LEFT_BY_A_JOB = """
SELECT 'materials' FROM materials UNION ALL SELECT 'queue' FROM queue UNION ALL SELECT 'creations' FROM creations
UNION ALL SELECT 'job_progress' FROM job_progress UNION ALL SELECT 'timers' FROM timers
"""
WHERE_WORDS_COULD_BE = """
SELECT found FROM (
  SELECT e::text AS found FROM events e UNION ALL SELECT s::text FROM streams s
  UNION ALL SELECT k::text FROM command_keys k
) everything WHERE position($1 IN found) > 0
"""


async def nothing_is_left(studio: Studio) -> None:
    await studio.bucket_becomes(0)
    assert await studio.rows(LEFT_BY_A_JOB) == []


async def test_a_photo_becomes_a_picture_that_is_paid_for_once(studio: Studio) -> None:
    painter = QuickPainter()
    await studio.worker(painter)
    asked = await studio.request(mood="romantic", weather="rainy", custom_prompt="a red scarf", is_public=False)
    await studio.ear.heard(CreationGenerated, creation_id=asked.creation_id, style_id=3, credits=50, is_public=False)
    job = await studio.job(asked.creation_id)
    assert (job.status, job.progress, job.position, job.credits, job.error) == ("completed", 100, None, 50, None)
    made = job.creation
    assert made is not None
    assert (made.mood, made.weather, made.dress_style, made.custom_prompt) == ("romantic", "rainy", None, "a red scarf")
    assert (made.credits_used, made.credits_remaining, made.is_public) == (50, 2450, False)
    assert 0 < made.processing_time < 20
    assert made.created_at.endswith("Z")
    assert made.created_at > job.created_at
    await studio.balance_becomes(2450, 0)
    assert await studio.rows("SELECT * FROM timers") == []


async def test_the_painter_is_told_everything_and_nothing_twice(studio: Studio) -> None:
    painter = QuickPainter()
    await studio.worker(painter)
    asked = await studio.request(mood="happy", weather="snowy", dress_style="formal", custom_prompt="a {red} <scarf>")
    await studio.ear.heard(CreationGenerated, creation_id=asked.creation_id)
    (job,) = painter.jobs
    assert job.photo == PHOTO
    assert job.prompt.startswith("Paint it by hand, in warm light.")
    for word in ("happy", "snowy", "formal", "blurry", "{red}", "scarf"):
        assert word in job.prompt
    assert (job.negative_prompt, job.effect, job.seed) == ("blurry", "watercolor", asked.creation_id)
    assert (job.mood, job.weather, job.dress_style) == ("happy", "snowy", "formal")


async def test_pictures_lie_where_nobody_can_guess_and_open_with_the_right_type(
    studio: Studio,
) -> None:
    await studio.worker(QuickPainter())
    asked = await studio.request()
    await studio.ear.heard(CreationGenerated, creation_id=asked.creation_id)
    keys = await studio.bucket_becomes(4)
    folders = {key.rpartition("/")[0] for key in keys}
    assert sorted(folder.partition("/")[0] for folder in folders) == ["creations", "photos"]
    assert {len(folder.rpartition("/")[2]) for folder in folders} == {32}
    made = (await studio.job(asked.creation_id)).creation
    assert made is not None
    found = {}
    assert made.original_image_url is not None
    for url in (made.original_image_url, made.generated_image_url, made.thumbnail_url):
        async with httpx.AsyncClient() as phone:
            response = await phone.get(url)
        found[urlsplit(url).path.rpartition("/")[2]] = (response.headers["Content-Type"], response.content)
    assert found["original.png"] == ("image/png", b"the original")
    assert found["result.jpg"] == ("image/jpeg", RESULT.data)
    assert found["thumbnail.webp"][0] == "image/webp"
    assert found["thumbnail.webp"][1][8:12] == b"WEBP"


async def test_too_few_credits_are_told_exactly_and_nothing_stays(make_studio: MakeStudio) -> None:
    studio = await make_studio(signup_bonus=30)
    await studio.sign_up()
    asked = await studio.request(custom_prompt="a red scarf")
    await studio.ear.heard(CreationFailed, creation_id=asked.creation_id, code="INSUFFICIENT_CREDITS")
    job = await studio.job(asked.creation_id)
    assert job.status == "failed"
    assert job.error == {"code": "INSUFFICIENT_CREDITS", "message": "You need 50 credits. You have 30."}
    await nothing_is_left(studio)
    await studio.until_row("SELECT count(*) FROM stored", is_=0)
    assert await studio.balance() == (30, 0)


async def test_more_jobs_at_once_than_allowed_are_refused(make_studio: MakeStudio) -> None:
    studio = await make_studio(max_open_jobs=1)
    await studio.sign_up()
    await studio.queued()
    asked = await studio.request()
    await studio.ear.heard(CreationFailed, creation_id=asked.creation_id, code="TOO_MANY_JOBS")
    assert await studio.balance() == (2450, 50)
    await studio.bucket_becomes(2)


async def test_an_unknown_style_is_refused_and_its_uploads_are_gone(studio: Studio) -> None:
    with refused("STYLE_NOT_FOUND"):
        await studio.request(style_id=99)
    await studio.publish_style(STYLE.model_copy(update={"active": False}), version=2)
    with refused("STYLE_NOT_FOUND"):
        await studio.request()
    await nothing_is_left(studio)
    assert studio.ear.of(CreationRequested) == []


async def test_a_prompt_of_201_characters_is_refused_and_its_uploads_are_gone(studio: Studio) -> None:
    with refused("VALIDATION_ERROR"):
        await studio.request(custom_prompt="x" * 201)
    await nothing_is_left(studio)
    await studio.queued(custom_prompt="x" * 200)


async def test_pictures_that_do_not_lie_under_photos_are_refused_and_left_alone(studio: Studio) -> None:
    await studio.objects.put("creations/of-another/result.jpg", b"x", "image/jpeg")
    stolen = jobs.RequestCreation(
        user_id=USER,
        style_id=3,
        original_key="creations/of-another/result.jpg",
        working_key="creations/of-another/result.jpg",
    )
    with refused("VALIDATION_ERROR"):
        await studio.ask(stolen)
    assert await studio.objects.keys() == ["creations/of-another/result.jpg"]


async def test_two_requests_cannot_share_an_upload(studio: Studio) -> None:
    original_key, working_key = await studio.upload()
    request = jobs.RequestCreation(user_id=USER, style_id=3, original_key=original_key, working_key=working_key)
    await studio.ask(request)
    with refused("VALIDATION_ERROR"):
        await studio.ask(request)
    assert len(await studio.objects.keys()) == 2


async def test_the_same_key_and_input_is_one_job_and_other_input_is_refused(studio: Studio) -> None:
    first = await studio.request(idempotency_key="k", fingerprint="one")
    assert not first.replayed
    await studio.publish_style(STYLE.model_copy(update={"active": False}), version=2)
    again = await studio.request(idempotency_key="k", fingerprint="one")
    assert (again.creation_id, again.replayed) == (first.creation_id, True)
    with refused("IDEMPOTENCY_CONFLICT"):
        await studio.request(idempotency_key="k", fingerprint="two")
    await studio.ear.heard(CreationQueued, creation_id=first.creation_id)
    assert len(studio.ear.of(CreationRequested)) == 1
    assert len(await studio.objects.keys()) == 2, "the uploads of the later requests are gone"


async def test_the_same_key_of_another_user_is_another_job(studio: Studio) -> None:
    await studio.sign_up(STRANGER)
    first = await studio.request(idempotency_key="k", fingerprint="one")
    other = await studio.request(STRANGER, idempotency_key="k", fingerprint="one")
    assert other.creation_id != first.creation_id
    assert not other.replayed


async def test_what_is_queued_can_be_cancelled_and_is_never_painted(studio: Studio) -> None:
    creation_id = await studio.queued(custom_prompt="a red scarf")
    await studio.balance_becomes(2450, 50)
    job = await studio.ask(jobs.CancelJob(user_id=USER, creation_id=creation_id))
    assert (job.status, job.error, job.creation) == ("cancelled", None, None)
    await studio.ear.heard(CreditsReleased, creation_id=creation_id, reason="cancelled")
    await studio.balance_becomes(2500, 0)
    await nothing_is_left(studio)
    painter = QuickPainter()
    await studio.worker(painter)
    later = await studio.request()
    await studio.ear.heard(CreationGenerated, creation_id=later.creation_id)
    assert [job.seed for job in painter.jobs] == [later.creation_id]
    with refused("JOB_ALREADY_ENDED"):
        await studio.ask(jobs.CancelJob(user_id=USER, creation_id=creation_id))


async def test_what_is_being_painted_can_be_cancelled_and_the_painter_stops(studio: Studio) -> None:
    painter = PatientPainter()
    await studio.worker(painter)
    creation_id = await studio.queued()
    await painter.begun.wait()
    await studio.ear.heard(PaintingStarted, creation_id=creation_id)
    assert (await studio.job(creation_id)).status == "processing"
    with refused("NOT_OWNER"):
        await studio.ask(jobs.CancelJob(user_id=STRANGER, creation_id=creation_id))
    await studio.ask(jobs.CancelJob(user_id=USER, creation_id=creation_id))
    await studio.ear.heard(CreationCancelled, creation_id=creation_id)
    await painter.was_cancelled.wait()
    await studio.balance_becomes(2500, 0)
    await nothing_is_left(studio)
    assert studio.ear.of(CreationGenerated) == []


async def test_a_picture_that_is_finished_after_it_was_cancelled_is_thrown_away(studio: Studio) -> None:
    painter = PatientPainter(stubborn=True)
    await studio.worker(painter)
    creation_id = await studio.queued()
    await painter.begun.wait()
    await studio.ask(jobs.CancelJob(user_id=USER, creation_id=creation_id))
    await painter.was_cancelled.wait()
    await studio.balance_becomes(2500, 0)
    await nothing_is_left(studio)
    assert (await studio.job(creation_id)).status == "cancelled"
    assert studio.ear.of(CreationGenerated) == []


async def test_a_job_that_nobody_takes_fails_at_its_deadline_and_costs_nothing(make_studio: MakeStudio) -> None:
    studio = await make_studio(job_deadline_s=1)
    await studio.sign_up()
    asked = await studio.request()
    await studio.ear.heard(CreationFailed, creation_id=asked.creation_id, code="AI_SERVICE_ERROR")
    job = await studio.job(asked.creation_id)
    assert job.error is not None
    assert "too long" in job.error["message"]
    await studio.balance_becomes(2500, 0)
    await nothing_is_left(studio)


async def test_a_job_at_its_deadline_frees_its_worker(make_studio: MakeStudio) -> None:
    studio = await make_studio(job_deadline_s=4, paint_concurrency=1)  # time enough to be begun on a busy machine
    await studio.sign_up()
    painter = PatientPainter()
    await studio.worker(painter)
    asked = await studio.request()
    await studio.ear.heard(CreationFailed, creation_id=asked.creation_id, code="AI_SERVICE_ERROR")
    await painter.was_cancelled.wait()
    painter.may_go_on.set()
    later = await studio.request()
    await studio.ear.heard(CreationGenerated, creation_id=later.creation_id)
    await studio.balance_becomes(2450, 0)


async def test_credits_held_twice_queue_one_job(studio: Studio) -> None:
    creation_id = await studio.queued()
    for _ in range(2):
        await studio.say(CreditsHeld(user_id=USER, creation_id=creation_id, credits=50, balance=2450))
    await studio.worker(QuickPainter())
    await studio.ear.heard(CreationGenerated, creation_id=creation_id)
    later = await studio.queued()
    await studio.ear.heard(CreationGenerated, creation_id=later)
    assert len(studio.ear.of(CreationQueued, creation_id=creation_id)) == 1
    assert len(studio.ear.of(CreationGenerated, creation_id=creation_id)) == 1


async def test_no_word_of_a_person_is_in_any_event(studio: Studio) -> None:
    await studio.worker(QuickPainter())
    asked = await studio.request(custom_prompt="my daughter Xanthippe")
    await studio.ear.heard(CreationGenerated, creation_id=asked.creation_id)
    assert await studio.rows("SELECT custom_prompt FROM materials") == [("my daughter Xanthippe",)]
    assert await studio.rows(WHERE_WORDS_COULD_BE, "Xanthippe") == []
    assert await studio.rows(WHERE_WORDS_COULD_BE, "by hand") == []
    assert not any("Xanthippe" in envelope.model_dump_json() for envelope in studio.ear.events)


async def test_an_older_style_never_replaces_a_newer_one(studio: Studio) -> None:
    def style(name: str) -> StylePublished:
        return STYLE.model_copy(update={"name": name})

    await studio.publish_style(style("Third"), version=3)
    for version, name in ((2, "Second"), (3, "Third again"), (4, "Fourth")):
        await studio.say(style(name), stream="style-3", version=version)
    await studio.until_row("SELECT name FROM style_copies", is_="Fourth")
    await studio.say(style("Third, late"), stream="style-3", version=3)
    await studio.publish_style(STYLE.model_copy(update={"style_id": 4}))
    assert await studio.rows("SELECT name FROM style_copies WHERE style_id = 3") == [("Fourth",)]
