"""Likes, looks, favourites, trends and what is heard of battles, without any of the world."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from functools import reduce

import pytest
from hypothesis import given as for_any
from hypothesis import strategies as st

from services.creation.domain import trend
from services.creation.domain.contests import (
    CONTEST,
    Command,
    Contest,
    ContestJoined,
    ContestOver,
    NoteContestants,
    NoteEnd,
)
from services.creation.domain.marks import MARK, MarkSet, MarkTakenBack, SetMark, TakeBackMark
from tests.given import NOW, given

LIKE, UNLIKE = SetMark("like", 1, 8, 7), TakeBackMark("like", 1, 8, 7)
LIKED, UNLIKED = MarkSet("like", 1, 8, 7, first=True), MarkTakenBack("like", 1, 8, 7)


def test_a_like_is_one_however_often_it_is_sent() -> None:
    given(MARK).when(LIKE).then(LIKED)
    given(MARK, LIKED).when(LIKE).then()
    given(MARK, LIKED).when(UNLIKE).then(UNLIKED)
    given(MARK).when(UNLIKE).then()
    given(MARK, LIKED, UNLIKED).when(UNLIKE).then()


def test_only_the_first_like_of_a_person_lifts_a_picture() -> None:
    given(MARK, LIKED, UNLIKED).when(LIKE).then(MarkSet("like", 1, 8, 7, first=False))


def test_a_trend_halves_with_every_half_life() -> None:
    old = trend.key_at(NOW - timedelta(seconds=trend.HALF_LIFE_S))
    new = trend.key_at(NOW)
    assert new - old == pytest.approx(1)
    assert trend.plus(old, old) == pytest.approx(new)
    assert trend.plus(new, trend.key_at(NOW, trend.LOOK)) > new
    assert trend.key_at(NOW, 2) == pytest.approx(new + 1)


# What the read tables make of these events: rows of battles under way, and wins.
Rows = tuple[frozenset[tuple[int, int]], Counter[int]]


def tables_after(commands: Sequence[Command]) -> Rows:
    states: dict[int, Contest] = {}
    under_way: set[tuple[int, int]] = set()
    wins: Counter[int] = Counter()
    for command in commands:
        state = states.get(command.battle_id, CONTEST.initial)
        for event in CONTEST.decide(command, state, NOW):
            state = CONTEST.evolve(state, event)
            match event:
                case ContestJoined(battle_id=battle_id, creation_id=creation_id):
                    assert (battle_id, creation_id) not in under_way
                    under_way.add((battle_id, creation_id))
                case ContestOver(battle_id=battle_id, winner=winner):
                    under_way = {row for row in under_way if row[0] != battle_id}
                    wins.update([winner] if winner else [])
        states[command.battle_id] = state
    return frozenset(under_way), wins


@st.composite
def news(draw: st.DrawFn) -> tuple[list[Command], list[Command]]:
    """What battles have to tell in its own order, and in another, with some of it twice."""
    told: list[Command] = []
    for battle_id in range(1, draw(st.integers(1, 4)) + 1):
        a, b = draw(st.integers(1, 4)), draw(st.integers(5, 8))
        told += [NoteContestants(battle_id, (a,)), NoteContestants(battle_id, (b,)), NoteContestants(battle_id, (a, b))]
        if draw(st.booleans()):
            told.append(NoteEnd(battle_id, draw(st.sampled_from([a, b, None]))))
    again = draw(st.lists(st.sampled_from(told), max_size=6))
    return told, draw(st.permutations([*told, *again]))


@for_any(news())
def test_whatever_order_battles_are_heard_of_in_the_tables_are_the_same(
    told: tuple[list[Command], list[Command]],
) -> None:
    assert tables_after(told[0]) == tables_after(told[1])


@for_any(st.lists(st.floats(1000, 3000), min_size=2, max_size=20))
def test_a_sum_of_trends_does_not_depend_on_its_order(keys: list[float]) -> None:
    assert reduce(trend.plus, keys) == pytest.approx(reduce(trend.plus, sorted(keys)))
