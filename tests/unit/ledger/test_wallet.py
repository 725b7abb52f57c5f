"""The rules of credits, without any of the world."""

from datetime import timedelta

from kernel.values import replace
from services.ledger.domain import (
    CreditsDebited,
    CreditsGranted,
    CreditsHeld,
    CreditsRefused,
    CreditsReleased,
    CreditsSpent,
    ExpireHold,
    GrantCredits,
    HoldCredits,
    ReleaseHold,
    ReleaseRemembered,
    SettleHold,
    SpendCredits,
    wallet_decider,
)
from tests.given import NOW, given

WALLET = wallet_decider(low_mark=0)
SOON = NOW + timedelta(minutes=15)
GRANT = GrantCredits(7, 100, "signup_bonus", "Welcome", "signup_bonus")
GRANTED = CreditsGranted(7, 100, "signup_bonus", "Welcome", 100, 100, 1, 1, earned=100, source="signup_bonus", lot=1)
HOLD = HoldCredits(7, 1, 50, SOON, 4, "Created Ghibli Art image")
HELD = CreditsHeld(7, 1, 50, SOON, "Created Ghibli Art image", balance=50, lots=((1, 50),))
SETTLE = SettleHold(7, 1, 50, "Created Ghibli Art image")
DEBITED = CreditsDebited(7, 1, 50, "Created Ghibli Art image", False, 50, 50, 2, 1, earned=100, lots=((1, 50),))


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
        CreditsReleased(7, 1, 50, "cancelled", balance=100, lots=((1, 50),))
    )


def test_a_hold_expires_only_after_its_time() -> None:
    history = given(WALLET, GRANTED, HELD)
    history.when(ExpireHold(7, 1), now=SOON - timedelta(seconds=1)).then()
    history.when(ExpireHold(7, 1), now=SOON).then(CreditsReleased(7, 1, 50, "expired", balance=100, lots=((1, 50),)))


def test_a_picture_whose_hold_has_expired_is_paid_all_the_same() -> None:
    expired = CreditsReleased(7, 1, 50, "expired", balance=100, lots=((1, 50),))
    given(WALLET, GRANTED, HELD, expired).when(SETTLE).then(replace(DEBITED, late=True))


def test_a_late_debit_takes_no_more_than_there_is() -> None:
    given(WALLET).when(SETTLE).then(
        CreditsDebited(7, 1, 0, SETTLE.description, late=True, balance=0, total=0, number=1, number_of_kind=1, earned=0)
    )


def test_an_amount_that_is_not_positive_is_refused() -> None:
    given(WALLET).when(replace(GRANT, credits=0)).then_refused("VALIDATION_ERROR")
    given(WALLET, GRANTED).when(replace(HOLD, credits=-50)).then_refused("VALIDATION_ERROR")


def test_spending_without_a_hold_takes_from_the_balance_or_nothing() -> None:
    spend = SpendCredits(7, 40, "consume", "Made a video")
    spent = CreditsSpent(7, 40, "consume", "Made a video", None, ((1, 40),), 60, 60, 2, 1, earned=100)
    given(WALLET, GRANTED).when(spend).then(spent)
    given(WALLET, GRANTED).when(replace(spend, credits=101)).then_refused("INSUFFICIENT_CREDITS")
