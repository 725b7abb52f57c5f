"""Credits for several pictures at once: all of them, or none."""

from hypothesis import given as for_any
from hypothesis import strategies as st

from kernel.values import replace
from services.ledger.domain import CreditsHeld, CreditsRefused, HoldTogether, ReleaseRemembered
from tests.given import NOW, given
from tests.unit.ledger.test_wallet import GRANTED, HELD, SOON, WALLET

HOLD = HoldTogether(7, (2, 3), 50, SOON, 4, "Created Ghibli Art image")


def test_all_are_held_when_the_balance_covers_all() -> None:
    given(WALLET, GRANTED).when(HOLD).then(
        CreditsHeld(7, 2, 50, SOON, HOLD.description, balance=50, lots=((1, 50),)),
        CreditsHeld(7, 3, 50, SOON, HOLD.description, balance=0, lots=((1, 50),)),
    )


def test_none_is_held_when_it_does_not_and_each_is_told_the_sum() -> None:
    given(WALLET, GRANTED).when(replace(HOLD, creation_ids=(2, 3, 4))).then(
        *[CreditsRefused(7, number, 150, "insufficient_credits", balance=100) for number in (2, 3, 4)]
    )


def test_beside_open_holds_there_must_be_room_for_all() -> None:
    given(WALLET, GRANTED, HELD).when(replace(HOLD, credits=10, max_open_holds=2)).then(
        *[CreditsRefused(7, number, 20, "too_many_holds", balance=50) for number in (2, 3)]
    )
    assert given(WALLET, GRANTED, HELD).when(replace(HOLD, credits=10, max_open_holds=3)).error is None


def test_who_has_nothing_open_may_have_them_however_low_the_limit() -> None:
    decided = given(WALLET, GRANTED).when(replace(HOLD, max_open_holds=1))
    assert [type(event) for event in decided.events or []] == [CreditsHeld, CreditsHeld]


def test_one_that_is_over_already_is_left_out_and_the_others_are_held() -> None:
    released = ReleaseRemembered(7, 2, 100)
    decided = given(WALLET, GRANTED, released).when(replace(HOLD, creation_ids=(2, 3, 4)))
    assert [(type(event), event.creation_id) for event in decided.events or []] == [
        (CreditsRefused, 2),
        (CreditsHeld, 3),
        (CreditsHeld, 4),
    ]


@for_any(st.integers(1, 4), st.integers(1, 120), st.integers(1, 4), st.sets(st.integers(1, 4)))
def test_it_is_always_all_or_none_and_never_more_than_there_is(
    count: int, credits_: int, limit: int, over: set[int]
) -> None:
    history = [GRANTED, *[ReleaseRemembered(7, number, 100) for number in sorted(over)]]
    command = HoldTogether(7, tuple(range(1, count + 1)), credits_, SOON, limit, "x")
    wallet = given(WALLET, *history)
    events = wallet.when(command, now=NOW).events or []
    held = [event.creation_id for event in events if isinstance(event, CreditsHeld)]
    wanted = [number for number in command.creation_ids if number not in over]
    assert held in ([], wanted)
    assert len(events) == count
    after = given(WALLET, *history, *events).state
    assert after.balance == 100 - credits_ * len(held) >= 0
    again = given(WALLET, *history, *events).when(command).events or []
    assert not any(isinstance(event, CreditsHeld) for event in again)
