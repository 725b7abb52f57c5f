"""The rules of daily challenges, and that what they rest on comes out the same in any order."""

from datetime import date, datetime, timedelta
from functools import reduce
from typing import Any

import pytest
from hypothesis import given as for_any
from hypothesis import strategies as st

from services.catalog.domain import (
    CHALLENGE,
    LIKE,
    PERSON,
    PICTURE,
    ChallengeChanged,
    ChallengePlanned,
    ChallengeShape,
    ChallengeStarted,
    ChallengeWithdrawn,
    ChangeChallenge,
    Making,
    NoteDeleted,
    NoteLeft,
    NoteLike,
    NoteMade,
    NoteVisibility,
    PersonLeft,
    PlanChallenge,
    StartChallenge,
    WithdrawChallenge,
    day_of,
    ends_at,
    id_of,
    starts_at,
)
from tests.given import NOW, given, refused

TODAY, TOMORROW = id_of(NOW.date()), id_of(NOW.date() + timedelta(days=1))
NEON, NOIR = ChallengeShape("Neon Night", 4), ChallengeShape("Noir Challenge", 7)
PLANNED, STARTED = ChallengePlanned(TOMORROW, NEON, 1), ChallengeStarted(TOMORROW, NEON)
START = StartChallenge(TOMORROW, NOIR, (4, 7))
MIDNIGHT = starts_at(day_of(TOMORROW))


def test_a_day_is_planned_once() -> None:
    given(CHALLENGE).when(PlanChallenge(TOMORROW, NEON, 1)).then(PLANNED)
    given(CHALLENGE).when(PlanChallenge(TODAY, NEON, 1)).then(ChallengePlanned(TODAY, NEON, 1))
    given(CHALLENGE, PLANNED).when(PlanChallenge(TOMORROW, NOIR, 2)).then_refused("CHALLENGE_EXISTS")
    given(CHALLENGE, STARTED).when(PlanChallenge(TOMORROW, NOIR, 2)).then_refused("CHALLENGE_EXISTS")
    given(CHALLENGE, PLANNED, ChallengeWithdrawn(TOMORROW, 1)).when(PlanChallenge(TOMORROW, NEON, 1)).then(PLANNED)


@pytest.mark.parametrize("days", [-1, -400, 367])
def test_days_that_are_over_or_far_off_are_not_planned(days: int) -> None:
    number = id_of(NOW.date() + timedelta(days=days))
    given(CHALLENGE).when(PlanChallenge(number, NEON, 1)).then_refused("VALIDATION_ERROR")


def test_until_its_day_begins_it_may_be_changed_and_withdrawn() -> None:
    change = ChangeChallenge(TOMORROW, None, 7, 2)
    given(CHALLENGE, PLANNED).when(change).then(ChallengeChanged(TOMORROW, ChallengeShape("Neon Night", 7), 2))
    given(CHALLENGE, PLANNED).when(ChangeChallenge(TOMORROW, None, 4, 2)).then()
    given(CHALLENGE, PLANNED).when(WithdrawChallenge(TOMORROW, 2)).then(ChallengeWithdrawn(TOMORROW, 2))
    for command in (change, WithdrawChallenge(TOMORROW, 2)):
        given(CHALLENGE).when(command).then_refused("CHALLENGE_NOT_FOUND")
        given(CHALLENGE, PLANNED, STARTED).when(command).then_refused("CHALLENGE_STARTED")
        given(CHALLENGE, PLANNED).when(command, now=MIDNIGHT).then_refused("CHALLENGE_STARTED")
        last = MIDNIGHT - timedelta(microseconds=1)
        assert given(CHALLENGE, PLANNED).when(command, now=last).error is None


def test_it_starts_once_as_planned_or_by_the_rule() -> None:
    given(CHALLENGE, PLANNED).when(START).then(STARTED)
    given(CHALLENGE).when(START).then(ChallengeStarted(TOMORROW, NOIR))
    given(CHALLENGE, PLANNED).when(StartChallenge(TOMORROW, NOIR, (7,))).then(ChallengeStarted(TOMORROW, NOIR))
    given(CHALLENGE, PLANNED, STARTED).when(START).then()


@for_any(st.dates())
def test_a_challenges_id_is_its_day(day: date) -> None:
    assert day_of(id_of(day)) == day
    if day < date.max:
        assert ends_at(day) - starts_at(day) == timedelta(days=1)


@pytest.mark.parametrize("number", [0, 1, -20260101, 20261301, 20260230, 99999, 10**15, 2**63 - 1])
def test_other_numbers_are_no_challenges(number: int) -> None:
    with refused("CHALLENGE_NOT_FOUND"):
        day_of(number)


MAKING = Making(7, 4, NOW)
PICTURES = [
    NoteMade(1, MAKING, True, 3),
    NoteVisibility(1, False, 5),
    NoteVisibility(1, True, 9),
    NoteVisibility(1, False, 6),
]
LIKES = [NoteLike(1, 8, NOW.date(), liked, position) for position, liked in enumerate((True, False, True, False), 4)]


def after(decider: Any, commands: list[Any], now: datetime = NOW) -> Any:
    def step(state: Any, command: Any) -> Any:
        return reduce(decider.evolve, decider.decide(command, state, now), state)

    return reduce(step, commands, decider.initial)


@for_any(st.permutations([*PICTURES, *PICTURES, NoteDeleted(1)]), st.booleans())
def test_a_picture_comes_out_the_same_in_any_order(commands: list[Any], deleted: bool) -> None:
    if not deleted:
        commands = [command for command in commands if not isinstance(command, NoteDeleted)]
    picture = after(PICTURE, commands)
    assert (picture.making, picture.is_public, picture.deleted) == (MAKING, True, deleted)


@for_any(st.permutations([*LIKES, *LIKES]))
def test_a_like_comes_out_the_same_in_any_order(commands: list[Any]) -> None:
    assert after(LIKE, commands).liked is False
    assert after(LIKE, [command for command in commands if command.position < 7]).liked is True


def test_whoever_has_left_leaves_once() -> None:
    given(PERSON).when(NoteLeft(7)).then(PersonLeft(7))
    given(PERSON, PersonLeft(7)).when(NoteLeft(7)).then()
