"""What one administrator may do alone for one person in a day."""

from datetime import datetime, timedelta

from hypothesis import given as for_any
from hypothesis import strategies as st

from services.ledger.domain.allowance import (
    ALLOWANCE,
    Allowance,
    AllowanceReturned,
    AllowanceUsed,
    ReturnAllowance,
    Use,
    UseAllowance,
)
from tests.given import NOW, given

HOUR = timedelta(hours=1)


def use(credits_: int) -> UseAllowance:
    return UseAllowance(1, 7, credits_, limit=1000)


def used(credits_: int, at: datetime = NOW) -> AllowanceUsed:
    return AllowanceUsed(1, 7, credits_, at)


def test_many_small_ones_are_as_large_as_one_until_a_day_has_passed() -> None:
    given(ALLOWANCE).when(use(1000)).then(used(1000))
    given(ALLOWANCE).when(use(1001)).then()
    given(ALLOWANCE, used(600), used(400)).when(use(1)).then()
    later = given(ALLOWANCE, used(600), used(300, NOW + HOUR))
    later.when(use(101), now=NOW + 23 * HOUR).then()
    later.when(use(700), now=NOW + 24 * HOUR).then(used(700, NOW + 24 * HOUR))
    later.when(use(701), now=NOW + 24 * HOUR).then()


def test_what_was_used_in_vain_counts_no_more_and_nothing_else_does() -> None:
    history = given(ALLOWANCE, used(500), used(500, NOW + HOUR))
    back = ReturnAllowance(1, 7, Use(NOW + HOUR, 500))
    returned = AllowanceReturned(1, 7, 500, NOW + HOUR)
    history.when(back).then(returned)
    after = given(ALLOWANCE, used(500), used(500, NOW + HOUR), returned)
    after.when(back).then()
    after.when(use(501), now=NOW + 2 * HOUR).then()
    after.when(use(500), now=NOW + 2 * HOUR).then(used(500, NOW + 2 * HOUR))
    after.when(use(1000), now=NOW + 24 * HOUR).then(used(1000, NOW + 24 * HOUR))


@for_any(st.lists(st.tuples(st.integers(0, 8), st.integers(1, 1200)), max_size=40))
def test_in_no_24_hours_is_more_used_than_the_limit(steps: list[tuple[int, int]]) -> None:
    state, now, granted = Allowance(), NOW, []
    for hours, credits_ in steps:
        now += hours * HOUR
        for event in ALLOWANCE.decide(use(credits_), state, now):
            state = ALLOWANCE.evolve(state, event)
            granted.append((event.at, event.credits))
        assert sum(each for at, each in granted if at > now - 24 * HOUR) <= 1000
