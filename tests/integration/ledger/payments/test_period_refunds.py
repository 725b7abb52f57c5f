"""Refunds and disputes of subscriptions: whatever comes first, the credits are what was paid and kept."""

import time
from datetime import timedelta
from itertools import permutations

from contracts.rpc.ledger import SpendOwnCredits
from contracts.rpc.payments import ListReceipts, Receipts
from kernel.clock import utc_now
from kernel.projection import rebuild
from kernel.service import Service
from services.ledger import projections, tables
from services.ledger.app import CODEC, LedgerSettings
from services.ledger.audit import Report, audit
from services.ledger.payments.assembly import providers_of
from services.ledger.payments.audit import check_providers
from tests.fakes.razorpay import FakeRazorpay
from tests.fakes.stripe import FakeStripe
from tests.given import refused
from tests.integration.ledger.payments.conftest import (
    USER,
    balance,
    balance_becomes,
    events,
    heard,
    settled,
)
from tests.integration.ledger.payments.plans import MONTH_S, both, charged, ledger, stripe, stripe_says, subscribed
from tests.integration.ledger.payments.test_audit import OwnerOf

__all__ = ["ledger", "stripe"]


async def test_in_whatever_order_razorpay_tells_it(ledger: Service, razorpay: FakeRazorpay) -> None:
    """A period, a refund of a third of it, and a dispute of all that was won, each of them told twice."""
    users = range(100, 124)
    for user_id, order in zip(users, permutations(["period", "refund", "dispute", "won"]), strict=True):
        ref = (await subscribed(ledger, user_id=user_id)).provider_subscription_id
        period = charged(razorpay, ref, 19900)
        payment = period["payment"]
        refund = razorpay.refund(payment, 9950)
        dispute = razorpay.dispute(payment)
        calls = {
            "period": razorpay.call("subscription.charged", **period),
            "refund": razorpay.call("refund.processed", payment=payment, refund=refund),
            "dispute": razorpay.call("payment.dispute.created", payment=payment, dispute=dispute),
            "won": razorpay.call("payment.dispute.won", payment=payment, dispute=dispute | {"status": "won"}),
        }
        for name in (*order, order[0]):
            await heard(ledger, calls[name])
    await settled(ledger)
    assert {user_id: await balance(ledger, user_id) for user_id in users} == dict.fromkeys(users, 1500)
    assert len(await events(ledger, "PeriodStarted")) == len(users)


async def test_in_whatever_order_stripe_tells_it(ledger: Service, stripe: FakeStripe) -> None:
    """It tells a refund by its payment intent, a period by its invoice."""
    users = range(100, 106)
    for user_id, order in zip(users, permutations(["period", "refund", "dispute"]), strict=True):
        made = await subscribed(ledger, payment_method="stripe", user_id=user_id)
        now = int(time.time())
        invoice = stripe.invoice(stripe.subscribe(made.provider_subscription_id), 19900, now, now + MONTH_S)
        paid = stripe.paid_with(invoice)
        calls = {
            "period": stripe.call("invoice.paid", invoice),
            "refund": stripe.call("refund.created", stripe.refund(paid, 9950)),
            "dispute": stripe.call("charge.dispute.created", stripe.dispute(paid) | {"amount": 4975}),
        }
        for name in (*order, order[0]):
            await stripe_says(ledger, calls[name])
    await settled(ledger)
    assert {user_id: await balance(ledger, user_id) for user_id in users} == dict.fromkeys(users, 750)
    assert len(await events(ledger, "PeriodStarted")) == len(users)


async def test_spent_credits_are_owed_and_given_back_when_the_dispute_is_won(
    ledger: Service, razorpay: FakeRazorpay
) -> None:
    ref = (await subscribed(ledger)).provider_subscription_id
    period = charged(razorpay, ref, 19900)
    await heard(ledger, razorpay.call("subscription.charged", **period))
    await balance_becomes(ledger, 3000)
    await ledger.bus.caller.ask(SpendOwnCredits(user_id=USER, credits=2000, description="x"))
    dispute = razorpay.dispute(period["payment"])
    await heard(ledger, razorpay.call("payment.dispute.created", dispute=dispute))
    await balance_becomes(ledger, -2000)
    with refused("INSUFFICIENT_CREDITS"):
        await ledger.bus.caller.ask(SpendOwnCredits(user_id=USER, credits=1, description="x"))
    await heard(ledger, razorpay.call("payment.dispute.won", dispute=dispute | {"status": "won"}))
    await balance_becomes(ledger, 1000)


async def test_what_is_of_nobody_here_is_left_alone(ledger: Service, razorpay: FakeRazorpay) -> None:
    razorpay.subscriptions["sub_x"] = {"id": "sub_x", "notes": {"subscription": "999999"}, "status": "active"}
    razorpay.subscriptions["sub_y"] = {"id": "sub_y", "notes": [], "status": "active"}
    for ref in ("sub_x", "sub_y"):
        payment = charged(razorpay, ref, 19900)["payment"]
        await heard(ledger, razorpay.call("refund.processed", payment=payment, refund=razorpay.refund(payment)))
    stranger = {"id": "pay_x", "amount": 100, "amount_refunded": 0, "order_id": None, "status": "captured"}
    refund = razorpay.refund(stranger)
    assert (await heard(ledger, razorpay.call("refund.processed", refund=refund))).fresh
    assert await events(ledger, "PeriodReversed") == []


async def test_receipts_the_audit_and_the_read_tables_know_of_it(
    ledger: Service, razorpay: FakeRazorpay, stripe: FakeStripe, owner_of: OwnerOf
) -> None:
    ref = (await subscribed(ledger)).provider_subscription_id
    period = charged(razorpay, ref, 19900)
    payment = period["payment"]
    await heard(ledger, razorpay.call("subscription.charged", **period))
    await heard(ledger, razorpay.call("refund.processed", payment=payment, refund=razorpay.refund(payment, 9950)))
    made = await subscribed(ledger, payment_method="stripe", user_id=8)
    now = int(time.time())
    invoice = stripe.invoice(stripe.subscribe(made.provider_subscription_id), 19900, now, now + MONTH_S)
    await stripe_says(ledger, stripe.call("invoice.paid", invoice))
    await balance_becomes(ledger, 1500)
    await balance_becomes(ledger, 3000, 8)
    await settled(ledger)
    receipts: Receipts = await ledger.bus.caller.ask(ListReceipts(user_id=USER))
    assert [(found.amount, found.refunded) for found in receipts.items] == [(19900, 9950)]
    report = await audited(ledger, razorpay, stripe)
    assert (report.faults, report.notes) == ([], [])

    razorpay.refund(payment, 50)
    stripe.refund(stripe.paid_with(invoice), 100)
    unheard = charged(razorpay, ref, 19900, number=1)["payment"]
    assert (await audited(ledger, razorpay, stripe)).faults == [
        f"subscription-1: razorpay has the payment {unheard['id']}, of which nothing is known here",
        f"subscription-1: razorpay has refunded 10000 of {payment['id']}, we know of 9950",
        f"subscription-2: stripe has refunded 100 of {invoice['id']}, we know of 0",
    ]
    del razorpay.payments[payment["id"]]
    stripe.faults.append("html")
    report = await audited(ledger, razorpay, stripe)
    assert f"subscription-1: razorpay knows no captured payment {payment['id']}" in report.faults
    assert "could not be asked" in report.notes[0]

    owner = await owner_of(ledger.database.url)
    found = await rebuild(owner, CODEC, tables.metadata, projections.project)
    assert "subscription_payments" in {table.table for table in found}
    assert not any(table.only_live or table.only_rebuilt for table in found)
    await owner.execute("SET session_replication_role = replica; DELETE FROM command_keys WHERE key LIKE 'reversal:%'")
    assert any("PeriodReversed at" in fault for fault in (await audited(ledger, razorpay, stripe)).faults)


async def audited(ledger: Service, razorpay: FakeRazorpay, stripe: FakeStripe) -> Report:
    now = utc_now()
    settings = LedgerSettings(ledger_database_url="-", nats_url="-", **both(razorpay, stripe))
    async with ledger.database.write() as connection:
        report = await audit(connection, CODEC, now + timedelta(minutes=10))
        await check_providers(connection, providers_of(settings), now - timedelta(days=1), report)
    return report
