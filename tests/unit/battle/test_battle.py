"""The life of a battle."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import reduce
from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from services.battle.domain.battle import (
    BATTLE,
    AbandonBattle,
    BattleAbandoned,
    BattleCancelled,
    BattleEnded,
    BattleEnding,
    BattleStarted,
    CancelBattle,
    CastVote,
    EndBattle,
    ReviewVote,
    SettleBattle,
    Side,
    SideEntered,
    StartBattle,
    Status,
    Verdict,
    VerdictReached,
    VoteCast,
    VoteReviewed,
    WarnOfEnd,
    Withheld,
)
from services.battle.domain.fighter import FIGHTER, ClaimPrize, PrizeClaimed
from services.battle.voting import percentages
from tests.given import NOW, given, refused

A, B = Side(10, 1), Side(20, 2)
DAY = timedelta(days=1)
STARTED = BattleStarted(7, A, B, NOW + DAY)
CANCELLED = BattleCancelled(7, A, B)


def cast(user_id: int, *, for_a: bool, weight: int = 100) -> VoteCast:
    return VoteCast(7, user_id, A.creation_id if for_a else B.creation_id, for_a, weight, ())


def ended(
    votes_a: int, votes_b: int, winner: Side | None, prize: int = 0, withheld: Withheld | None = None
) -> BattleEnded:
    return BattleEnded(7, A, B, votes_a, votes_b, winner, prize, withheld)


def outcome(*history: Any, end: EndBattle = EndBattle(7, 100, 50), paid: bool = True) -> BattleEnded:  # noqa: B008
    """What comes of a battle, by way of its verdict where there is one."""
    events = [*history, *BATTLE.decide(end, given(BATTLE, *history).state, NOW + DAY)]
    if isinstance(events[-1], VerdictReached):
        events += BATTLE.decide(SettleBattle(7, paid), given(BATTLE, *events).state, NOW + DAY)
    last = events[-1]
    assert isinstance(last, BattleEnded)
    return last


def test_it_begins_once_and_both_have_entered_it() -> None:
    entered = [SideEntered(7, 10, 1), SideEntered(7, 20, 2)]
    command = StartBattle(7, A, B, DAY.total_seconds())
    given(BATTLE).when(command).then(STARTED, *entered)
    given(BATTLE, STARTED).when(command).then()
    given(BATTLE, BattleAbandoned(7)).when(command).then_refused("BATTLE_ENDED")


def test_a_vote_is_for_one_of_the_two_and_by_neither_of_their_owners() -> None:
    given(BATTLE, STARTED).when(CastVote(7, 3, 10, 50, ("burst",))).then(VoteCast(7, 3, 10, True, 50, ("burst",)))
    given(BATTLE, STARTED).when(CastVote(7, 3, 20)).then(cast(3, for_a=False))
    given(BATTLE, STARTED).when(CastVote(7, 3, 30)).then_refused("INVALID_CREATION")
    given(BATTLE, STARTED).when(CastVote(7, 1, 10)).then_refused("OWN_CREATION")
    given(BATTLE, STARTED).when(CastVote(7, 1, 20)).then_refused("OWN_CREATION")
    given(BATTLE).when(CastVote(7, 3, 10)).then_refused("BATTLE_NOT_FOUND")


def test_the_end_is_exact_whether_its_timer_has_gone_off_or_not() -> None:
    last, end = NOW + DAY - timedelta(microseconds=1), NOW + DAY
    battle, vote = given(BATTLE, STARTED), CastVote(7, 3, 10)
    battle.when(vote, now=last).then(cast(3, for_a=True))
    battle.when(vote, now=end).then_refused("BATTLE_ENDED")
    battle.when(EndBattle(7, 100), now=last).then_refused("SERVER_ERROR")
    battle.when(EndBattle(7, 100), now=end).then(ended(0, 0, None, 0))
    battle.when(WarnOfEnd(7), now=last).then(BattleEnding(7, A, B, end))
    battle.when(WarnOfEnd(7), now=end).then()
    # Whoever deletes the picture then does not escape.
    battle.when(CancelBattle(7), now=last).then(CANCELLED)
    battle.when(CancelBattle(7), now=end).then()
    for over in (ended(0, 0, None, 0), CANCELLED):
        given(BATTLE, STARTED, over).when(vote).then_refused("BATTLE_ENDED")
        given(BATTLE, STARTED, over).when(EndBattle(7, 100), now=end).then()


@pytest.mark.parametrize(
    ("votes", "result"),
    [
        ([], ended(0, 0, None)),
        ([cast(3, for_a=True)], ended(1, 0, A, 100)),
        ([cast(3, for_a=True), cast(4, for_a=False)], ended(1, 1, None)),
        # Shown as cast, decided by weight: two that weigh little lose against one.
        ([cast(3, for_a=True), cast(4, for_a=False, weight=0), cast(5, for_a=False, weight=25)], ended(1, 2, A, 100)),
        ([cast(3, for_a=True, weight=50), cast(4, for_a=False, weight=50)], ended(1, 1, None)),
        ([cast(3, for_a=True), VoteReviewed(7, 3, True, 100, 0, 900, "bot")], ended(1, 0, None)),
        ([cast(3, for_a=False, weight=0), VoteReviewed(7, 3, False, 0, 100, 900, "")], ended(0, 1, B, 100)),
    ],
)
def test_whose_votes_weigh_more_wins_and_equal_weights_are_a_tie(votes: list[Any], result: BattleEnded) -> None:
    assert outcome(STARTED, *votes) == result


@pytest.mark.parametrize(
    ("weights_a", "weights_b", "least", "withheld"),
    [
        ([50], [], 50, None),  # one new account
        ([25], [], 50, Withheld.TOO_FEW_VOTES),
        ([12] * 4, [], 50, Withheld.TOO_FEW_VOTES),
        ([100, 100], [], 300, Withheld.TOO_FEW_VOTES),
        ([100] * 5 + [12], [100] * 5, 50, Withheld.TOO_CLOSE),  # only a doubtful one decided
        ([100] * 3, [100] * 2, 300, None),
        ([25], [], 0, Withheld.TOO_CLOSE),
    ],
)
def test_a_prize_needs_votes_that_weigh(
    weights_a: list[int], weights_b: list[int], least: int, withheld: Withheld | None
) -> None:
    cast_a = [cast(number, for_a=True, weight=weight) for number, weight in enumerate(weights_a, 100)]
    cast_b = [cast(number, for_a=False, weight=weight) for number, weight in enumerate(weights_b, 200)]
    found = outcome(STARTED, *cast_a, *cast_b, end=EndBattle(7, 100, least))
    assert found == ended(len(cast_a), len(cast_b), A, 0 if withheld else 100, withheld)
    nothing = outcome(STARTED, *cast_a, *cast_b, end=EndBattle(7, 0, least))  # where no prize is offered none is missed
    assert (nothing.winner, nothing.prize, nothing.withheld) == (A, 0, None)


def test_after_the_verdict_nothing_changes_who_has_won() -> None:
    last, vote = NOW + DAY - timedelta(microseconds=1), CastVote(7, 3, 10)
    reached = VerdictReached(7, Verdict(A, 100))
    history = [STARTED, cast(4, for_a=True)]
    given(BATTLE, *history).when(SettleBattle(7, paid=True), now=NOW + DAY).then()  # nothing is settled before it
    given(BATTLE, *history).when(EndBattle(7, 100, 50), now=NOW + DAY).then(reached)
    judged = given(BATTLE, *history, reached)
    judged.when(EndBattle(7, 60, 50), now=NOW + DAY).then()
    for now in (last, NOW + DAY):  # even by a clock that is behind
        judged.when(vote, now=now).then_refused("BATTLE_ENDED")
        judged.when(ReviewVote(7, 4, 10, 100, 0, 0, 900, "bot"), now=now).then_refused("BATTLE_ENDED")
        judged.when(CancelBattle(7), now=now).then()
        judged.when(AbandonBattle(7), now=now).then()
        judged.when(WarnOfEnd(7), now=now).then()
    judged.when(SettleBattle(7, paid=True), now=NOW + DAY).then(ended(1, 0, A, 100))
    judged.when(SettleBattle(7, paid=False), now=NOW + DAY).then(ended(1, 0, A, 0, Withheld.DAILY_LIMIT))
    given(BATTLE, *history, reached, ended(1, 0, A, 100)).when(SettleBattle(7, paid=False)).then()


def test_prizes_of_a_day_are_counted() -> None:
    def claim(battle_id: int) -> ClaimPrize:
        return ClaimPrize(1, battle_id, most=2)

    first, second = PrizeClaimed(1, 7, NOW.date()), PrizeClaimed(1, 8, NOW.date())
    given(FIGHTER).when(claim(7)).then(first)
    given(FIGHTER, first).when(claim(8)).then(second)
    given(FIGHTER, first, second).when(claim(9)).then()
    midnight = NOW + timedelta(hours=12)
    given(FIGHTER, first, second).when(claim(9), now=midnight - timedelta(microseconds=1)).then()
    tomorrow = PrizeClaimed(1, 9, midnight.date())
    given(FIGHTER, first, second).when(claim(9), now=midnight).then(tomorrow)
    assert given(FIGHTER, first, second, tomorrow).state.prizes == 1


def test_what_has_not_begun_never_will_once_it_is_abandoned() -> None:
    given(BATTLE).when(AbandonBattle(7)).then(BattleAbandoned(7))
    given(BATTLE).when(CancelBattle(7)).then(BattleAbandoned(7))
    given(BATTLE, STARTED).when(AbandonBattle(7)).then()
    given(BATTLE, BattleAbandoned(7)).when(CancelBattle(7)).then()


def test_a_review_that_looked_too_early_is_refused() -> None:
    review = ReviewVote(7, 3, 10, before=50, weight=100, reviews=0, by=900, reason="known")
    reviewed = VoteReviewed(7, 3, True, 50, 100, 900, "known")
    history = [STARTED, cast(3, for_a=True, weight=50)]
    given(BATTLE, *history).when(review).then(reviewed)
    given(BATTLE, *history, reviewed).when(review).then_refused("SERVICE_UNAVAILABLE")
    given(BATTLE, *history, reviewed).when(replace(review, before=100, reviews=1)).then(replace(reviewed, before=100))
    given(BATTLE, *history, CANCELLED).when(review).then_refused("BATTLE_ENDED")
    for side in (STARTED.a, STARTED.b):  # a moderator who fights
        given(BATTLE, *history).when(replace(review, by=side.user_id)).then_refused("PERMISSION_DENIED")


@drawn(
    st.lists(st.tuples(st.integers(3, 12), st.sampled_from([10, 20]), st.sampled_from([0, 50, 100])), max_size=60),
    st.integers(0, 60),
)
def test_no_interleaving_counts_a_vote_twice(requests: Sequence[tuple[int, int, int]], end_after: int) -> None:
    """Votes as they come, again and again, through the keys as the kernel has them; somewhere the battle ends."""
    battle, keys, votes = reduce(BATTLE.evolve, [STARTED], BATTLE.initial), set[str](), dict[int, tuple[int, int]]()
    for number, (user_id, creation_id, weight) in enumerate(requests):
        now = NOW if number < end_after else NOW + DAY
        if (key := f"vote:7:{user_id}") in keys:
            continue
        if number >= end_after:
            with refused("BATTLE_ENDED"):
                BATTLE.decide(CastVote(7, user_id, creation_id, weight), battle, now)
            continue
        events = BATTLE.decide(CastVote(7, user_id, creation_id, weight), battle, now)
        keys.add(key)
        votes[user_id] = (creation_id, weight)
        battle = reduce(BATTLE.evolve, events, battle)
    [end] = BATTLE.decide(EndBattle(7, 0), battle, NOW + DAY)
    sums = {side: [weight for creation_id, weight in votes.values() if creation_id == side] for side in (10, 20)}
    assert isinstance(end, BattleEnded)
    assert (end.votes_a, end.votes_b) == (len(sums[10]), len(sums[20]))
    lead = sum(sums[10]) - sum(sums[20])
    assert end.winner == (None if not lead else A if lead > 0 else B)
    assert BATTLE.evolve(battle, end).status is Status.ENDED


@drawn(st.integers(0, 10**6), st.integers(0, 10**6))
def test_percentages_have_one_decimal_and_sum_up_to_100(votes_a: int, votes_b: int) -> None:
    a, b = percentages(votes_a, votes_b)
    assert f"{a:.1f}" == str(a)
    assert round(a * 10) + round(b * 10) == 1000
    assert min(a, b) >= 0
    assert (votes_a > votes_b) <= (a >= b)
    if votes_a == votes_b:
        assert (a, b) == (50, 50)
