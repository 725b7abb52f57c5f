"""What people have done, counted: the same numbers in any order, and each achievement once."""

from datetime import date, timedelta
from itertools import permutations

import pytest
from hypothesis import given as supposing
from hypothesis import strategies as some

from services.auth.achievements import ACHIEVEMENTS, BY_SLUG
from services.auth.domain import (
    PICTURE,
    STATS,
    AchievementAwarded,
    AddToStats,
    NoteDeleted,
    NoteMade,
    NoteVisibility,
    RecordVisit,
    StatsChanged,
    Streaks,
    Tally,
    Visited,
)
from services.auth.domain.streaks import MOST_RUNS
from tests.given import NOW, given

TODAY = date(2026, 1, 1)
MADE, HIDDEN = NoteMade(9, 7, is_public=True, version=4), NoteVisibility(9, 7, is_public=False, version=5)
SHOWN, DELETED = NoteVisibility(9, 7, is_public=True, version=6), NoteDeleted(9, 7)


def streaks_of(days: set[date], today: date) -> tuple[int, int]:
    """The current and the longest, found the slow way."""

    def run_up_to(day: date) -> int:
        return 1 + run_up_to(day - timedelta(days=1)) if day in days else 0

    return run_up_to(today) or run_up_to(today - timedelta(days=1)), max(map(run_up_to, days), default=0)


@supposing(some.lists(some.integers(-12, 0), max_size=14))
def test_streaks_are_what_the_days_say_in_whatever_order_they_come(offsets: list[int]) -> None:
    days = [TODAY + timedelta(days=offset) for offset in offsets]
    streaks = Streaks()
    for day in days:
        streaks = streaks.with_visit(day)
    assert (streaks.current(TODAY), streaks.longest) == streaks_of(set(days), TODAY)


def test_a_streak_lives_until_a_whole_day_was_missed() -> None:
    streaks = Streaks().with_visit(TODAY).with_visit(TODAY + timedelta(days=1))
    assert [streaks.current(TODAY + timedelta(days=passed)) for passed in (1, 2, 3)] == [2, 2, 0]


def test_what_is_kept_of_years_of_visits_is_bounded_and_the_longest_streak_is_not_forgotten() -> None:
    streaks = Streaks()
    for number in range(40):
        streaks = streaks.with_visit(TODAY + timedelta(days=number))
    for number in range(100, 2000, 2):
        streaks = streaks.with_visit(TODAY + timedelta(days=number))
    assert len(streaks.runs) == MOST_RUNS
    assert streaks.longest == 40


def test_a_day_counts_once() -> None:
    given(STATS).when(RecordVisit(7, TODAY)).then(Visited(7, TODAY))
    given(STATS, Visited(7, TODAY)).when(RecordVisit(7, TODAY)).then()


@pytest.mark.parametrize("order", list(permutations([MADE, HIDDEN, SHOWN, DELETED])))
def test_a_picture_comes_to_the_same_numbers_in_every_order(order: tuple[object, ...]) -> None:
    picture, total = PICTURE.initial, Tally()
    for command in (*order, *order):  # and each of them twice
        for event in PICTURE.decide(command, picture, NOW):  # type: ignore[arg-type]
            picture, total = PICTURE.evolve(picture, event), total + event.tally
    assert total == Tally(made=1, creations=0, public=0)


@pytest.mark.parametrize("order", list(permutations([MADE, HIDDEN, SHOWN])))
def test_what_was_said_last_of_a_pictures_visibility_counts_not_what_was_heard_last(order: tuple[object, ...]) -> None:
    picture, total = PICTURE.initial, Tally()
    for command in order:
        for event in PICTURE.decide(command, picture, NOW):  # type: ignore[arg-type]
            picture, total = PICTURE.evolve(picture, event), total + event.tally
    assert total == Tally(made=1, creations=1, public=1)


def test_deleting_what_was_never_finished_takes_nothing_away() -> None:
    [noted] = PICTURE.decide(DELETED, PICTURE.initial, NOW)
    assert noted.tally == Tally()


def test_an_achievement_comes_with_what_reaches_it_and_only_once() -> None:
    first = (StatsChanged(7, Tally(made=1, creations=1)), AchievementAwarded(7, "first-creation", NOW))
    given(STATS).when(AddToStats(7, Tally(made=1, creations=1))).then(*first)
    gone = StatsChanged(7, Tally(creations=-1))
    given(STATS, *first, gone).when(AddToStats(7, Tally(made=1, creations=1))).then(
        StatsChanged(7, Tally(made=1, creations=1))
    )


def test_one_step_may_reach_several_and_what_it_leaps_over_is_reached_too() -> None:
    decided = given(STATS).when(AddToStats(7, Tally(likes=150, wins=1)))
    assert decided.events is not None
    slugs = [event.achievement for event in decided.events if isinstance(event, AchievementAwarded)]
    assert slugs == ["likes-10", "likes-100", "first-win"]


def test_a_week_of_visits_is_an_achievement() -> None:
    week = [Visited(7, TODAY + timedelta(days=number)) for number in range(6)]
    seventh = TODAY + timedelta(days=6)
    given(STATS, *week).when(RecordVisit(7, seventh)).then(Visited(7, seventh), AchievementAwarded(7, "streak-7", NOW))


def test_nothing_changes_by_nothing() -> None:
    given(STATS).when(AddToStats(7, Tally())).then()


def test_the_achievements_are_told_apart_and_can_all_be_reached() -> None:
    assert len(BY_SLUG) == len(ACHIEVEMENTS) >= 12
    assert all(found.threshold > 0 and STATS.initial.measured(found.measure) == 0 for found in ACHIEVEMENTS)
