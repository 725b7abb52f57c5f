"""Likes that are told together."""

from datetime import timedelta
from functools import reduce

from hypothesis import given as for_all
from hypothesis import strategies as st

from services.notify.domain import LIKES
from services.notify.domain.likes import (
    MOST,
    PAUSE,
    EndGathering,
    Event,
    GatheringEnded,
    GatherLike,
    LikeGathered,
    Likes,
)
from tests.given import NOW, given

WINDOW = timedelta(minutes=5)
UNTIL = NOW + WINDOW


def like(user_id: int, change: int = 1) -> GatherLike:
    return GatherLike(1, user_id, change, WINDOW)


def test_the_first_like_begins_a_gathering_and_the_next_one_joins_it() -> None:
    first = LikeGathered(1, 7, 1, 1, UNTIL)
    given(LIKES).when(like(7)).then(first)
    given(LIKES, first).when(like(8)).then(LikeGathered(1, 8, 1, 1, None))


def test_so_many_people_are_told_of() -> None:
    likes = [LikeGathered(1, user_id, 1, 1, UNTIL if user_id == 10 else None) for user_id in range(10, 20)]
    given(LIKES, *likes).when(EndGathering(1)).then(GatheringEnded(1, 10, NOW))


def test_ending_it_twice_or_another_one_is_nothing() -> None:
    begun = LikeGathered(1, 7, 1, 1, UNTIL)
    given(LIKES, begun, GatheringEnded(1, 1, NOW)).when(EndGathering(1)).then()
    given(LIKES, begun).when(EndGathering(2)).then()


def test_the_next_gathering_ends_an_hour_after_the_one_before_it_at_the_earliest() -> None:
    told = (LikeGathered(1, 7, 1, 1, UNTIL), GatheringEnded(1, 1, NOW))
    given(LIKES, *told).when(like(8)).then(LikeGathered(1, 8, 1, 2, NOW + PAUSE))
    later = NOW + timedelta(days=1)
    given(LIKES, *told).when(like(8), now=later).then(LikeGathered(1, 8, 1, 2, later + WINDOW))


def test_nothing_told_makes_nobody_wait() -> None:
    taken_back = (LikeGathered(1, 7, 1, 1, UNTIL), LikeGathered(1, 7, -1, 1, None), GatheringEnded(1, 0, NOW))
    given(LIKES, *taken_back).when(like(8)).then(LikeGathered(1, 8, 1, 2, UNTIL))


def test_taking_back_what_was_told_takes_nothing_from_others() -> None:
    told = (LikeGathered(1, 7, 1, 1, UNTIL), GatheringEnded(1, 1, NOW))
    after = (*told, LikeGathered(1, 7, -1, 2, UNTIL), LikeGathered(1, 8, 1, 2, None))
    given(LIKES, *after).when(EndGathering(2)).then(GatheringEnded(2, 1, NOW))


def test_a_crowd_is_told_of_at_once() -> None:
    likes = [LikeGathered(1, user_id, 1, 1, None) for user_id in range(MOST - 1)]
    given(LIKES, *likes).when(like(MOST)).then(LikeGathered(1, MOST, 1, 1, NOW))
    given(LIKES, *likes).when(like(5)).then(LikeGathered(1, 5, 1, 1, None))


@for_all(
    st.lists(st.lists(st.sampled_from([1, -1]), max_size=5), max_size=6).flatmap(
        lambda people: st.permutations(
            [(user_id, change) for user_id, changes in enumerate(people) for change in changes]
        )
    )
)
def test_the_order_in_which_likes_come_does_not_matter(changes: list[tuple[int, int]]) -> None:
    state: Likes = LIKES.initial
    for user_id, change in changes:
        state = _after(state, LIKES.decide(like(user_id, change), state, NOW))
    net = {user_id: sum(change for who, change in changes if who == user_id) for user_id, _ in changes}
    people = sum(1 for total in net.values() if total > 0)
    ended = LIKES.decide(EndGathering(1), state, NOW)
    assert ended == ([GatheringEnded(1, people, NOW)] if changes else [])
    assert _after(state, ended).waiting == {}


def _after(state: Likes, events: list[Event]) -> Likes:
    return reduce(LIKES.evolve, events, state)


def test_what_was_told_is_remembered_while_the_next_gathering_goes_on() -> None:
    """Its notification may still have to be made, by a process that takes over."""
    told = (LikeGathered(1, 7, 1, 1, UNTIL), GatheringEnded(1, 1, NOW))
    for after in ((LikeGathered(1, 8, 1, 2, UNTIL),), (LikeGathered(1, 7, -1, 2, UNTIL), GatheringEnded(2, 0, NOW))):
        state = given(LIKES, *told, *after).state
        assert (state.told, state.told_gathering) == (1, 1)
