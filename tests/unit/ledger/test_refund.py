"""The rules of refunds that an administrator begins."""

from dataclasses import replace

from services.ledger.payments.order import (
    ORDER,
    BeginRefund,
    EndRefund,
    PaymentReversed,
    RefundBegun,
    RefundMade,
    RefundRefused,
    ReportReversal,
)
from tests.given import given
from tests.unit.ledger.test_order import CAPTURED, OPENED, PLACED, REFUND, REFUNDED

BOUGHT = (OPENED, PLACED, CAPTURED)
BEGIN = BeginRefund(1, 3, 12900, "Sorry")
BEGUN = RefundBegun(1, 1, 7, 3, 12900, "INR", "Sorry")
PART = replace(BEGIN, amount=4300)
PART_BEGUN = replace(BEGUN, amount=4300)
PART_SEEN = replace(REFUND, amount=4300)
PART_REVERSED = PaymentReversed(1, 7, "pay_1", "rfnd_1", "refund", 4300, credits=500)
MADE = RefundMade(1, 1, "rfnd_1")


def test_all_that_is_left_goes_back_and_no_more() -> None:
    given(ORDER, *BOUGHT).when(BEGIN).then(BEGUN)
    given(ORDER, *BOUGHT, BEGUN).when(BEGIN).then_refused("REFUND_TOO_LARGE")
    given(ORDER, *BOUGHT, BEGUN, REFUNDED, MADE).when(BEGIN).then_refused("REFUND_TOO_LARGE")
    given(ORDER, *BOUGHT).when(replace(BEGIN, amount=12901)).then_refused("REFUND_TOO_LARGE")
    given(ORDER, *BOUGHT).when(replace(BEGIN, amount=0)).then_refused("REFUND_TOO_LARGE")
    rest = replace(BEGUN, number=2, amount=8600)
    for history in ((PART_BEGUN,), (PART_BEGUN, PART_REVERSED, MADE)):
        given(ORDER, *BOUGHT, *history).when(replace(BEGIN, amount=8600)).then(rest)
        given(ORDER, *BOUGHT, *history).when(replace(BEGIN, amount=8601)).then_refused("REFUND_TOO_LARGE")


def test_what_was_never_paid_or_is_ones_own_is_not_refunded() -> None:
    given(ORDER).when(BEGIN).then_refused("PAYMENT_NOT_FOUND")
    given(ORDER, OPENED, PLACED).when(BEGIN).then_refused("PAYMENT_NOT_FOUND")
    given(ORDER, *BOUGHT).when(replace(BEGIN, by=7)).then_refused("PERMISSION_DENIED")


def test_the_answer_takes_credits_back_once_whatever_the_webhook_has_said() -> None:
    end = EndRefund(1, 1, PART_SEEN)
    given(ORDER, *BOUGHT, PART_BEGUN).when(end).then(PART_REVERSED, MADE)
    given(ORDER, *BOUGHT, PART_BEGUN, PART_REVERSED).when(end).then(MADE)
    given(ORDER, *BOUGHT, PART_BEGUN, PART_REVERSED, MADE).when(end).then()
    given(ORDER, *BOUGHT, PART_BEGUN, PART_REVERSED, MADE).when(ReportReversal(1, PART_SEEN)).then()
    given(ORDER, *BOUGHT).when(end).then()


def test_a_refused_refund_leaves_all_to_be_refunded() -> None:
    refused = RefundRefused(1, 1)
    given(ORDER, *BOUGHT, BEGUN).when(EndRefund(1, 1, None)).then(refused)
    given(ORDER, *BOUGHT, BEGUN, refused).when(EndRefund(1, 1, None)).then()
    given(ORDER, *BOUGHT, BEGUN, refused).when(EndRefund(1, 1, REFUND)).then(REFUNDED)  # it was not, as it turns out
    given(ORDER, *BOUGHT, BEGUN, refused).when(BEGIN).then(replace(BEGUN, number=2))
