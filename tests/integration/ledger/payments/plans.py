"""A ledger with two providers that know its plans, and short ways to subscribe."""

import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import SecretStr

from contracts.rpc.payments import (
    ChangeSubscription,
    CurrentSubscription,
    GetSubscription,
    HearProvider,
    Subscribe,
    Subscription,
    SubscriptionToPay,
)
from kernel.service import Service
from tests.fakes import stripe as fake_stripe
from tests.fakes.razorpay import FakeRazorpay
from tests.fakes.stripe import Call, FakeStripe
from tests.integration.ledger.payments.conftest import USER, Running, keys
from tests.waiting import until

PLANS = {
    "razorpay": {"plus": "plan_plus", "pro": "plan_pro"},
    "stripe": {"plus": "price_plus", "pro": "price_pro"},
}
MONTH_S = 30 * 24 * 3600


@pytest.fixture
async def stripe() -> AsyncIterator[FakeStripe]:
    async with FakeStripe() as fake:
        yield fake


def both(razorpay: FakeRazorpay, stripe: FakeStripe) -> dict[str, Any]:
    return keys(razorpay) | {
        "stripe_public_key": fake_stripe.PUBLIC_KEY,
        "stripe_secret_key": SecretStr(fake_stripe.SECRET_KEY),
        "stripe_webhook_secret": SecretStr(fake_stripe.WEBHOOK_SECRET),
        "stripe_url": stripe.url,
        "payment_timeout_s": 4,
        "payment_plans": PLANS,
    }


@pytest.fixture
async def ledger(running: Running, razorpay: FakeRazorpay, stripe: FakeStripe) -> AsyncIterator[Service]:
    async with running(**both(razorpay, stripe)) as service:
        yield service


async def subscribed(ledger: Service, plan_id: str = "plus", *, user_id: int = USER, **more: Any) -> SubscriptionToPay:
    found: SubscriptionToPay = await ledger.bus.caller.ask(Subscribe(user_id=user_id, plan_id=plan_id, **more))
    return found


async def current(ledger: Service, user_id: int = USER) -> Subscription | None:
    found: CurrentSubscription = await ledger.bus.caller.ask(GetSubscription(user_id=user_id))
    return found.subscription


async def changed(ledger: Service, action: Any, plan_id: str | None = None) -> Subscription | None:
    request = ChangeSubscription(user_id=USER, action=action, plan_id=plan_id)
    found: CurrentSubscription = await ledger.bus.caller.ask(request)
    return found.subscription


async def becomes(ledger: Service, status: str | None, user_id: int = USER) -> None:
    async def found() -> str | None:
        subscription = await current(ledger, user_id)
        return subscription.status if subscription else None

    await until(found, lambda now: now == status)


def charged(razorpay: FakeRazorpay, ref: str, amount: int, *, number: int = 0) -> dict[str, Any]:
    """A month was charged: what the webhook tells of it."""
    start = int(time.time()) + number * MONTH_S
    return razorpay.charge(ref, amount, start, start + MONTH_S)


async def stripe_says(ledger: Service, call: Call) -> None:
    await ledger.bus.caller.ask(HearProvider(provider="stripe", body=call.body, signature=call.signature))


async def provider_says(razorpay: FakeRazorpay, ref: str) -> str:
    return str(razorpay.subscriptions[ref]["status"])
