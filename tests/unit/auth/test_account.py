"""The rules of accounts, without any of the world."""

from datetime import timedelta

from services.auth.domain import ACCOUNT, AccountLocked, LockAccount, SignUp, UserSignedUp
from tests.given import NOW, given

SOON = NOW + timedelta(minutes=1)


def test_signing_up_makes_an_account() -> None:
    given(ACCOUNT).when(SignUp(7)).then(UserSignedUp(7))


def test_signing_up_twice_makes_one_account() -> None:
    given(ACCOUNT, UserSignedUp(7)).when(SignUp(7)).then()


def test_an_account_is_locked_as_often_as_it_is_guessed_at() -> None:
    locked = AccountLocked(7, SOON)
    given(ACCOUNT, UserSignedUp(7)).when(LockAccount(7, SOON)).then(locked)
    given(ACCOUNT, UserSignedUp(7), locked).when(LockAccount(7, SOON)).then(locked)


def test_an_account_that_is_nobodys_is_never_said_to_be_locked() -> None:
    given(ACCOUNT).when(LockAccount(0, SOON)).then()
