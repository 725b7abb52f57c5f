"""The same purchases with Stripe behind the port."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from contracts.rpc.payments import Heard, HearProvider, OrderToPay
from kernel.service import Service
from tests.fakes.stripe import PUBLIC_KEY, SECRET_KEY, WEBHOOK_SECRET, Call, FakeStripe
from tests.given import refused
from tests.integration.ledger.payments.conftest import (
    Clock,
    Running,
    balance,
    balance_becomes,
    events,
    ordered,
    settled,
    verified,
)


@pytest.fixture
async def stripe() -> AsyncIterator[FakeStripe]:
    async with FakeStripe() as fake:
        yield fake


@pytest.fixture
async def ledger(running: Running, stripe: FakeStripe) -> AsyncIterator[Service]:
    async with running(
        stripe_public_key=PUBLIC_KEY,
        stripe_secret_key=SecretStr(SECRET_KEY),
        stripe_webhook_secret=SecretStr(WEBHOOK_SECRET),
        stripe_url=stripe.url,
        payment_timeout_s=1,
    ) as service:
        yield service


async def heard(ledger: Service, call: Call) -> Heard:
    request = HearProvider(provider="stripe", body=call.body, signature=call.signature)
    found: Heard = await ledger.bus.caller.ask(request)
    return found


async def placed(ledger: Service) -> OrderToPay:
    return await ordered(ledger, payment_method="stripe")


async def test_a_purchase_is_made_paid_on_its_page_and_verified_by_asking(ledger: Service, stripe: FakeStripe) -> None:
    order = await placed(ledger)
    assert (order.public_key, order.amount) == (PUBLIC_KEY, 12900)
    assert order.checkout_url == f"https://checkout.stripe.com/c/pay/{order.order_id}"
    keyed = await ordered(ledger, payment_method="stripe", idempotency_key="k")
    again = await ordered(ledger, payment_method="stripe", idempotency_key="k")
    assert (again.order_id, again.checkout_url, again.replayed) == (keyed.order_id, keyed.checkout_url, True)
    with refused("PAYMENT_FAILED"):
        await verified(ledger, order.order_id, "", signature="")
    stripe.pay(order.order_id)
    assert (await verified(ledger, order.order_id, "", signature="")).new_balance == 1500
    with refused("PAYMENT_FAILED"):
        await verified(ledger, order.order_id, "pi_other")
    await settled(ledger)
    assert await balance(ledger) == 1500


async def test_webhooks_verification_and_repetition_at_once_credit_once(ledger: Service, stripe: FakeStripe) -> None:
    order = await placed(ledger)
    session = stripe.pay(order.order_id)
    calls = [
        stripe.call(f"checkout.session.{kind}", session)
        for kind in ("completed", "async_payment_succeeded", "completed")
    ]
    await asyncio.gather(
        *[heard(ledger, call) for call in calls * 2], *[verified(ledger, order.order_id, "") for _ in range(3)]
    )
    await settled(ledger)
    assert await balance(ledger) == 1500


@pytest.mark.parametrize("changes", [{"amount_total": 100}, {"currency": "usd"}])
async def test_what_is_not_what_was_ordered_is_not_credited(
    ledger: Service, stripe: FakeStripe, changes: dict[str, object]
) -> None:
    order = await placed(ledger)
    await heard(ledger, stripe.call("checkout.session.completed", stripe.pay(order.order_id, **changes)))
    await settled(ledger)
    assert await balance(ledger) == 0
    assert len(await events(ledger, "PaymentMismatched")) == 1


async def test_a_forged_or_old_call_is_refused(ledger: Service, stripe: FakeStripe) -> None:
    session = stripe.pay((await placed(ledger)).order_id)
    good = stripe.call("checkout.session.completed", session)
    for call in (
        stripe.call("checkout.session.completed", session, secret="whsec_guessed"),
        stripe.call("checkout.session.completed", session, age_s=301),
        Call(good.body + " ", good.signature),
        Call(good.body, ""),
        Call(good.body, "t=1,v1=é"),
        Call(good.body, "t=x,v1=0"),
    ):
        with refused("INVALID_SIGNATURE"):
            await heard(ledger, call)
    await settled(ledger)
    assert await balance(ledger) == 0


async def test_refunds_and_disputes_take_back_and_give_back(ledger: Service, stripe: FakeStripe) -> None:
    order = await placed(ledger)
    session = stripe.pay(order.order_id)
    refund = stripe.refund(session, 6450)
    await heard(ledger, stripe.call("refund.created", refund))  # before the payment itself was heard of
    await balance_becomes(ledger, 750)
    await heard(ledger, stripe.call("refund.failed", refund | {"status": "failed"}))
    await balance_becomes(ledger, 1500)
    await heard(ledger, stripe.call("charge.dispute.created", stripe.dispute(session, "warning_needs_response")))
    await heard(ledger, stripe.call("charge.dispute.created", stripe.dispute(session)))
    await balance_becomes(ledger, 0)
    await heard(ledger, stripe.call("charge.dispute.closed", stripe.dispute(session, "won")))
    await balance_becomes(ledger, 1500)


async def test_the_reconciler_asks_stripe_too(ledger: Service, stripe: FakeStripe, clock: Clock) -> None:
    stripe.pay((await placed(ledger)).order_id)
    clock.let_pass(minutes=3)
    await balance_becomes(ledger, 1500)


@pytest.mark.parametrize("fault", ["html", "hang", "cut", 500, 429, b"[]", b"{}", b"<html>"])
async def test_a_provider_that_is_away_is_told_as_such(
    ledger: Service, stripe: FakeStripe, fault: str | int | bytes
) -> None:
    stripe.faults.append(fault)
    with refused("SERVICE_UNAVAILABLE"):
        await placed(ledger)
    stripe.faults.append(400)
    with refused("PAYMENT_FAILED"):
        await placed(ledger)
