"""A second payment of one order, and a period of a subscription, go back by the same way as a purchase."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from contracts.rpc.ledger import Corrections, ListCorrections
from contracts.rpc.payments import Refund, VerifyPurchase
from kernel.projection import rebuild
from kernel.service import Service
from services.ledger import projections, tables
from services.ledger.app import CODEC
from tests.fakes.razorpay import FakeRazorpay
from tests.fakes.stripe import FakeStripe
from tests.given import refused
from tests.integration.ledger.conftest import accounts
from tests.integration.ledger.payments.conftest import (
    Clock,
    Running,
    balance,
    balance_becomes,
    events,
    heard,
    ordered,
    settled,
)
from tests.integration.ledger.payments.plans import MONTH_S, both, charged, stripe, stripe_says, subscribed
from tests.integration.ledger.payments.test_audit import OwnerOf
from tests.integration.ledger.payments.test_period_refunds import audited
from tests.integration.ledger.payments.test_refunds import ADMIN, BUYER, OTHER, bought, decided, refund
from tests.waiting import until

__all__ = ["accounts", "stripe"]
pytestmark = pytest.mark.usefixtures("accounts")


@pytest.fixture
async def ledger(running: Running, razorpay: FakeRazorpay, stripe: FakeStripe) -> AsyncIterator[Service]:
    """Where 1000 credits a day is as much as one administrator may refund alone."""
    async with running(**both(razorpay, stripe)) as service:
        yield service


async def paid_twice(ledger: Service, razorpay: FakeRazorpay) -> tuple[str, dict[str, Any]]:
    """The id of the transaction, and the payment that bought nothing."""
    transaction, payment = await bought(ledger, razorpay)
    second = razorpay.pay(payment["order_id"])
    await heard(ledger, razorpay.call("payment.captured", payment=second))
    return transaction, second


async def test_a_second_payment_goes_back_once_and_takes_no_credits(
    ledger: Service, razorpay: FakeRazorpay, clock: Clock
) -> None:
    transaction, second = await paid_twice(ledger, razorpay)
    with refused("REFUND_TOO_LARGE"):
        await refund(ledger, second["id"], amount=12901)
    part = await refund(ledger, second["id"], amount=4300, idempotency_key="k")
    assert (part.status, part.payment_id, part.transaction_id) == ("made", second["id"], transaction)
    assert (part.credits_taken, second["amount_refunded"]) == (0, 4300)
    assert await refund(ledger, second["id"], amount=4300, idempotency_key="k") == part
    with refused("IDEMPOTENCY_CONFLICT"):
        await refund(ledger, transaction, amount=4300, idempotency_key="k")
    # The rest is worth 1000 credits, with the 500 of before too much for one alone.
    rest = await refund(ledger, second["id"])
    assert (rest.status, rest.amount) == ("proposed", 8600)
    waiting: Corrections = await ledger.bus.caller.ask(ListCorrections(by=OTHER))
    (one,) = waiting.items
    assert (one.credits, one.transaction_id, one.payment_id, one.amount) == (0, transaction, second["id"], 8600)
    razorpay.spoil_refund = "lost"
    assert (await decided(ledger, rest.correction_id, by=OTHER)).status == "approved"
    for each in razorpay.refunds.values():
        for _ in range(2):
            await heard(ledger, razorpay.call("refund.processed", refund=each, payment=second))
    clock.let_pass(minutes=3)
    await until(lambda: events(ledger, "RefundMade"), lambda found: len(found) == 2)
    with refused("REFUND_TOO_LARGE"):
        await refund(ledger, second["id"])
    await settled(ledger)
    assert (second["amount_refunded"], await balance(ledger, BUYER)) == (12900, 1500)
    # What the first one bought still goes back with it, and by its own name too.
    first = next(each for each in razorpay.payments.values() if each["id"] != second["id"])
    (asked,) = [await refund(ledger, first["id"])]
    assert (asked.status, asked.payment_id, asked.transaction_id) == ("proposed", first["id"], transaction)
    assert (await decided(ledger, asked.correction_id, by=OTHER)).status == "approved"
    await balance_becomes(ledger, 0, BUYER)


async def test_a_second_payment_that_goes_back_elsewhere_cannot_go_back_again(
    ledger: Service, razorpay: FakeRazorpay, owner_of: OwnerOf
) -> None:
    """At the provider's own desk, told before anything else is known of it, and disputed besides."""
    _, payment = await bought(ledger, razorpay)
    second = razorpay.pay(payment["order_id"])
    back = razorpay.refund(second, 6450)
    await heard(ledger, razorpay.call("refund.processed", refund=back))
    with refused("REFUND_TOO_LARGE"):
        await refund(ledger, second["id"], amount=6451)
    await heard(ledger, razorpay.call("payment.dispute.created", dispute=razorpay.dispute(second, amount=6450)))
    with refused("REFUND_TOO_LARGE"):
        await refund(ledger, second["id"])
    same = await asyncio.gather(*(refund(ledger, payment["id"], amount=4300) for _ in range(3)), return_exceptions=True)
    assert sorted(str(found.status) for found in same if isinstance(found, Refund)) == ["made", "made", "proposed"]
    await settled(ledger)
    assert await balance(ledger, BUYER) == 500
    owner = await owner_of(ledger.database.url)
    found = await rebuild(owner, CODEC, tables.metadata, projections.project)
    assert "stray_payments" in {table.table for table in found}
    assert not any(table.only_live or table.only_rebuilt for table in found)


async def test_one_whose_webhook_was_lost_is_asked_for(
    ledger: Service, razorpay: FakeRazorpay, stripe: FakeStripe
) -> None:
    _, payment = await bought(ledger, razorpay)
    second = razorpay.pay(payment["order_id"])
    found = await refund(ledger, second["id"], amount=860)
    assert (found.status, found.credits_taken, second["amount_refunded"]) == ("made", 0, 860)
    made = await subscribed(ledger, user_id=41, payment_method="stripe")
    now = int(time.time())
    invoice = stripe.invoice(stripe.subscribe(made.provider_subscription_id), 19900, now, now + MONTH_S)
    intent = stripe.paid_with(invoice)["payment_intent"]["id"]
    period = await refund(ledger, intent, amount=1990)
    assert (period.status, period.credits_taken, period.payment_id) == ("made", 300, invoice["id"])
    await balance_becomes(ledger, 2700, 41)
    asked = len(razorpay.asked), len(stripe.asked)
    for name in ("pay_../orders", "pay_1?x=1", "pi_%2e%2e", "pay_"):
        with refused("PAYMENT_NOT_FOUND"):
            await refund(ledger, name)
    assert (len(razorpay.asked), len(stripe.asked)) == asked


async def test_asking_takes_no_money_for_an_order_that_is_paid(ledger: Service, razorpay: FakeRazorpay) -> None:
    """Of two that are only authorized one is taken; the bank gives the other back by itself."""
    order = await ordered(ledger, user_id=BUYER)
    first, second = (razorpay.pay(order.order_id, status="authorized") for _ in range(2))
    asked = [await refund(ledger, first["id"], amount=860, idempotency_key="k") for _ in range(2)]
    assert asked[0] == asked[1]
    with refused("PAYMENT_NOT_FOUND"):
        await refund(ledger, second["id"])
    assert (first["status"], second["status"], first["amount_refunded"]) == ("captured", "authorized", 860)


async def test_nobody_makes_another_ones_payment_a_second_one_of_theirs(
    ledger: Service, razorpay: FakeRazorpay
) -> None:
    """By verifying their own order with it, or by a forged webhook."""
    _, payment = await bought(ledger, razorpay)
    mine = await ordered(ledger, user_id=41)
    signature = FakeRazorpay.checkout_signature(mine.order_id, payment["id"])
    with refused("PAYMENT_FAILED"):
        await ledger.bus.caller.ask(
            VerifyPurchase(user_id=41, order_id=mine.order_id, payment_id=payment["id"], signature=signature)
        )
    found = await refund(ledger, payment["id"], amount=4300)
    assert (found.user_id, found.credits_taken) == (BUYER, 500)
    stolen = razorpay.pay(mine.order_id, status="captured", currency="USD")
    await heard(ledger, razorpay.call("payment.captured", payment=stolen))
    with refused("INVALID_SIGNATURE"):
        await heard(ledger, razorpay.call("payment.captured", payment=stolen | {"currency": "INR"}, secret="guess"))
    for name in (stolen["id"], "pay_0", "pi_0", "in_0"):
        with refused("PAYMENT_NOT_FOUND"):
            await refund(ledger, name)


@pytest.mark.parametrize("provider", ["razorpay", "stripe"])
async def test_a_period_goes_back_once_whoever_tells_of_it(
    ledger: Service, razorpay: FakeRazorpay, stripe: FakeStripe, clock: Clock, provider: str
) -> None:
    made = await subscribed(ledger, user_id=BUYER, payment_method=provider)
    ref, now = made.provider_subscription_id, int(time.time())
    fake: FakeRazorpay | FakeStripe = razorpay if provider == "razorpay" else stripe
    if provider == "razorpay":
        period = charged(razorpay, ref, 19900)
        await heard(ledger, razorpay.call("subscription.charged", **period))
        name = period["payment"]["id"]
    else:
        invoice = stripe.invoice(stripe.subscribe(ref), 19900, now, now + MONTH_S)
        await stripe_says(ledger, stripe.call("invoice.paid", invoice))
        name = invoice["id"]
    await balance_becomes(ledger, 3000, BUYER)
    for bad in (19901, 2**53):
        with refused("REFUND_TOO_LARGE"):
            await refund(ledger, name, amount=bad)
    part = await refund(ledger, name, amount=1990, idempotency_key="k")
    assert (part.status, part.credits_taken, part.transaction_id, part.payment_id) == ("made", 300, name, name)
    assert await refund(ledger, name, amount=1990, idempotency_key="k") == part
    assert await balance(ledger, BUYER) == 2700
    rest = await refund(ledger, name)
    assert (rest.status, rest.amount) == ("proposed", 17910)
    fake.spoil_refund = "lost"
    assert (await decided(ledger, rest.correction_id, by=OTHER)).status == "approved"
    both_made = list(fake.refunds.values())

    async def tell(each: dict[str, Any], *, fails: bool = False) -> None:
        if provider == "razorpay":
            await heard(ledger, razorpay.call("refund.failed" if fails else "refund.processed", refund=each))
        else:
            await stripe_says(ledger, stripe.call("refund.failed" if fails else "refund.updated", each))

    for each in (*both_made, both_made[0]):
        await tell(each)
    clock.let_pass(minutes=3)
    await until(lambda: events(ledger, "RefundMade"), lambda found: len(found) == 2)
    await balance_becomes(ledger, 0, BUYER)
    assert len(await events(ledger, "PeriodReversed")) == 2
    with refused("REFUND_TOO_LARGE"):
        await refund(ledger, name)
    assert (await audited(ledger, razorpay, stripe)).faults == []
    # The second one fails days later: its credits come back, and who approved it hears it.
    for _ in range(2):
        await tell(both_made[1] | {"status": "failed", "failure_reason": "expired_or_canceled_card"}, fails=True)
    await balance_becomes(ledger, 2700, BUYER)
    lists = ListCorrections(by=ADMIN, status="failed")
    (failed,) = (await until(lambda: ledger.bus.caller.ask(lists), lambda told: told.total == 1)).items
    why = "expired_or_canceled_card" if provider == "stripe" else None
    assert (failed.payment_id, failed.transaction_id, failed.failed_reason) == (name, name, why)
    await settled(ledger)
    assert await balance(ledger, BUYER) == 2700


async def test_stripe_gives_back_a_second_payment_too(ledger: Service, stripe: FakeStripe) -> None:
    order = await ordered(ledger, user_id=BUYER, payment_method="stripe")
    await stripe_says(ledger, stripe.call("checkout.session.completed", stripe.pay(order.order_id)))
    await balance_becomes(ledger, 1500, BUYER)
    again = stripe.pay(order.order_id)
    await stripe_says(ledger, stripe.call("checkout.session.completed", again))
    intent = again["payment_intent"]["id"]
    found = await refund(ledger, intent, amount=8600)
    assert (found.status, found.credits_taken, found.payment_id) == ("made", 0, intent)
    (made,) = stripe.refunds.values()
    await stripe_says(ledger, stripe.call("refund.updated", made))
    await settled(ledger)
    assert (await balance(ledger, BUYER), made["amount"]) == (1500, 8600)


async def test_a_period_that_nothing_was_charged_for_is_refused(ledger: Service, stripe: FakeStripe) -> None:
    """Stripe pays an invoice with a customer's balance, too."""
    made = await subscribed(ledger, user_id=BUYER, payment_method="stripe")
    now = int(time.time())
    invoice = stripe.invoice(stripe.subscribe(made.provider_subscription_id), 19900, now, now + MONTH_S)
    await stripe_says(ledger, stripe.call("invoice.paid", invoice))
    await balance_becomes(ledger, 3000, BUYER)
    stripe.invoices[invoice["id"]]["payments"]["data"].clear()
    with refused("REFUND_REFUSED"):
        await refund(ledger, invoice["id"], amount=1990)
    assert await balance(ledger, BUYER) == 3000
