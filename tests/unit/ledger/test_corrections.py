"""The rules of corrections, and of refunds that two must agree on."""

from dataclasses import replace

from services.ledger.domain.corrections import (
    CORRECTION,
    ApproveCorrection,
    CorrectionApproved,
    CorrectionFailed,
    CorrectionProposed,
    CorrectionRefunded,
    CorrectionRejected,
    FailCorrection,
    MeetRefund,
    ProposeCorrection,
    RejectCorrection,
    Repayment,
)
from tests.given import given

PROPOSE = ProposeCorrection(1, 3, 7, -1500, "Sorry", alone=False, repayment=Repayment(31, 12900))
PROPOSED = CorrectionProposed(1, 3, 7, -1500, "Sorry", Repayment(31, 12900))
APPROVED = CorrectionApproved(1, 4, 7, -1500, "Sorry", Repayment(31, 12900))


def test_what_one_may_do_alone_is_approved_at_once_but_not_for_oneself() -> None:
    alone = replace(PROPOSE, alone=True)
    given(CORRECTION).when(alone).then(PROPOSED, replace(APPROVED, by=3))
    given(CORRECTION).when(replace(alone, by=7)).then(replace(PROPOSED, by=7))
    given(CORRECTION).when(PROPOSE).then(PROPOSED)


def test_another_one_approves_it_as_it_was_proposed() -> None:
    waiting = given(CORRECTION, PROPOSED)
    waiting.when(ApproveCorrection(1, 4)).then(APPROVED)
    for by in (3, 7):
        waiting.when(ApproveCorrection(1, by)).then_refused("PERMISSION_DENIED")
    waiting.when(RejectCorrection(1, 3)).then(CorrectionRejected(1, 3))
    given(CORRECTION, PROPOSED, CorrectionRejected(1, 3)).when(ApproveCorrection(1, 4)).then_refused("CORRECTION_ENDED")
    given(CORRECTION).when(ApproveCorrection(1, 4)).then_refused("NOT_FOUND")


def test_only_what_was_approved_fails_and_once() -> None:
    fail, failed = FailCorrection(1, "REFUND_REFUSED"), CorrectionFailed(1, "REFUND_REFUSED")
    given(CORRECTION, PROPOSED).when(fail).then()
    given(CORRECTION, PROPOSED, APPROVED).when(fail).then(failed)
    given(CORRECTION, PROPOSED, APPROVED, failed).when(fail).then()
    given(CORRECTION, PROPOSED, APPROVED).when(replace(fail, reason="no funds")).then(
        replace(failed, reason="no funds")
    )


def test_one_that_was_refunded_after_all_says_so_until_that_fails_too() -> None:
    made, refused = MeetRefund(1, made=True), MeetRefund(1, made=False, reason="no funds")
    failed, refunded = CorrectionFailed(1, "REFUND_REFUSED", "no funds"), CorrectionRefunded(1)
    begun = (PROPOSED, APPROVED)
    given(CORRECTION, *begun).when(refused).then(failed)
    given(CORRECTION, *begun, failed).when(refused).then()
    given(CORRECTION, *begun, failed).when(made).then(refunded)
    given(CORRECTION, *begun).when(made).then(refunded)  # before anybody told of the refusal
    given(CORRECTION, *begun, failed, refunded).when(made).then()
    given(CORRECTION, *begun, failed, refunded).when(refused).then(failed)
    given(CORRECTION, *begun, refunded).when(FailCorrection(1, "REFUND_REFUSED")).then()
    for history in ((), (PROPOSED,), (PROPOSED, CorrectionRejected(1, 3))):
        given(CORRECTION, *history).when(made).then()
        given(CORRECTION, *history).when(refused).then()
    given(CORRECTION, *begun, failed, refunded).when(ApproveCorrection(1, 5)).then_refused("CORRECTION_ENDED")


def test_money_may_go_back_that_took_no_credits_but_a_correction_of_nothing_is_none() -> None:
    second = replace(PROPOSE, credits=0, repayment=Repayment(31, 12900, "pay_2"))
    given(CORRECTION).when(second).then(replace(PROPOSED, credits=0, repayment=second.repayment))
    given(CORRECTION).when(replace(PROPOSE, credits=0, repayment=None)).then_refused("VALIDATION_ERROR")
