"""The rules of orders and their payments."""

from dataclasses import replace
from typing import Any

from hypothesis import given as for_any
from hypothesis import strategies as st

from contracts.errors import ServiceError
from services.ledger.payments.order import (
    CHECKS_AFTER,
    ORDER,
    EndCheck,
    OpenOrder,
    Order,
    OrderChecked,
    OrderClosed,
    OrderOpened,
    OrderPlaced,
    PaymentCaptured,
    PaymentFailed,
    PaymentMismatched,
    PaymentReversed,
    PlaceOrder,
    ReportPayment,
    ReportReversal,
    ReversalUndone,
)
from services.ledger.payments.words import PaymentSeen, ReversalSeen
from tests.given import NOW, given

OPEN = OpenOrder(1, 7, 2, 1500, 12900, "INR", "razorpay")
OPENED = OrderOpened(1, 7, 2, 1500, 12900, "INR", "razorpay", check_at=NOW + CHECKS_AFTER[0])
PLACED = OrderPlaced(1, "order_1")
PAID = PaymentSeen("pay_1", "order_1", "captured", 12900, "INR")
CAPTURED = PaymentCaptured(1, 7, "razorpay", "pay_1", 2, 1500, 12900, "INR", "webhook")
REFUND = ReversalSeen("pay_1", "rfnd_1", "refund", 12900, stands=True)
REFUNDED = PaymentReversed(1, 7, "pay_1", "rfnd_1", "refund", 12900, credits=1500)
DISPUTE = ReversalSeen("pay_1", "disp_1", "dispute", 12900, stands=True)


def report(payment: PaymentSeen) -> ReportPayment:
    return ReportPayment(1, payment, "webhook")


def mismatched(payment: PaymentSeen, fault: Any) -> PaymentMismatched:
    what = (payment.payment_id, fault, payment.amount, payment.currency)
    return PaymentMismatched(1, 7, "razorpay", *what, "webhook")


def test_an_order_is_opened_once_and_placed_once() -> None:
    given(ORDER).when(OPEN).then(OPENED)
    given(ORDER, OPENED).when(OPEN).then()
    given(ORDER, OPENED).when(PlaceOrder(1, "order_1")).then(PLACED)
    given(ORDER, OPENED, PLACED).when(PlaceOrder(1, "order_2")).then()


def test_a_payment_of_exactly_what_was_ordered_is_captured_once() -> None:
    given(ORDER, OPENED, PLACED).when(report(PAID)).then(CAPTURED)
    given(ORDER, OPENED, PLACED, CAPTURED).when(report(PAID)).then()


def test_what_is_not_what_was_ordered_is_an_alert_and_never_credited() -> None:
    history = given(ORDER, OPENED, PLACED)
    for changes, fault in (
        ({"amount": 12899}, "amount"),
        ({"amount": 12901}, "amount"),
        ({"currency": "USD"}, "currency"),
        ({"order_ref": "order_2"}, "order"),
        ({"order_ref": None}, "order"),
    ):
        wrong = replace(PAID, **changes)
        history.when(report(wrong)).then(mismatched(wrong, fault))
        given(ORDER, OPENED, PLACED, mismatched(wrong, fault)).when(report(wrong)).then()


def test_a_payment_for_an_order_that_the_provider_never_got_is_not_credited() -> None:
    given(ORDER, OPENED).when(report(replace(PAID, order_ref=None))).then(
        mismatched(replace(PAID, order_ref=None), "order")
    )


def test_a_second_payment_of_an_order_is_for_the_operator() -> None:
    second = replace(PAID, payment_id="pay_2")
    given(ORDER, OPENED, PLACED, CAPTURED).when(report(second)).then(mismatched(second, "second_payment"))


def test_a_payment_that_failed_may_still_be_captured_and_never_fails_after() -> None:
    failed = replace(PAID, status="failed", reason="BAD_REQUEST_ERROR")
    event = PaymentFailed(1, 7, "pay_1", "BAD_REQUEST_ERROR")
    given(ORDER, OPENED, PLACED).when(report(failed)).then(event)
    given(ORDER, OPENED, PLACED, event).when(report(failed)).then()
    given(ORDER, OPENED, PLACED, event).when(report(PAID)).then(CAPTURED)
    given(ORDER, OPENED, PLACED, CAPTURED).when(report(failed)).then()


def test_a_payment_that_is_not_captured_is_worth_nothing() -> None:
    for status in ("pending", "authorized"):
        given(ORDER, OPENED, PLACED).when(report(replace(PAID, status=status))).then()


def test_money_that_comes_after_the_order_was_closed_is_credited() -> None:
    given(ORDER, OPENED, PLACED, OrderClosed(1)).when(report(PAID)).then(CAPTURED)


def test_a_full_refund_takes_all_credits_and_a_partial_one_its_part() -> None:
    history = given(ORDER, OPENED, PLACED, CAPTURED)
    history.when(ReportReversal(1, REFUND)).then(REFUNDED)
    given(ORDER, OPENED, PLACED, CAPTURED, REFUNDED).when(ReportReversal(1, REFUND)).then()
    half = replace(REFUND, amount=6450)
    history.when(ReportReversal(1, half)).then(replace(REFUNDED, amount=6450, credits=750))


def test_refund_and_dispute_of_the_same_money_take_its_credits_once() -> None:
    given(ORDER, OPENED, PLACED, CAPTURED, REFUNDED).when(ReportReversal(1, DISPUTE)).then(
        PaymentReversed(1, 7, "pay_1", "disp_1", "dispute", 12900, credits=0)
    )


def test_a_dispute_that_is_won_gives_back_and_a_refund_that_failed_too() -> None:
    disputed = PaymentReversed(1, 7, "pay_1", "disp_1", "dispute", 12900, credits=1500)
    won = ReversalUndone(1, 7, "pay_1", "disp_1", "dispute", 12900, credits=1500)
    given(ORDER, OPENED, PLACED, CAPTURED, disputed).when(ReportReversal(1, replace(DISPUTE, stands=False))).then(won)
    given(ORDER, OPENED, PLACED, CAPTURED, disputed, won).when(ReportReversal(1, DISPUTE)).then()


def test_a_dispute_whose_end_is_heard_first_costs_nothing() -> None:
    won = ReversalUndone(1, 7, "pay_1", "disp_1", "dispute", 12900, credits=0)
    given(ORDER, OPENED, PLACED, CAPTURED).when(ReportReversal(1, replace(DISPUTE, stands=False))).then(won)
    given(ORDER, OPENED, PLACED, CAPTURED, won).when(ReportReversal(1, DISPUTE)).then()


def test_what_goes_back_before_it_has_come_is_asked_for_again() -> None:
    given(ORDER, OPENED, PLACED).when(ReportReversal(1, REFUND)).then_refused("SERVICE_UNAVAILABLE")


def test_what_was_never_credited_is_not_taken_back() -> None:
    wrong = replace(PAID, amount=1)
    gone = replace(REFUNDED, credits=0)
    given(ORDER, OPENED, PLACED, mismatched(wrong, "amount")).when(ReportReversal(1, REFUND)).then(gone)
    other = replace(PAID, currency="USD")
    given(ORDER, OPENED, PLACED, mismatched(other, "currency")).when(ReportReversal(1, REFUND)).then()


def test_an_open_order_is_looked_at_later_and_later_then_closed() -> None:
    history: list[Any] = [OPENED, PLACED]
    for number in range(1, len(CHECKS_AFTER)):
        event = OrderChecked(1, number, NOW + CHECKS_AFTER[number])
        given(ORDER, *history).when(EndCheck(1, number)).then(event)
        history.append(event)
        given(ORDER, *history).when(EndCheck(1, number)).then()
    given(ORDER, *history).when(EndCheck(1, len(CHECKS_AFTER))).then(OrderClosed(1))
    given(ORDER, *history, CAPTURED).when(EndCheck(1, len(CHECKS_AFTER))).then()


def test_a_payment_that_was_told_of_wrongly_before_takes_its_credits_back_once() -> None:
    wrong = mismatched(replace(PAID, amount=1), "amount")
    given(ORDER, OPENED, PLACED, wrong).when(report(PAID)).then(CAPTURED)
    given(ORDER, OPENED, PLACED, wrong, CAPTURED).when(ReportReversal(1, REFUND)).then(REFUNDED)
    given(ORDER, OPENED, PLACED, wrong, CAPTURED, REFUNDED).when(ReportReversal(1, REFUND)).then()


def reports() -> st.SearchStrategy[ReportPayment | ReportReversal]:
    payment = st.builds(
        PaymentSeen,
        st.sampled_from(["pay_1", "pay_2"]),
        st.sampled_from(["order_1", "order_1", "order_1", "order_2", None]),
        st.sampled_from(["pending", "authorized", "captured", "captured", "failed"]),
        st.sampled_from([12900, 12900, 12900, 1]),
        st.sampled_from(["INR", "INR", "INR", "USD"]),
    )
    reversal = st.builds(
        ReversalSeen,
        st.sampled_from(["pay_1", "pay_2"]),
        st.sampled_from(["rfnd_1", "rfnd_2", "disp_1"]),
        st.just("refund"),
        st.sampled_from([12900, 6450, 43]),
        st.booleans(),
    )
    return st.one_of(
        st.builds(ReportPayment, st.just(1), payment, st.sampled_from(["verify", "webhook", "reconciler"])),
        st.builds(ReportReversal, st.just(1), reversal),
    )


@for_any(st.lists(reports(), max_size=40))
def test_whatever_is_reported_in_whatever_order_an_order_is_credited_at_most_once_and_never_costs_more(
    steps: list[ReportPayment | ReportReversal],
) -> None:
    order: Order = given(ORDER, OPENED, PLACED).state
    given_out = 0
    wallet = 0
    exact_came = False
    for command in steps:
        if isinstance(command, ReportPayment):
            seen = command.payment
            exact_came |= (seen.status, seen.order_ref, seen.amount, seen.currency) == (
                "captured",
                "order_1",
                12900,
                "INR",
            )
        try:
            events = ORDER.decide(command, order, NOW)
        except ServiceError:
            continue
        for event in events:
            order = ORDER.evolve(order, event)
            match event:
                case PaymentCaptured(credits=credits_):
                    given_out += 1
                    wallet += credits_
                case PaymentReversed(credits=credits_):
                    wallet -= credits_
                    assert credits_ >= 0
                case ReversalUndone(credits=credits_):
                    wallet += credits_
                    assert credits_ >= 0
        assert 0 <= wallet <= 1500
    assert given_out == int(exact_came)
    standing = sum(reversal.amount for reversal in order.reversals.values() if reversal.stands)
    if given_out:
        assert wallet == 1500 - 1500 * min(12900, standing) // 12900
