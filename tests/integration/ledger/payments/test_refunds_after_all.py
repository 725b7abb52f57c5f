"""Refunds that a provider refuses and makes all the same: credits go once, and who approved them hears how it ended."""

import time

import pytest

from contracts.rpc.ledger import Correction, Corrections, ListCorrections
from kernel.projection import rebuild
from kernel.service import Service
from services.ledger import projections, tables
from services.ledger.app import CODEC
from tests.fakes.razorpay import FakeRazorpay
from tests.fakes.stripe import FakeStripe
from tests.given import refused
from tests.integration.ledger.conftest import accounts
from tests.integration.ledger.payments.conftest import Clock, balance, balance_becomes, events, heard, ordered, settled
from tests.integration.ledger.payments.plans import MONTH_S, charged, ledger, stripe, stripe_says, subscribed
from tests.integration.ledger.payments.test_audit import OwnerOf
from tests.integration.ledger.payments.test_period_refunds import audited
from tests.integration.ledger.payments.test_refunds import ADMIN, BUYER, bought, refund
from tests.integration.ledger.payments.test_refused_refunds import approved, failed, failing
from tests.waiting import until

__all__ = ["accounts", "ledger", "stripe"]
pytestmark = pytest.mark.usefixtures("accounts")


async def refunded(ledger: Service) -> list[Correction]:
    found: Corrections = await ledger.bus.caller.ask(ListCorrections(by=ADMIN, status="refunded"))
    return list(found.items)


async def are_refunded(ledger: Service, count: int) -> None:
    found = await until(lambda: refunded(ledger), lambda corrections: len(corrections) == count)
    assert [(each.failed_code, each.failed_reason) for each in found] == [(None, None)] * count


async def test_razorpay_tells_of_it_later_or_is_asked(
    ledger: Service, razorpay: FakeRazorpay, stripe: FakeStripe, clock: Clock, owner_of: OwnerOf
) -> None:
    told, unheard = await bought(ledger, razorpay), await bought(ledger, razorpay, user_id=41)
    for transaction, payment in (told, unheard):
        razorpay.spoil_refund = "denied"
        assert (await approved(ledger, transaction)).status == "failed"
        assert payment["amount_refunded"] == 12900
    await settled(ledger)
    assert (await balance(ledger, BUYER), await balance(ledger, 41)) == (1500, 1500)

    made = next(iter(razorpay.refunds.values()))
    for _ in range(2):
        await heard(ledger, razorpay.call("refund.processed", refund=made, payment=told[1]))
    await balance_becomes(ledger, 0, BUYER)
    await are_refunded(ledger, 1)
    clock.let_pass(hours=25)  # of the other no webhook ever comes
    await balance_becomes(ledger, 0, 41)
    await are_refunded(ledger, 2)
    await settled(ledger)
    assert (await audited(ledger, razorpay, stripe)).faults == []
    assert len(await events(ledger, "PaymentReversed")) == len(await events(ledger, "CorrectionRefunded")) == 2
    with refused("REFUND_TOO_LARGE"):
        await refund(ledger, told[0])

    # Should the bank return it in the end, it has failed after all, and all is as before.
    await heard(ledger, failing(razorpay, told[1]))
    await balance_becomes(ledger, 1500, BUYER)
    await until(lambda: failed(ledger), lambda corrections: len(corrections) == 1)
    await settled(ledger)
    assert (await audited(ledger, razorpay, stripe)).faults == []
    assert (await approved(ledger, told[0])).status == "approved"
    await settled(ledger)
    assert (await balance(ledger, BUYER), len(razorpay.refunds)) == (0, 3)
    assert (await audited(ledger, razorpay, stripe)).faults == []
    found = await rebuild(await owner_of(ledger.database.url), CODEC, tables.metadata, projections.project)
    assert not any(table.only_live or table.only_rebuilt for table in found)


async def test_stripe_tells_of_it_later_of_a_purchase_and_of_a_period(
    ledger: Service, razorpay: FakeRazorpay, stripe: FakeStripe
) -> None:
    order = await ordered(ledger, user_id=BUYER, payment_method="stripe")
    await stripe_says(ledger, stripe.call("checkout.session.completed", stripe.pay(order.order_id)))
    subscription = (await subscribed(ledger, user_id=41, payment_method="stripe")).provider_subscription_id
    now = int(time.time())
    invoice = stripe.invoice(stripe.subscribe(subscription), 19900, now, now + MONTH_S)
    await stripe_says(ledger, stripe.call("invoice.paid", invoice))
    for payment, credits_, user_id in ((order.order_id, 1500, BUYER), (invoice["id"], 3000, 41)):
        await balance_becomes(ledger, credits_, user_id)
        stripe.spoil_refund = "denied"
        assert (await approved(ledger, payment)).status == "failed"
        assert await balance(ledger, user_id) == credits_
    for made in stripe.refunds.values():
        for _ in range(2):
            await stripe_says(ledger, stripe.call("refund.updated", made))
    await balance_becomes(ledger, 0, BUYER)
    await balance_becomes(ledger, 0, 41)
    await are_refunded(ledger, 2)
    await settled(ledger)
    assert (await audited(ledger, razorpay, stripe)).faults == []


async def test_a_period_of_razorpays_and_a_refund_that_one_makes_alone(
    ledger: Service, razorpay: FakeRazorpay, stripe: FakeStripe
) -> None:
    ref = (await subscribed(ledger, user_id=BUYER)).provider_subscription_id
    period = charged(razorpay, ref, 19900)
    await heard(ledger, razorpay.call("subscription.charged", **period))
    await balance_becomes(ledger, 3000, BUYER)
    razorpay.spoil_refund = "denied"
    with refused("REFUND_REFUSED"):
        await refund(ledger, period["payment"]["id"], amount=1990, idempotency_key="k")
    made = next(iter(razorpay.refunds.values()))
    await heard(ledger, razorpay.call("refund.created", refund=made | {"status": "pending"}))
    await balance_becomes(ledger, 2700, BUYER)
    again = await refund(ledger, period["payment"]["id"], amount=1990, idempotency_key="k")
    assert (again.status, again.credits_taken, len(razorpay.refunds)) == ("made", 300, 1)
    await settled(ledger)
    assert await refunded(ledger) == []
    assert (await audited(ledger, razorpay, stripe)).faults == []
