"""The rules of refunds that an administrator begins."""

from dataclasses import replace
from datetime import UTC, datetime

from services.ledger.payments.order import ORDER, PaymentReversed, ReportReversal, ReversalUndone
from services.ledger.payments.refund_requests import Wanted
from services.ledger.payments.refunding import BeginRefund, EndRefund, RefundBegun, RefundMade, RefundRefused
from services.ledger.payments.refunds import Payer
from services.ledger.payments.reversals import Paid
from services.ledger.payments.subscription import (
    SUBSCRIPTION,
    PeriodReversalUndone,
    PeriodReversed,
    PeriodStarted,
    ReportPeriodReversal,
    SubscriptionBegun,
    Terms,
)
from services.ledger.payments.words import ReversalSeen
from tests.given import NOW, given
from tests.unit.ledger.test_order import CAPTURED, OPENED, PAID, PLACED, REFUND, REFUNDED, mismatched, report

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
    # It was not, as it turns out.
    given(ORDER, *BOUGHT, BEGUN, refused).when(EndRefund(1, 1, REFUND)).then(REFUNDED, replace(MADE, after_all=True))
    given(ORDER, *BOUGHT, BEGUN, refused).when(BEGIN).then(replace(BEGUN, number=2))


UNDONE = ReversalUndone(1, 7, "pay_1", "rfnd_1", "refund", 12900, credits=1500)
FAILED = replace(REFUND, stands=False, reason="insufficient_funds")
REFUSED = RefundRefused(1, 1, "insufficient_funds")


def test_one_that_fails_after_it_was_made_was_refused_whatever_is_told_first() -> None:
    made = (*BOUGHT, BEGUN, REFUNDED, MADE)
    given(ORDER, *made).when(ReportReversal(1, FAILED)).then(UNDONE, REFUSED)
    given(ORDER, *made, UNDONE, REFUSED).when(ReportReversal(1, FAILED)).then()
    given(ORDER, *made, UNDONE, REFUSED).when(EndRefund(1, 1, REFUND)).then()
    given(ORDER, *made, UNDONE, REFUSED).when(BEGIN).then(replace(BEGUN, number=2))
    early = replace(UNDONE, credits=0)
    given(ORDER, *BOUGHT, BEGUN).when(ReportReversal(1, FAILED)).then(early)
    # An answer of before it failed comes last: it does not stand for all that.
    given(ORDER, *BOUGHT, BEGUN, early).when(EndRefund(1, 1, REFUND)).then(RefundRefused(1, 1))
    given(ORDER, *BOUGHT, BEGUN).when(EndRefund(1, 1, FAILED)).then(early, REFUSED)
    other = replace(FAILED, reversal_id="rfnd_2", amount=1)
    given(ORDER, *made).when(ReportReversal(1, other)).then(replace(early, reversal_id="rfnd_2", amount=1))


def test_one_that_was_refused_and_is_told_of_all_the_same_was_made() -> None:
    refused = (*BOUGHT, BEGUN, RefundRefused(1, 1))
    made = replace(MADE, after_all=True)
    told = ReportReversal(1, replace(REFUND, mark="refund-pay_1-1"))
    given(ORDER, *refused).when(told).then(REFUNDED, made)
    given(ORDER, *refused, REFUNDED, made).when(told).then()
    given(ORDER, *refused, REFUNDED, made).when(BEGIN).then_refused("REFUND_TOO_LARGE")
    given(ORDER, *refused, REFUNDED, made).when(ReportReversal(1, FAILED)).then(UNDONE, REFUSED)
    given(ORDER, *refused, REFUNDED, made, UNDONE, REFUSED).when(told).then()
    # Nobody's, another's or a failed one proves nothing.
    for mark in (None, "refund-pay_1-2", "refund-pay_2-1"):
        given(ORDER, *refused).when(ReportReversal(1, replace(REFUND, mark=mark))).then(REFUNDED)
    early = replace(UNDONE, credits=0)
    given(ORDER, *refused).when(ReportReversal(1, replace(told.reversal, stands=False))).then(early)
    # One that is open has its answer by it, whatever the other answer says.
    given(ORDER, *BOUGHT, BEGUN).when(told).then(REFUNDED, MADE)
    given(ORDER, *BOUGHT, BEGUN, REFUNDED, MADE).when(EndRefund(1, 1, None)).then()
    given(ORDER, *BOUGHT, BEGUN).when(EndRefund(1, 1, told.reversal)).then(REFUNDED, MADE)


SECOND = replace(PAID, payment_id="pay_2")
STRAY = mismatched(SECOND, "second_payment")
BEGIN_SECOND = replace(BEGIN, payment_id="pay_2")
SECOND_BEGUN = replace(BEGUN, payment_id="pay_2")
SECOND_BACK = PaymentReversed(1, 7, "pay_2", "rfnd_2", "refund", 12900, credits=0)


def test_a_second_payment_goes_back_without_a_credit_and_leaves_the_first_alone() -> None:
    twice = (*BOUGHT, STRAY)
    seen = ReversalSeen("pay_2", "rfnd_2", "refund", 12900, stands=True)
    given(ORDER, *twice).when(report(SECOND)).then()
    given(ORDER, *twice).when(BEGIN_SECOND).then(SECOND_BEGUN)
    given(ORDER, *twice).when(replace(BEGIN_SECOND, amount=12901)).then_refused("REFUND_TOO_LARGE")
    given(ORDER, *twice).when(replace(BEGIN_SECOND, by=7)).then_refused("PERMISSION_DENIED")
    given(ORDER, *BOUGHT).when(BEGIN_SECOND).then_refused("PAYMENT_NOT_FOUND")
    given(ORDER, *twice, SECOND_BEGUN).when(BEGIN_SECOND).then_refused("REFUND_TOO_LARGE")
    given(ORDER, *twice, SECOND_BEGUN).when(BEGIN).then(replace(BEGUN, number=2))
    made = RefundMade(1, 1, "rfnd_2")
    given(ORDER, *twice, SECOND_BEGUN).when(EndRefund(1, 1, seen)).then(SECOND_BACK, made)
    after = given(ORDER, *twice, SECOND_BEGUN, SECOND_BACK, made)
    after.when(ReportReversal(1, seen)).then()
    after.when(BEGIN_SECOND).then_refused("REFUND_TOO_LARGE")
    after.when(BEGIN).then(replace(BEGUN, number=2))
    undone = ReversalUndone(1, 7, "pay_2", "rfnd_2", "refund", 12900, credits=0)
    after.when(ReportReversal(1, replace(seen, stands=False))).then(undone, RefundRefused(1, 1))
    after.when(ReportReversal(1, REFUND)).then(REFUNDED)


def test_the_credited_payment_is_the_same_under_its_own_name() -> None:
    given(ORDER, *BOUGHT).when(replace(BEGIN, payment_id="pay_1")).then(BEGUN)
    given(ORDER, *BOUGHT, BEGUN).when(replace(BEGIN, payment_id="pay_1")).then_refused("REFUND_TOO_LARGE")


def test_money_of_another_currency_or_order_is_not_refunded_here() -> None:
    for wrong, fault in ((replace(SECOND, currency="USD"), "currency"), (replace(SECOND, order_ref="o"), "order")):
        given(ORDER, *BOUGHT, mismatched(wrong, fault)).when(BEGIN_SECOND).then_refused("PAYMENT_NOT_FOUND")
    short = replace(SECOND, amount=100)
    history = given(ORDER, OPENED, PLACED, mismatched(short, "amount"))
    history.when(replace(BEGIN_SECOND, amount=100)).then(replace(SECOND_BEGUN, amount=100))
    history.when(BEGIN).then_refused("PAYMENT_NOT_FOUND")


PLUS = Terms("plus", 3000, 19900, "INR", credits_expire=True)
MONTH = datetime(2026, 2, 1, tzinfo=UTC)
STARTED = PeriodStarted(5, 7, "stripe", "sub_1", "in_1", PLUS, NOW, MONTH)
PERIOD = (SubscriptionBegun(5, 7, PLUS, "stripe", deadline=NOW), STARTED)
BEGIN_PERIOD = BeginRefund(0, 3, 9950, "Sorry", "in_1", subscription_id=5)
PERIOD_BEGUN = RefundBegun(0, 1, 7, 3, 9950, "INR", "Sorry", "in_1", subscription_id=5)


def test_a_period_goes_back_as_an_order_does() -> None:
    seen = ReversalSeen("pi_1", "re_1", "refund", 9950, stands=True)
    back = PeriodReversed(5, 7, "stripe", "in_1", "pi_1", "re_1", "refund", 9950, credits=1500)
    made = RefundMade(0, 1, "re_1", subscription_id=5)
    end = EndRefund(0, 1, seen, subscription_id=5)
    given(SUBSCRIPTION, *PERIOD).when(BEGIN_PERIOD).then(PERIOD_BEGUN)
    given(SUBSCRIPTION, *PERIOD, PERIOD_BEGUN).when(replace(BEGIN_PERIOD, amount=9951)).then_refused("REFUND_TOO_LARGE")
    given(SUBSCRIPTION, *PERIOD).when(replace(BEGIN_PERIOD, by=7)).then_refused("PERMISSION_DENIED")
    given(SUBSCRIPTION, *PERIOD).when(replace(BEGIN_PERIOD, payment_id="in_2")).then_refused("PAYMENT_NOT_FOUND")
    given(SUBSCRIPTION).when(BEGIN_PERIOD).then_refused("PAYMENT_NOT_FOUND")
    given(SUBSCRIPTION, *PERIOD, PERIOD_BEGUN).when(end).then(back, made)
    given(SUBSCRIPTION, *PERIOD, PERIOD_BEGUN, back).when(end).then(made)
    told = ReportPeriodReversal(5, "in_1", replace(seen, mark="refund-in_1-1"))
    given(SUBSCRIPTION, *PERIOD, PERIOD_BEGUN).when(told).then(back, made)
    no = RefundRefused(0, 1, subscription_id=5)
    given(SUBSCRIPTION, *PERIOD, PERIOD_BEGUN, no).when(told).then(back, replace(made, after_all=True))
    given(SUBSCRIPTION, *PERIOD, PERIOD_BEGUN, no).when(end).then(back, replace(made, after_all=True))
    after = given(SUBSCRIPTION, *PERIOD, PERIOD_BEGUN, back, made)
    after.when(end).then()
    failed = ReportPeriodReversal(5, "in_1", replace(seen, stands=False, reason="expired_card"))
    what = (5, 7, "stripe", "in_1", "pi_1", "re_1")
    undone = PeriodReversalUndone(*what, "refund", 9950, credits=1500)
    after.when(failed).then(undone, RefundRefused(0, 1, "expired_card", subscription_id=5))
    refused = RefundRefused(0, 1, "declined", subscription_id=5)
    given(SUBSCRIPTION, *PERIOD, PERIOD_BEGUN).when(replace(end, reversal=None, reason="declined")).then(refused)


def test_small_pieces_count_no_less_than_one_large_refund() -> None:
    """A credit is worth 8.6 paise here."""
    bought = Payer(given(ORDER, *BOUGHT, mismatched(replace(PAID, payment_id="pay_2"), "second_payment")).state)
    for payment_id, paid in ((None, Paid(12900, 1500)), ("pay_2", Paid(12900, 0))):
        wanted = Wanted(1, 0, payment_id, bought, paid)
        assert [wanted.worth(amount) for amount in (1, 8, 17, 18, 6450, 12900)] == [1, 1, 2, 3, 750, 1500]
