"""Codes, invitations and passwords, as far as they can be judged without anything running."""

import pytest

from services.auth.common_passwords import LIST, is_common, is_own
from services.auth.credentials import SHORTEST_PASSWORD, checked_phone, usable_name
from services.auth.domain import (
    ACCOUNT,
    CODE,
    ChangePassword,
    CodeIssued,
    EmailVerified,
    IssueCode,
    PasswordChanged,
    ReferralCompleted,
    UserSignedUp,
    VerifyEmail,
)
from services.auth.referrals import ALPHABET, is_disposable, mailbox, new_code
from tests.given import given


def test_a_code_is_issued_once() -> None:
    given(CODE).when(IssueCode("c1", "sign_in")).then(CodeIssued("c1", "sign_in"))
    given(CODE, CodeIssued("c1", "sign_in")).when(IssueCode("c1", "sign_in")).then()


def test_an_address_is_verified_once_and_only_then_is_an_invitation_complete() -> None:
    here = UserSignedUp(7)
    given(ACCOUNT, here).when(VerifyEmail(7, None)).then(EmailVerified(7))
    given(ACCOUNT, here).when(VerifyEmail(7, 8)).then(EmailVerified(7), ReferralCompleted(7, 8))
    given(ACCOUNT, here, EmailVerified(7)).when(VerifyEmail(7, 8)).then()
    given(ACCOUNT).when(VerifyEmail(7, 8)).then()


def test_a_password_is_somebodys() -> None:
    given(ACCOUNT, UserSignedUp(7)).when(ChangePassword(7, "reset")).then(PasswordChanged(7, "reset"))
    given(ACCOUNT).when(ChangePassword(7, "reset")).then()


def test_the_list_of_common_passwords_is_sorted_folded_and_could_satisfy_our_rules() -> None:
    words = LIST.read_text(encoding="utf-8").splitlines()
    assert len(words) >= 10_000
    assert words == sorted(set(words))
    assert all(word == word.casefold() and len(word) >= SHORTEST_PASSWORD for word in words)
    assert all(any(character.isdecimal() for character in word) for word in words)


@pytest.mark.parametrize("password", ["Password1", "PASSWORD123", "Welcome1", "Qwerty123", "Iloveyou1", "Admin@123"])
def test_what_is_guessed_first_is_common(password: str) -> None:
    assert is_common(password)


@pytest.mark.parametrize("password", ["SecurePass123", "newSecurePass123", "Correct-Horse-1", "Tr0ub4dor&3"])
def test_what_is_not_on_the_list_is_not(password: str) -> None:
    assert not is_common(password)


@pytest.mark.parametrize(
    ("password", "own"),
    [("Jane1234", True), ("JaneDoe99", True), ("Doe12345", True), ("12Jane.Doe!", True), ("Janedoes77", False)],
)
def test_ones_own_name_is_no_password(password: str, own: bool) -> None:
    assert is_own(password, ["jd@example.com", "Jane Doe"]) == own


@pytest.mark.parametrize("name", ["Bo", "", "7"])
def test_a_name_too_short_to_say_anything_forbids_nothing(name: str) -> None:
    assert not is_own("Bo-12345", [name])


def test_mailboxes_are_told_by_where_mail_ends_up() -> None:
    assert mailbox("a.n.a+spam@googlemail.com") == mailbox("ana@gmail.com")
    assert mailbox("ana+x@example.com") == mailbox("ana@example.com")
    assert mailbox("a.na@example.com") != mailbox("ana@example.com")


def test_disposable_domains_are_known_with_all_below_them() -> None:
    assert is_disposable("x@mailinator.com")
    assert is_disposable("x@a.b.mailinator.com")
    assert not is_disposable("x@example.com")
    assert not is_disposable("x@mailinator.example.org")


def test_referral_codes_can_be_read_aloud() -> None:
    codes = {new_code() for _ in range(500)}
    assert len(codes) == 500
    assert set("".join(codes)) <= set(ALPHABET)


@pytest.mark.parametrize("text", ["+919876543210", " +91 98765 43210", "+91-98765-43210"])
def test_phones_have_one_form(text: str) -> None:
    assert checked_phone(text) == "+919876543210"


@pytest.mark.parametrize(
    ("given_name", "usable"),
    [(None, "New artist"), ("x", "New artist"), ("\x00\u202e ", "New artist"), (" Ana\n", "Ana"), ("é" * 60, "é" * 50)],
)
def test_another_houses_name_is_made_to_fit(given_name: str | None, usable: str) -> None:
    assert usable_name(given_name) == usable
