"""Several pictures told as one job."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from contracts.rpc.creation import Creation
from contracts.rpc.jobs import Job, JobStatus
from services.creation.batches import remaining_after, together
from services.creation.domain import Creation as State
from services.creation.domain import Status
from tests.unit.creation.test_domain import ORDER

STATUSES: tuple[JobStatus, ...] = ("queued", "processing", "completed", "failed", "cancelled")


def picture(creation_id: int) -> Creation:
    return Creation(
        id=creation_id,
        style_id=3,
        original_image_url=None,
        generated_image_url="g",
        thumbnail_url="t",
        mood=None,
        weather=None,
        dress_style=None,
        custom_prompt=None,
        is_public=True,
        likes_count=0,
        in_battle=False,
        battle_wins=0,
        credits_used=50,
        credits_remaining=0,
        processing_time=1,
        created_at="2026-01-01T00:00:00.000Z",
    )


def part(creation_id: int, status: JobStatus, progress: int = 0, **changes: Any) -> Job:
    is_there = status == "completed"
    usual: dict[str, Any] = {
        "id": creation_id,
        "status": status,
        "progress": 100 if is_there else progress,
        "position": creation_id if status == "queued" else None,
        "credits": 50,
        "error": {"code": "NSFW_DETECTED", "message": f"{creation_id}"} if status == "failed" else None,
        "created_at": "2026-01-01T00:00:00.000Z",
        "creation": picture(creation_id) if is_there else None,
        "failed": int(status in ("failed", "cancelled")),
        "creation_ids": [creation_id],
        "creations": [picture(creation_id)] if is_there else [],
    }
    return Job(**usual | changes)


def test_a_job_is_under_way_until_all_have_ended_and_its_progress_is_the_mean() -> None:
    job = together(1, [part(1, "completed"), part(2, "processing", 40), part(3, "queued"), part(4, "failed")], 4, 0)
    assert (job.status, job.progress, job.position, job.error) == ("processing", 60, None, None)
    assert (job.quantity, job.failed, job.credits, job.creation_ids) == (4, 1, 200, [1, 2, 3, 4])
    waiting = together(3, [part(3, "queued"), part(2, "queued")], 2, 0)
    assert (waiting.status, waiting.position, waiting.progress) == ("queued", 2, 0)


def test_one_picture_is_enough_and_the_first_that_is_there_stands_for_the_job() -> None:
    job = together(1, [part(1, "failed"), part(2, "completed"), part(3, "cancelled")], 3, 70)
    assert (job.id, job.status, job.progress, job.failed, job.error) == (1, "completed", 100, 2, None)
    assert job.creation == picture(2).model_copy(update={"credits_remaining": 70})
    assert job.creations == [job.creation]


def test_without_any_picture_the_job_says_why() -> None:
    failed = together(1, [part(1, "cancelled"), part(2, "failed")], 2, 0)
    assert (failed.status, failed.error, failed.progress) == ("failed", {"code": "NSFW_DETECTED", "message": "2"}, 0)
    assert together(1, [part(1, "cancelled")], 2, 0).status == "cancelled"


@given(st.lists(st.tuples(st.sampled_from(STATUSES), st.integers(0, 99)), min_size=1, max_size=4))
def test_whatever_becomes_of_them_the_job_is_consistent(found: list[tuple[JobStatus, int]]) -> None:
    job = together(1, [part(number, status, progress) for number, (status, progress) in enumerate(found, 1)], 4, 0)
    under_way = any(status in ("queued", "processing") for status, _ in found)
    assert (job.status in ("queued", "processing")) == under_way
    assert 0 <= job.progress <= 100
    assert (job.creation is None) == (job.creations == [])
    assert (job.error is not None) == (job.status == "failed")
    assert (job.position is not None) == (job.status == "queued")
    assert len(job.creations) + job.failed == len(found) or under_way


def test_what_remains_is_known_however_many_of_the_holds_came_back() -> None:
    def state(status: Status, remaining: int, attempts: int = 1) -> State:
        return State(status, ORDER, attempts, remaining)

    done, failed, cancelled = Status.COMPLETED, Status.FAILED, Status.CANCELLED
    assert remaining_after([state(done, 100), state(done, 50), state(done, 0)]) == 0
    assert remaining_after([state(done, 100), state(failed, 50), state(done, 0)]) == 50
    assert remaining_after([state(failed, 100), state(failed, 50), state(done, 0)]) == 100
    assert (
        remaining_after([state(done, 50), state(cancelled, 0, 0)]) == 50
    )  # cancelled in the queue, or before its hold
    assert remaining_after([]) == 0
