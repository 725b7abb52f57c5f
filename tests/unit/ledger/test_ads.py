"""The rules of rewarded ads: word and claim, and the day."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given as for_any
from hypothesis import strategies as st

from contracts.errors import ServiceError
from services.ledger.ads.day import AD_DAY, AdClaimed, AdDay, AdRewarded, ClaimAd, RewardAd, next_at, tomorrow
from services.ledger.ads.view import (
    VIEW,
    WINDOW,
    AdWatched,
    ClaimView,
    Command,
    HearNetwork,
    NetworkHeard,
    View,
    ViewClaimed,
)
from tests.given import NOW, given

HEAR = HearNetwork("v", "admob", "t1", None)
HEARD = NetworkHeard("v", "admob", "t1", None, NOW)
CLAIM = ClaimView("v", "admob", 7)
CLAIMED = ViewClaimed("v", 7, NOW)
WATCHED = AdWatched("v", 7, "admob", NOW)
LATE = NOW + WINDOW + timedelta(seconds=1)


def test_word_and_claim_meet_whichever_comes_first() -> None:
    given(VIEW).when(HEAR).then(HEARD)
    given(VIEW, HEARD).when(CLAIM).then(WATCHED)
    given(VIEW).when(CLAIM).then(CLAIMED)
    given(VIEW, CLAIMED).when(HEAR).then(HEARD, WATCHED)


def test_they_must_meet_within_a_window() -> None:
    given(VIEW, HEARD).when(CLAIM, now=LATE).then_refused("INVALID_AD_TOKEN")
    given(VIEW, CLAIMED).when(HEAR, now=LATE).then(replace(HEARD, at=LATE))


def test_whom_the_network_names_must_be_who_claims() -> None:
    given(VIEW, replace(HEARD, user_id=8)).when(CLAIM).then_refused("INVALID_AD_TOKEN")
    given(VIEW, replace(HEARD, user_id=0)).when(CLAIM).then_refused("INVALID_AD_TOKEN")
    given(VIEW, replace(HEARD, user_id=7)).when(CLAIM).then(WATCHED)
    for_another = replace(HEARD, user_id=8)
    given(VIEW, CLAIMED).when(replace(HEAR, user_id=8)).then(for_another)
    given(VIEW, CLAIMED, for_another).when(replace(CLAIM, user_id=8)).then(replace(WATCHED, user_id=8))


def test_a_token_is_good_for_one_ad_and_one_person() -> None:
    history = given(VIEW, HEARD, WATCHED)
    history.when(CLAIM).then()
    history.when(replace(HEAR, transaction_id="t2")).then()
    history.when(replace(CLAIM, user_id=8)).then_refused("INVALID_AD_TOKEN")
    history.when(CLAIM, now=LATE).then_refused("INVALID_AD_TOKEN")
    given(VIEW, CLAIMED).when(replace(CLAIM, user_id=8)).then_refused("INVALID_AD_TOKEN")


def rewarded(number: int) -> AdRewarded:
    return AdRewarded(7, f"v{number}", 50, number, NOW)


def test_five_a_day_and_again_tomorrow() -> None:
    command = RewardAd(7, "v6", 50, daily_limit=5)
    given(AD_DAY).when(replace(command, view_id="v1")).then(rewarded(1))
    full = given(AD_DAY, *[rewarded(number) for number in range(1, 6)])
    full.when(command).then_refused("DAILY_LIMIT_REACHED")
    midnight = tomorrow(NOW)
    full.when(command, now=midnight).then(AdRewarded(7, "v6", 50, 1, midnight))


def test_a_claim_keeps_its_distance_from_the_claim_and_the_reward_before() -> None:
    command, claimed = ClaimAd(7, "v1", daily_limit=5, cooldown_s=30), AdClaimed(7, "v1", NOW)
    after, later = replace(command, view_id="v2"), NOW + timedelta(seconds=30)
    given(AD_DAY).when(command).then(claimed)
    given(AD_DAY, claimed).when(after).then_refused("AD_COOLDOWN")
    given(AD_DAY, claimed).when(after, now=later).then(AdClaimed(7, "v2", later))
    given(AD_DAY, claimed, rewarded(1)).when(after).then_refused("AD_COOLDOWN")
    given(AD_DAY, claimed).when(RewardAd(7, "v2", 50, daily_limit=5)).then(replace(rewarded(1), view_id="v2"))
    given(AD_DAY, *[rewarded(number) for number in range(1, 6)]).when(after, now=later).then_refused(
        "DAILY_LIMIT_REACHED"
    )


def test_the_next_ad_is_free_after_the_cooldown_or_tomorrow() -> None:
    def free(day: AdDay, seconds: float) -> object:
        return next_at(day, NOW + timedelta(seconds=seconds), daily_limit=5, cooldown_s=30)

    one = AdDay(NOW.date().isoformat(), 1, NOW)
    assert free(AdDay(), 0) is None
    assert free(one, 10) == NOW + timedelta(seconds=30)
    assert free(one, 30) is None
    assert free(replace(one, watched=5), 60) == tomorrow(NOW)


@for_any(
    st.lists(
        st.one_of(
            st.builds(
                HearNetwork, st.just("v"), st.just("admob"), st.sampled_from("ab"), st.sampled_from([None, 7, 8])
            ),
            st.builds(ClaimView, st.just("v"), st.just("admob"), st.sampled_from([7, 8])),
        )
    )
)
def test_however_often_and_by_whomever_a_token_is_used_it_is_rewarded_once(commands: list[Command]) -> None:
    view, watched = View(), 0
    for command in commands:
        try:
            events = VIEW.decide(command, view, NOW)
        except ServiceError:
            continue
        for event in events:
            view = VIEW.evolve(view, event)
            watched += isinstance(event, AdWatched)
    assert watched <= 1
