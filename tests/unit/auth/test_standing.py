"""The rules of roles, suspensions, guests, and the end of sessions."""

import pytest

from kernel.decider import Codec
from services.auth.domain import (
    ACCOUNT,
    SESSION,
    AccessEnded,
    Account,
    AccountRestored,
    AccountSuspended,
    ArriveAsGuest,
    EndAccess,
    EndSession,
    EndSessions,
    GuestArrived,
    LockAccount,
    Restore,
    RoleChanged,
    SessionRevoked,
    SessionsEnded,
    SessionStarted,
    SetRole,
    SignUpGuest,
    Suspend,
    UserSignedUp,
)
from tests.given import NOW, Given, given

SIGNED_UP, ARRIVED = UserSignedUp(7), GuestArrived(7, 150)
MADE_ADMIN = RoleChanged(7, "admin", 0, "first")
SUSPENDED = AccountSuspended(7, 1, "spam")
STARTED = SessionStarted("s", 7, "first")


def member() -> Given:
    return given(ACCOUNT, SIGNED_UP)


def test_a_change_of_role_ends_what_was_said_of_the_old_one() -> None:
    member().when(SetRole(7, "admin", 1, "trusted", 3)).then(RoleChanged(7, "admin", 1, "trusted"))
    member().when(EndAccess(7)).then(AccessEnded(7, NOW))
    given(ACCOUNT).when(EndAccess(7)).then()


def test_the_same_role_again_is_nothing_new() -> None:
    member().when(SetRole(7, "user", 1, "why", 0)).then()
    given(ACCOUNT, SIGNED_UP, MADE_ADMIN).when(SetRole(7, "admin", 7, "why", 0)).then()


@pytest.mark.parametrize("role", ["guest", "root", "", "Admin"])
def test_there_are_three_roles(role: str) -> None:
    member().when(SetRole(7, role, 1, "why", 3)).then_refused("VALIDATION_ERROR")


def test_only_accounts_have_roles() -> None:
    given(ACCOUNT).when(SetRole(7, "admin", 1, "why", 3)).then_refused("USER_NOT_FOUND")
    given(ACCOUNT, ARRIVED).when(SetRole(7, "admin", 1, "why", 3)).then_refused("USER_NOT_FOUND")


def test_the_last_admin_stays_one() -> None:
    last = given(ACCOUNT, SIGNED_UP, MADE_ADMIN)
    last.when(SetRole(7, "user", 7, "tired", 0)).then_refused("PERMISSION_DENIED")
    last.when(Suspend(7, 7, "tired", 0)).then_refused("PERMISSION_DENIED")
    last.when(SetRole(7, "user", 7, "tired", 1)).then(RoleChanged(7, "user", 7, "tired"))
    last.when(Suspend(7, 7, "tired", 1)).then(AccountSuspended(7, 7, "tired"))


def test_a_suspended_admin_is_none_who_could_be_the_last() -> None:
    suspended = given(ACCOUNT, SIGNED_UP, MADE_ADMIN, SUSPENDED)
    suspended.when(SetRole(7, "user", 1, "left", 0)).then(RoleChanged(7, "user", 1, "left"))


def test_a_suspension_is_said_once_and_so_is_its_end() -> None:
    member().when(Suspend(7, 1, "spam", 1)).then(SUSPENDED)
    given(ACCOUNT, SIGNED_UP, SUSPENDED).when(Suspend(7, 1, "spam", 1)).then()
    given(ACCOUNT, SIGNED_UP, SUSPENDED).when(Restore(7, 1, "sorry")).then(AccountRestored(7, 1, "sorry"))
    member().when(Restore(7, 1, "sorry")).then()


def test_nobody_cannot_be_suspended_and_a_guest_can() -> None:
    given(ACCOUNT).when(Suspend(7, 1, "spam", 1)).then_refused("USER_NOT_FOUND")
    given(ACCOUNT).when(Restore(7, 1, "spam")).then_refused("USER_NOT_FOUND")
    given(ACCOUNT, ARRIVED).when(Suspend(7, 1, "spam", 1)).then(SUSPENDED)


def test_every_end_of_all_sessions_counts() -> None:
    ended = SessionsEnded(7, "password")
    member().when(EndSessions(7, "password")).then(ended)
    assert given(ACCOUNT, SIGNED_UP, ended, ended).state.standing.ends == 2
    given(ACCOUNT).when(EndSessions(7, "password")).then()


def test_a_guest_arrives_once_and_becomes_an_account_once() -> None:
    given(ACCOUNT).when(ArriveAsGuest(7, 150)).then(ARRIVED)
    given(ACCOUNT, ARRIVED).when(ArriveAsGuest(7, 150)).then()
    given(ACCOUNT, ARRIVED).when(SignUpGuest(7)).then(SIGNED_UP)
    given(ACCOUNT, ARRIVED, SIGNED_UP).when(SignUpGuest(7)).then_refused("INVALID_TOKEN")
    assert not given(ACCOUNT, ARRIVED, SIGNED_UP).state.standing.guest


def test_only_a_guest_in_good_standing_becomes_an_account() -> None:
    given(ACCOUNT).when(SignUpGuest(7)).then_refused("INVALID_TOKEN")
    member().when(SignUpGuest(7)).then_refused("INVALID_TOKEN")
    given(ACCOUNT, ARRIVED, SUSPENDED).when(SignUpGuest(7)).then_refused("PERMISSION_DENIED")


def test_a_guest_has_no_password_that_could_be_locked() -> None:
    given(ACCOUNT, ARRIVED).when(LockAccount(7, NOW)).then()


def test_a_state_from_before_there_were_roles_can_be_read() -> None:
    assert Codec(ACCOUNT).state(ACCOUNT, '{"signed_up":true}') == member().state == Account(signed_up=True)


def test_a_session_is_ended_by_its_owner_alone_and_once() -> None:
    revoked = SessionRevoked("s", 7, "signed_out")
    given(SESSION, STARTED).when(EndSession("s", 7, "signed_out")).then(revoked)
    given(SESSION, STARTED, revoked).when(EndSession("s", 7, "password")).then()
    for history in ((STARTED,), (STARTED, revoked), ()):
        given(SESSION, *history).when(EndSession("s", 8, "signed_out")).then_refused("SESSION_NOT_FOUND")
