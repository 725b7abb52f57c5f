"""An account goes when its grace has passed, unless its owner signs in before."""

from datetime import timedelta

from services.auth.domain import (
    ACCOUNT,
    AccountDeleted,
    CancelDeletion,
    DeleteAccount,
    DeletionCancelled,
    DeletionRequested,
    LockAccount,
    ProfileUpdated,
    RequestDeletion,
    UpdateProfile,
    UserSignedUp,
)
from tests.given import NOW, given

SIGNED_UP = UserSignedUp(7)
DUE_AT = NOW + timedelta(seconds=100)
ASKED = DeletionRequested(7, DUE_AT)
RENAME = UpdateProfile(7, name=True, phone=False, avatar=False)


def test_deletion_waits_for_its_grace() -> None:
    given(ACCOUNT, SIGNED_UP).when(RequestDeletion(7, 100)).then(ASKED)
    given(ACCOUNT, SIGNED_UP, ASKED).when(DeleteAccount(7), now=DUE_AT - timedelta(seconds=1)).then()
    given(ACCOUNT, SIGNED_UP, ASKED).when(DeleteAccount(7), now=DUE_AT).then(AccountDeleted(7))


def test_asking_again_does_not_put_it_off() -> None:
    given(ACCOUNT, SIGNED_UP, ASKED).when(RequestDeletion(7, 1000)).then()


def test_signing_in_cancels_it_and_a_timer_that_fires_all_the_same_deletes_nothing() -> None:
    cancelled = DeletionCancelled(7)
    given(ACCOUNT, SIGNED_UP, ASKED).when(CancelDeletion(7)).then(cancelled)
    given(ACCOUNT, SIGNED_UP, ASKED, cancelled).when(DeleteAccount(7), now=DUE_AT).then()
    given(ACCOUNT, SIGNED_UP).when(CancelDeletion(7)).then()


def test_an_account_that_is_gone_stays_gone() -> None:
    gone = given(ACCOUNT, SIGNED_UP, ASKED, AccountDeleted(7))
    gone.when(DeleteAccount(7), now=DUE_AT).then()
    gone.when(CancelDeletion(7)).then_refused("INVALID_CREDENTIALS")
    gone.when(LockAccount(7, DUE_AT)).then()
    gone.when(RequestDeletion(7, 0)).then_refused("USER_NOT_FOUND")
    gone.when(RENAME).then_refused("USER_NOT_FOUND")


def test_a_profile_of_ones_own_can_be_changed_and_nobodys_cannot() -> None:
    given(ACCOUNT, SIGNED_UP).when(RENAME).then(ProfileUpdated(7, name=True, phone=False, avatar=False))
    given(ACCOUNT).when(RENAME).then_refused("USER_NOT_FOUND")
