"""Who fights whom, ratings, and what a vote weighs."""

from datetime import timedelta

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from services.battle.domain.matching import Waiting, pairs, people, window
from services.battle.domain.rating import after, expected
from services.battle.domain.weighing import Rules, Signals, weigh
from tests.given import NOW

MINUTE = timedelta(minutes=1)


def waiting(creation_id: int, user_id: int, rating: int = 1000, minutes: float = 0) -> Waiting:
    return Waiting(creation_id, user_id, rating, NOW - minutes * MINUTE)


def ids(*found: tuple[Waiting, Waiting]) -> list[tuple[int, int]]:
    return [(one.creation_id, other.creation_id) for one, other in found]


def test_the_nearest_in_rating_fight_and_who_waits_longer_looks_further() -> None:
    crowd = [waiting(1, 1, 1000, 3), waiting(2, 2, 1090), waiting(3, 3, 1010), waiting(4, 4, 1260)]
    assert ids(*pairs(crowd, [], NOW)) == [(1, 3)]
    # After a while the fourth one takes whoever is there.
    crowd[3] = waiting(4, 4, 1260, 2)
    assert ids(*pairs(crowd, [], NOW)) == [(1, 3), (4, 2)]
    assert [window(minutes * MINUTE) for minutes in (0, 1, 10)] == [100, 150, 600]


def test_never_oneself_nor_whom_one_has_just_met() -> None:
    assert pairs([waiting(1, 1), waiting(2, 1)], [], NOW) == []
    assert pairs([waiting(1, 1), waiting(2, 2)], [people(2, 1)], NOW) == []
    # Two people with two pictures each meet once in a round.
    crowd = [waiting(1, 1), waiting(2, 1), waiting(3, 2), waiting(4, 2)]
    assert ids(*pairs(crowd, [], NOW)) == [(1, 3)]


@drawn(
    st.lists(st.tuples(st.integers(1, 8), st.integers(600, 1400), st.integers(0, 20)), max_size=40),
    st.sets(st.tuples(st.integers(1, 8), st.integers(1, 8)).filter(lambda two: two[0] < two[1]), max_size=6),
)
def test_pairs_break_no_rule(crowd: list[tuple[int, int, int]], met: set[tuple[int, int]]) -> None:
    everyone = [waiting(number, user_id, rating, minutes) for number, (user_id, rating, minutes) in enumerate(crowd)]
    known = [people(*two) for two in met]
    found = pairs(everyone, known, NOW)
    taken = [each.creation_id for pair in found for each in pair]
    assert len(taken) == len(set(taken))
    couples = [people(one.user_id, other.user_id) for one, other in found]
    assert len(couples) == len(set(couples))
    assert not set(couples) & set(known)
    for one, other in found:
        assert one.user_id != other.user_id
        assert abs(one.rating - other.rating) <= window(NOW - one.since)


def test_ratings_move_by_what_was_not_expected() -> None:
    assert after(1000, 1000, 1) == (1016, 984)
    assert after(1000, 1000, 0.5) == (1000, 1000)
    assert after(1400, 1000, 1) == (1403, 997)
    assert after(1400, 1000, 0) == (1371, 1029)
    assert expected(1400, 1000) == pytest.approx(10 / 11)


@drawn(st.integers(0, 3000), st.integers(0, 3000), st.sampled_from([0, 0.5, 1]))
def test_what_one_gains_the_other_loses(own: int, other: int, score: float) -> None:
    assert sum(after(own, other, score)) == own + other


OLD = NOW - timedelta(days=30)


@pytest.mark.parametrize(
    ("signals", "weight", "reasons"),
    [
        (Signals(OLD), 100, ()),
        (Signals(NOW - timedelta(hours=23)), 50, ("new_account",)),
        (Signals(None), 50, ("new_account",)),
        (Signals(OLD, earlier=NOW - timedelta(seconds=59)), 25, ("burst",)),
        (Signals(OLD, earlier=NOW - MINUTE), 100, ()),
        (Signals(OLD, device_used=True), 0, ("same_device",)),
        (Signals(OLD, from_address=9), 100, ()),
        (Signals(OLD, from_address=10), 50, ("same_address",)),
        (Signals(None, from_address=10), 25, ("new_account", "same_address")),
        (Signals(OLD, owner_device=True, owner_address=True), 0, ("owner_device", "owner_address")),
        (Signals(OLD, owner_address=True), 25, ("owner_address",)),
        (Signals(None, owner_address=True), 12, ("new_account", "owner_address")),
    ],
)
def test_what_speaks_against_a_vote_makes_it_weigh_less(
    signals: Signals, weight: int, reasons: tuple[str, ...]
) -> None:
    assert weigh(signals, Rules(), NOW) == (weight, reasons)


def test_no_account_is_new_where_that_does_not_count() -> None:
    assert weigh(Signals(None), Rules(new_account=timedelta(0)), NOW) == (100, ())
