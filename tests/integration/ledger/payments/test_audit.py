"""The audit of payments: what is wrong with them is found, here and at the provider."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import asyncpg

from kernel.clock import utc_now
from kernel.projection import rebuild
from kernel.service import Service
from services.ledger import projections, tables
from services.ledger.app import CODEC, LedgerSettings
from services.ledger.audit import Report, audit
from services.ledger.payments.assembly import providers_of
from services.ledger.payments.audit import check_providers
from tests.fakes.razorpay import FakeRazorpay
from tests.integration.ledger.payments.conftest import balance_becomes, heard, keys, ordered, settled, verified

OwnerOf = Callable[[str], Awaitable[asyncpg.Connection]]


async def audited(ledger: Service, razorpay: FakeRazorpay) -> Report:
    now = utc_now()
    settings = LedgerSettings(ledger_database_url="-", nats_url="-", **keys(razorpay))
    async with ledger.database.write() as connection:
        report = await audit(connection, CODEC, now + timedelta(minutes=10))
        await check_providers(connection, providers_of(settings), now - timedelta(days=1), report)
    return report


async def test_what_is_right_is_found_right_and_what_is_wrong_is_told(
    ledger: Service, razorpay: FakeRazorpay, owner_of: OwnerOf
) -> None:
    order = await ordered(ledger)
    payment = razorpay.pay(order.order_id)
    await verified(ledger, order.order_id, payment["id"])
    await heard(ledger, razorpay.call("refund.processed", refund=razorpay.refund(payment, 6450), payment=payment))
    await balance_becomes(ledger, 750)
    await settled(ledger)
    assert (await audited(ledger, razorpay)).faults == []

    razorpay.refund(payment, 50)
    assert (await audited(ledger, razorpay)).faults == ["order-1: razorpay has refunded 6500, we know of 6450"]
    payment["amount_refunded"] = 6450
    payment["amount"] = 12901
    assert "were paid, not 12900 INR" in (await audited(ledger, razorpay)).faults[0]
    payment["amount"] = 12900
    payment["status"] = "failed"
    assert "knows no captured payment" in (await audited(ledger, razorpay)).faults[0]
    payment["status"] = "captured"

    owner = await owner_of(ledger.database.url)
    await owner.execute("SET session_replication_role = replica; DELETE FROM command_keys WHERE key LIKE 'payment:%'")
    faults = (await audited(ledger, razorpay)).faults
    assert len(faults) == 1
    assert "never reached the wallet" in faults[0]


async def test_a_provider_that_is_away_is_a_note(ledger: Service, razorpay: FakeRazorpay) -> None:
    order = await ordered(ledger)
    await verified(ledger, order.order_id, razorpay.pay(order.order_id)["id"])
    razorpay.faults.append("html")
    report = await audited(ledger, razorpay)
    assert report.faults == []
    assert "could not be asked" in report.notes[0]


async def test_the_read_tables_of_payments_can_be_rebuilt(
    ledger: Service, razorpay: FakeRazorpay, owner_of: OwnerOf
) -> None:
    for _ in range(3):
        order = await ordered(ledger)
    await verified(ledger, order.order_id, razorpay.pay(order.order_id)["id"])
    await settled(ledger)
    found = await rebuild(await owner_of(ledger.database.url), CODEC, tables.metadata, projections.project)
    assert {table.table for table in found} > {"orders", "receipts", "subscriptions", "subscription_history"}
    assert not any(table.only_live or table.only_rebuilt for table in found)
