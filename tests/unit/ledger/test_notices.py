"""Webhooks that are signed and still make no sense: refused, never a crash."""

import hashlib
import hmac
import json
import time
from typing import Any

import pytest
from pydantic import SecretStr

from services.ledger.adapters.razorpay import Razorpay
from services.ledger.adapters.stripe import Stripe
from tests.given import refused

SECRET = SecretStr("secret")
RAZORPAY = Razorpay("rzp_test", SECRET, SECRET, url=None, timeout_s=1)
STRIPE = Stripe("pk_test", SECRET, SECRET, url=None, return_url="http://127.0.0.1/", timeout_s=1)
PAYMENT = {"id": "pay_1", "order_id": "order_1", "amount": 100, "currency": "INR", "status": "captured"}


def signed(body: str) -> str:
    return hmac.new(b"secret", body.encode(), hashlib.sha256).hexdigest()


def of_razorpay(told: Any) -> Any:
    body = told if isinstance(told, str) else json.dumps(told)
    return RAZORPAY.notice(body, signed(body), "evt_1")


def of_stripe(told: Any) -> Any:
    body = told if isinstance(told, str) else json.dumps(told)
    now = int(time.time())
    return STRIPE.notice(body, f"t={now},v1={signed(f'{now}.{body}')}", "")


@pytest.mark.parametrize(
    "told",
    [
        "",
        "[]",
        "null",
        "{}",
        "{",
        {"event": "payment.captured", "payload": []},
        {"event": "payment.captured", "payload": {"payment": None}},
        {"event": "payment.captured", "payload": {"payment": {"entity": {}}}},
        {"event": "payment.captured", "payload": {"payment": {"entity": PAYMENT | {"amount": "much"}}}},
        {"event": "payment.captured", "payload": {"payment": {"entity": PAYMENT | {"amount": None}}}},
        {"event": "refund.created", "payload": {"refund": {"entity": {"id": "r"}}}},
        {
            "event": "subscription.charged",
            "payload": {
                "payment": {"entity": PAYMENT},
                "subscription": {
                    "entity": {
                        "id": "s",
                        "notes": {"subscription": "5"},
                        "current_start": 10**30,
                        "current_end": 10**30,
                    }
                },
            },
        },
    ],
)
def test_what_razorpay_would_never_say_is_refused(told: Any) -> None:
    with refused("VALIDATION_ERROR"):
        of_razorpay(told)


@pytest.mark.parametrize(
    "told",
    [
        "",
        "[]",
        "{}",
        {"id": "evt_1", "type": "checkout.session.completed", "data": {"object": {}}},
        {"id": "evt_1", "type": "refund.created", "data": {"object": {"payment_intent": "pi_1"}}},
        {"id": "evt_1", "type": "invoice.paid", "data": {"object": {"parent": []}}, "x": 1} | {"data": {"object": []}},
    ],
)
def test_what_stripe_would_never_say_is_refused(told: Any) -> None:
    with refused("VALIDATION_ERROR"):
        of_stripe(told)


def test_what_nobody_here_needs_is_heard_and_left_alone() -> None:
    assert of_razorpay({"event": "settlement.processed", "payload": {}}).reports == ()
    assert of_stripe({"id": "evt_1", "type": "payout.paid", "data": {"object": {}}}).reports == ()
    assert of_stripe({"id": "evt_1", "type": "invoice.paid", "data": {"object": {"parent": None}}}).reports == ()


def test_a_payment_in_a_state_that_is_not_known_yet_is_worth_nothing() -> None:
    notice = of_razorpay({"event": "payment.x", "payload": {"payment": {"entity": PAYMENT | {"status": "new"}}}})
    assert notice.reports[0].status == "pending"


def test_without_a_secret_nothing_is_signed() -> None:
    bare = Razorpay("rzp_test", SecretStr(""), SecretStr(""), url=None, timeout_s=1)
    body = json.dumps({"event": "x"})
    with refused("INVALID_SIGNATURE"):
        bare.notice(body, hmac.new(b"", body.encode(), hashlib.sha256).hexdigest(), "e")
