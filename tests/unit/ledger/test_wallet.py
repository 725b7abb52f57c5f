"""The rules of credits, without any of the world."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given as for_any
from hypothesis import strategies as st

from services.ledger.domain import (
    WALLET,
    Command,
    CreditsDebited,
    CreditsGranted,
    CreditsHeld,
    CreditsRefused,
    CreditsReleased,
    ExpireHold,
    GrantCredits,
    HoldCredits,
    ReleaseHold,
    ReleaseRemembered,
    SettleHold,
    Wallet,
    decide,
    evolve,
)
from tests.given import NOW, given

SOON = NOW + timedelta(minutes=15)
GRANT = GrantCredits(7, 100, "signup_bonus", "Welcome")
GRANTED = CreditsGranted(7, 100, "signup_bonus", "Welcome", balance=100, total=100, number=1, number_of_kind=1)
HOLD = HoldCredits(7, 1, 50, SOON, 4, "Created Ghibli Art image")
HELD = CreditsHeld(7, 1, 50, SOON, "Created Ghibli Art image", balance=50)
SETTLE = SettleHold(7, 1, 50, "Created Ghibli Art image")
DEBITED = CreditsDebited(
    7, 1, 50, "Created Ghibli Art image", late=False, balance=50, total=50, number=2, number_of_kind=1
)


def test_a_grant_makes_credits_spendable() -> None:
    given(WALLET).when(GRANT).then(GRANTED)


def test_a_hold_puts_credits_aside() -> None:
    given(WALLET, GRANTED).when(HOLD).then(HELD)


def test_a_hold_of_more_than_the_balance_is_refused_and_moves_nothing() -> None:
    given(WALLET, GRANTED).when(replace(HOLD, credits=101)).then(
        CreditsRefused(7, 1, 101, "insufficient_credits", balance=100)
    )


def test_held_credits_cannot_be_held_again() -> None:
    given(WALLET, GRANTED, HELD).when(replace(HOLD, creation_id=2, credits=51)).then(
        CreditsRefused(7, 2, 51, "insufficient_credits", balance=50)
    )


def test_more_open_holds_than_allowed_are_refused() -> None:
    given(WALLET, GRANTED, HELD).when(replace(HOLD, creation_id=2, max_open_holds=1)).then(
        CreditsRefused(7, 2, 50, "too_many_holds", balance=50)
    )


def test_the_same_hold_twice_holds_once() -> None:
    given(WALLET, GRANTED, HELD).when(HOLD).then()


def test_settling_spends_what_was_held() -> None:
    given(WALLET, GRANTED, HELD).when(SETTLE).then(DEBITED)


def test_a_settled_hold_cannot_be_released() -> None:
    given(WALLET, GRANTED, HELD, DEBITED).when(ReleaseHold(7, 1, "failed")).then(ReleaseRemembered(7, 1, balance=50))


def test_a_hold_that_comes_after_its_release_is_not_placed() -> None:
    given(WALLET, GRANTED, ReleaseRemembered(7, 1, balance=100)).when(HOLD).then(
        CreditsRefused(7, 1, 50, "released", balance=100)
    )


def test_releasing_gives_back_what_was_held() -> None:
    given(WALLET, GRANTED, HELD).when(ReleaseHold(7, 1, "cancelled")).then(
        CreditsReleased(7, 1, 50, "cancelled", balance=100)
    )


def test_a_hold_expires_only_after_its_time() -> None:
    history = given(WALLET, GRANTED, HELD)
    history.when(ExpireHold(7, 1), now=SOON - timedelta(seconds=1)).then()
    history.when(ExpireHold(7, 1), now=SOON).then(CreditsReleased(7, 1, 50, "expired", balance=100))


def test_a_picture_whose_hold_has_expired_is_paid_all_the_same() -> None:
    expired = CreditsReleased(7, 1, 50, "expired", balance=100)
    given(WALLET, GRANTED, HELD, expired).when(SETTLE).then(replace(DEBITED, late=True))


def test_a_late_debit_takes_no_more_than_there_is() -> None:
    given(WALLET).when(SETTLE).then(
        CreditsDebited(7, 1, 0, SETTLE.description, late=True, balance=0, total=0, number=1, number_of_kind=1)
    )


def test_an_amount_that_is_not_positive_is_refused() -> None:
    given(WALLET).when(replace(GRANT, credits=0)).then_refused("VALIDATION_ERROR")
    given(WALLET, GRANTED).when(replace(HOLD, credits=-50)).then_refused("VALIDATION_ERROR")


def commands() -> st.SearchStrategy[Command]:
    creation = st.integers(1, 6)
    credits_ = st.integers(1, 200)
    return st.one_of(
        st.builds(GrantCredits, st.just(7), credits_, st.just("signup_bonus"), st.just("Welcome")),
        st.builds(HoldCredits, st.just(7), creation, credits_, st.just(SOON), st.integers(1, 4), st.just("x")),
        st.builds(SettleHold, st.just(7), creation, credits_, st.just("x")),
        st.builds(ReleaseHold, st.just(7), creation, st.sampled_from(["failed", "cancelled"])),
        st.builds(ExpireHold, st.just(7), creation),
    )


@for_any(st.lists(st.tuples(commands(), st.booleans()), max_size=60))
def test_no_sequence_of_commands_makes_a_balance_negative_or_loses_a_credit(steps: list[tuple[Command, bool]]) -> None:
    wallet = Wallet()
    for command, late in steps:
        for event in decide(command, wallet, SOON if late else NOW):
            wallet = evolve(wallet, event)
        assert wallet.balance >= 0
        assert wallet.pending >= 0
        assert wallet.earned - wallet.spent == wallet.balance + wallet.pending
        assert len(wallet.holds) <= 4
