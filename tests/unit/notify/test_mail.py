"""One mail: claimed by one at a time, sent at most once."""

from datetime import timedelta

import pytest

from services.notify.domain import (
    MAIL,
    ClaimMail,
    Event,
    LookAtMail,
    MailClaimed,
    MailLeftUnknown,
    MailRefused,
    MailReleased,
    MailSent,
    RecordRefused,
    RecordReleased,
    RecordSent,
    RecordUnknown,
)
from tests.given import NOW, given

T = "welcome"
UNTIL = NOW + timedelta(seconds=10)
CLAIMED = MailClaimed(T, "one", UNTIL)


def test_an_open_mail_is_claimed() -> None:
    given(MAIL).when(ClaimMail(T, "one", UNTIL)).then(CLAIMED)


def test_the_same_claim_twice_is_one() -> None:
    given(MAIL, CLAIMED).when(ClaimMail(T, "one", UNTIL)).then()


def test_a_claimed_mail_is_left_to_its_claimant_until_its_time_is_over() -> None:
    claimed = given(MAIL, CLAIMED)
    just_before = UNTIL - timedelta(microseconds=1)
    claimed.when(ClaimMail(T, "two", UNTIL), now=just_before).then_refused("SERVICE_UNAVAILABLE")
    claimed.when(LookAtMail(T), now=just_before).then_refused("SERVICE_UNAVAILABLE")
    claimed.when(LookAtMail(T), now=UNTIL).then(MailLeftUnknown(T))


def test_a_claim_whose_time_is_over_goes_to_nobody_else() -> None:
    given(MAIL, CLAIMED).when(ClaimMail(T, "two", UNTIL + timedelta(minutes=1)), now=UNTIL).then(MailLeftUnknown(T))


@pytest.mark.parametrize("end", [MailSent(T), MailRefused(T, 550), MailLeftUnknown(T)])
def test_after_its_end_a_mail_is_never_claimed_again(end: Event) -> None:
    ended = given(MAIL, CLAIMED, end)
    ended.when(ClaimMail(T, "two", UNTIL), now=UNTIL + timedelta(days=1)).then()
    ended.when(LookAtMail(T), now=UNTIL + timedelta(days=1)).then()
    assert ended.state.status != "claimed"


def test_what_the_relay_did_not_take_can_be_claimed_anew() -> None:
    given(MAIL, CLAIMED).when(RecordReleased(T, "one", 451)).then(MailReleased(T, 451))
    again = ClaimMail(T, "two", UNTIL)
    given(MAIL, CLAIMED, MailReleased(T, 451)).when(again).then(MailClaimed(T, "two", UNTIL))


def test_a_claim_that_is_no_longer_its_own_records_nothing() -> None:
    others = given(MAIL, CLAIMED, MailReleased(T, 451), MailClaimed(T, "two", UNTIL))
    others.when(RecordSent(T, "one")).then()
    others.when(RecordReleased(T, "one", 451)).then()
    others.when(RecordRefused(T, "one", 550)).then()
    others.when(RecordUnknown(T, "one")).then()


def test_a_late_word_that_it_was_sent_is_better_than_not_knowing() -> None:
    given(MAIL, CLAIMED, MailLeftUnknown(T)).when(RecordSent(T, "one")).then(MailSent(T))
    given(MAIL, CLAIMED, MailSent(T)).when(RecordSent(T, "one")).then()


def test_a_refusal_before_any_claim_ends_it_but_not_what_another_has_in_hand() -> None:
    given(MAIL).when(RecordRefused(T, "", 550)).then(MailRefused(T, 550))
    given(MAIL, CLAIMED).when(RecordRefused(T, "", 550)).then()
    given(MAIL, CLAIMED).when(RecordRefused(T, "one", 550)).then(MailRefused(T, 550))
