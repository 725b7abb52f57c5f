"""The life of a picture, without any of the world."""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import reduce

import msgspec
import pytest
from hypothesis import given as for_any
from hypothesis import strategies as st

from contracts.errors import ServiceError
from services.creation.domain import (
    CREATION,
    CancelCreation,
    Command,
    CompletePainting,
    ConfirmFunds,
    Creation,
    CreationCancelled,
    CreationDeleted,
    CreationFailed,
    CreationGenerated,
    CreationQueued,
    CreationRequested,
    DeleteCreation,
    EraseCreation,
    Event,
    FailPainting,
    MissDeadline,
    Order,
    PaintingStarted,
    RefuseCreation,
    RequestCreation,
    StartPainting,
    Status,
    Style,
    decide,
    evolve,
)
from tests.given import NOW, given

OWNER, STRANGER = 7, 8
STYLE = Style(3, "Ghibli Art", 50)
DEADLINE = NOW + timedelta(seconds=600)
ORDER = Order(OWNER, STYLE, "happy", None, "formal", is_public=True, requested_at=NOW, deadline_at=DEADLINE)

REQUEST = RequestCreation(1, OWNER, STYLE, "happy", None, "formal", is_public=True, deadline_s=600, max_open_jobs=4)
CONFIRM = ConfirmFunds(1, 2450)
REFUSE = RefuseCreation(1, "insufficient_credits", 30)
START = StartPainting(1)
COMPLETE = CompletePainting(1)
FAIL = FailPainting(1, 1, "NSFW_DETECTED", "Refused.")
MISS = MissDeadline(1)
CANCEL = CancelCreation(1, OWNER)
DELETE = DeleteCreation(1, OWNER)

REQUESTED = CreationRequested(1, ORDER, DEADLINE + timedelta(minutes=5), 4)
QUEUED = CreationQueued(1, OWNER, 2450)
STARTED = PaintingStarted(1, OWNER, 1)
STARTED_AGAIN = PaintingStarted(1, OWNER, 2)
GENERATED = CreationGenerated(1, ORDER, 2450, 14_320)
FAILED = CreationFailed(1, OWNER, "NSFW_DETECTED", "Refused.")
TOO_LATE = CreationFailed(
    1, OWNER, "AI_SERVICE_ERROR", "The picture took too long. No credits were taken. Please try again."
)
CANCELLED = CreationCancelled(1, OWNER)
DELETED = CreationDeleted(1, OWNER, 3)

ENDS = (GENERATED, FAILED, CANCELLED)
REPORTS = (CONFIRM, REFUSE, START, COMPLETE, FAIL, MISS)


def test_a_request_asks_for_its_credits_until_a_little_after_its_deadline() -> None:
    given(CREATION).when(REQUEST).then(REQUESTED)


def test_a_request_in_an_unknown_style_is_refused() -> None:
    given(CREATION).when(replace(REQUEST, style=None)).then_refused("STYLE_NOT_FOUND")


def test_the_same_request_twice_is_one() -> None:
    given(CREATION, REQUESTED).when(REQUEST).then()


def test_held_credits_put_it_into_the_queue_once() -> None:
    given(CREATION, REQUESTED).when(CONFIRM).then(QUEUED)
    given(CREATION, REQUESTED, QUEUED).when(CONFIRM).then()
    given(CREATION, REQUESTED, QUEUED, STARTED).when(CONFIRM).then()


def test_too_few_credits_are_told_in_the_words_of_the_reference() -> None:
    given(CREATION, REQUESTED).when(REFUSE).then(
        CreationFailed(1, OWNER, "INSUFFICIENT_CREDITS", "You need 50 credits. You have 30.")
    )


def test_too_many_open_jobs_are_told_as_such() -> None:
    refused = given(CREATION, REQUESTED).when(RefuseCreation(1, "too_many_holds", 2300))
    assert refused.events is not None
    assert [event.code for event in refused.events] == ["TOO_MANY_JOBS"]


def test_a_refusal_after_the_credits_were_held_changes_nothing() -> None:
    given(CREATION, REQUESTED, QUEUED).when(REFUSE).then()


def test_a_worker_starts_what_is_queued() -> None:
    given(CREATION, REQUESTED, QUEUED).when(START).then(STARTED)


def test_nothing_is_painted_before_it_is_paid_for() -> None:
    given(CREATION, REQUESTED).when(START).then_refused("SERVER_ERROR")


def test_a_job_whose_worker_died_is_painted_once_more() -> None:
    given(CREATION, REQUESTED, QUEUED, STARTED).when(START).then(STARTED_AGAIN)


def test_a_job_that_cost_two_workers_their_lives_fails() -> None:
    failed = given(CREATION, REQUESTED, QUEUED, STARTED, STARTED_AGAIN).when(START)
    assert failed.events is not None
    assert [(type(event), event.code) for event in failed.events] == [(CreationFailed, "AI_SERVICE_ERROR")]


def test_a_finished_picture_says_how_long_it_took_and_what_is_left() -> None:
    processing = given(CREATION, REQUESTED, QUEUED, STARTED)
    processing.when(COMPLETE, now=NOW + timedelta(seconds=14.32)).then(GENERATED)


def test_a_picture_of_the_second_attempt_counts_like_one_of_the_first() -> None:
    history = given(CREATION, REQUESTED, QUEUED, STARTED, STARTED_AGAIN)
    history.when(COMPLETE, now=NOW + timedelta(seconds=14.32)).then(GENERATED)


def test_nothing_can_be_finished_that_was_not_begun() -> None:
    for early in (COMPLETE, FAIL):
        given(CREATION, REQUESTED).when(early).then_refused("SERVER_ERROR")
        given(CREATION, REQUESTED, QUEUED).when(early).then_refused("SERVER_ERROR")


def test_a_failed_painting_fails_the_creation_with_the_painters_reason() -> None:
    given(CREATION, REQUESTED, QUEUED, STARTED).when(FAIL).then(FAILED)


def test_the_failure_of_an_attempt_that_was_given_up_on_does_not_spoil_the_next() -> None:
    given(CREATION, REQUESTED, QUEUED, STARTED, STARTED_AGAIN).when(FAIL).then()
    given(CREATION, REQUESTED, QUEUED, STARTED, STARTED_AGAIN).when(replace(FAIL, attempt=2)).then(FAILED)


@pytest.mark.parametrize("history", [[REQUESTED], [REQUESTED, QUEUED], [REQUESTED, QUEUED, STARTED]])
def test_what_is_under_way_can_be_cancelled_by_its_owner_alone(history: list[Event]) -> None:
    given(CREATION, *history).when(CANCEL).then(CANCELLED)
    given(CREATION, *history).when(CancelCreation(1, STRANGER)).then_refused("NOT_OWNER")


@pytest.mark.parametrize("end", ENDS)
def test_what_has_ended_can_no_longer_be_cancelled(end: Event) -> None:
    given(CREATION, REQUESTED, QUEUED, STARTED, end).when(CANCEL).then_refused("JOB_ALREADY_ENDED")
    given(CREATION, REQUESTED, QUEUED, STARTED, end).when(CancelCreation(1, STRANGER)).then_refused("NOT_OWNER")


@pytest.mark.parametrize("history", [[REQUESTED], [REQUESTED, QUEUED], [REQUESTED, QUEUED, STARTED]])
def test_the_deadline_ends_what_is_under_way_but_not_before_its_time(history: list[Event]) -> None:
    given(CREATION, *history).when(MISS, now=DEADLINE - timedelta(seconds=1)).then()
    given(CREATION, *history).when(MISS, now=DEADLINE).then(TOO_LATE)


@pytest.mark.parametrize("first", ENDS)
@pytest.mark.parametrize("late", REPORTS)
def test_the_first_end_counts_and_every_later_report_says_nothing(first: Event, late: Command) -> None:
    given(CREATION, REQUESTED, QUEUED, STARTED, first).when(late, now=DEADLINE).then()
    given(CREATION, REQUESTED, QUEUED, STARTED, first, DELETED).when(late, now=DEADLINE).then()


@pytest.mark.parametrize("end", ENDS)
def test_what_has_ended_can_be_deleted_once_by_its_owner_alone(end: Event) -> None:
    ended = given(CREATION, REQUESTED, QUEUED, STARTED, end)
    ended.when(DeleteCreation(1, STRANGER)).then_refused("NOT_OWNER")
    ended.when(DELETE).then(DELETED)
    given(CREATION, REQUESTED, QUEUED, STARTED, end, DELETED).when(DELETE).then_refused("CREATION_NOT_FOUND")
    given(CREATION, REQUESTED, QUEUED, STARTED, end, DELETED).when(CANCEL).then_refused("CREATION_NOT_FOUND")


def test_what_is_under_way_cannot_be_deleted() -> None:
    given(CREATION, REQUESTED, QUEUED, STARTED).when(DELETE).then_refused("CREATION_NOT_FOUND")


@pytest.mark.parametrize("command", [*REPORTS, CANCEL, DELETE])
def test_what_was_never_asked_for_is_not_found(command: Command) -> None:
    given(CREATION).when(command).then_refused("CREATION_NOT_FOUND")


def commands() -> st.SearchStrategy[Command]:
    users = st.sampled_from([OWNER, STRANGER])
    return st.one_of(
        st.sampled_from([REQUEST, START, COMPLETE, MISS]),
        st.builds(ConfirmFunds, st.just(1), st.integers(0, 5000)),
        st.builds(RefuseCreation, st.just(1), st.sampled_from(["insufficient_credits", "too_many_holds"]), st.just(0)),
        st.builds(FailPainting, st.just(1), st.integers(1, 2), st.just("AI_SERVICE_ERROR"), st.just("No.")),
        st.builds(CancelCreation, st.just(1), users),
        st.builds(DeleteCreation, st.just(1), users),
        st.just(EraseCreation(1)),
    )


def moments() -> st.SearchStrategy[datetime]:
    return st.integers(0, 700).map(lambda seconds: NOW + timedelta(seconds=seconds))


@for_any(st.lists(st.tuples(commands(), moments()), max_size=40))
def test_no_sequence_of_commands_ends_a_creation_twice_or_paints_it_more_than_twice(
    steps: list[tuple[Command, datetime]],
) -> None:
    state, told = Creation(), []
    for command, now in [(REQUEST, NOW), *steps]:
        try:
            events = decide(command, state, now)
        except ServiceError:
            continue
        told += events
        state = reduce(evolve, events, state)
    kinds = [type(event) for event in told]
    assert sum(kinds.count(kind) for kind in (CreationGenerated, CreationFailed, CreationCancelled)) <= 1
    assert kinds.count(PaintingStarted) <= 2
    assert kinds.count(CreationQueued) <= 1
    assert kinds.count(CreationDeleted) <= 1
    if CreationGenerated in kinds:
        assert CreationQueued in kinds, "a picture that nobody holds credits for"
    if told:
        assert reduce(evolve, told, Creation()) == state
    assert msgspec.json.decode(msgspec.json.encode(state), type=Creation) == state
    assert (state.status is Status.FAILED) <= bool(state.code and state.message)


@pytest.mark.parametrize("so_far", [(REQUESTED,), (REQUESTED, QUEUED), (REQUESTED, QUEUED, STARTED)])
def test_when_its_owner_leaves_a_job_is_cancelled(so_far: tuple[Event, ...]) -> None:
    given(CREATION, *so_far).when(EraseCreation(1)).then(CANCELLED)


def test_when_its_owner_leaves_a_picture_is_deleted_and_what_has_gone_is_left_alone() -> None:
    made = (REQUESTED, QUEUED, STARTED, GENERATED)
    given(CREATION, *made).when(EraseCreation(1)).then(DELETED)
    given(CREATION, *made, DELETED).when(EraseCreation(1)).then()
    given(CREATION, REQUESTED, FAILED).when(EraseCreation(1)).then()
    given(CREATION).when(EraseCreation(1)).then()
