"""Whom a purchase is billed to: on its receipt, in nobody's event, in the person's export, gone with the account."""

import base64
import re
import zlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from contracts.events.auth import AccountDeleted
from contracts.rpc.billing import Billing
from contracts.rpc.exporting import ExportPage
from contracts.rpc.ledger import ExportHistory
from contracts.rpc.payments import GetReceipt, ReceiptFile
from kernel.clock import utc_now
from kernel.projection import rebuild
from kernel.service import Service
from services.ledger import projections, tables
from services.ledger.app import CODEC
from services.ledger.payments.billing import kept_until
from tests.fakes.razorpay import FakeRazorpay
from tests.given import refused
from tests.integration.ledger.conftest import Voice, voice
from tests.integration.ledger.payments.conftest import (
    USER,
    Clock,
    Running,
    balance_becomes,
    heard,
    keys,
    ordered,
    verified,
)
from tests.integration.ledger.payments.plans import PLANS, charged, subscribed
from tests.integration.ledger.payments.test_audit import OwnerOf
from tests.integration.ledger.payments.test_receipts import auth, receipts
from tests.waiting import until

__all__ = ["auth", "voice"]
pytestmark = pytest.mark.usefixtures("auth")
SELLER = {"seller_gstin": "27AAPFU0939F1ZV", "seller_state": "Maharashtra (27)"}
COMPANY = Billing(name="Quispe & Co", address="1 MG Road\nBengaluru 560001", gstin="29AAGCB7383J1Z4")
NEIGHBOUR = Billing(name="Zoraida\nQuispe", address="2 Marine Drive", state="27")
TRACES = ("Quispe", "MG Road", "Marine Drive", "29AAGCB7383J1Z4")


@pytest.fixture
async def ledger(running: Running, razorpay: FakeRazorpay) -> AsyncIterator[Service]:
    async with running(**keys(razorpay), **SELLER, payment_plans=PLANS) as service:
        yield service


async def paper(ledger: Service, number: int) -> str:
    """The words of the receipt that was issued as the `number`-th."""
    listed = await until(lambda: receipts(ledger), lambda found: found.total >= number)
    id_ = next(item.id for item in listed.items if int(item.number[-7:]) == number)
    return words_of(await ledger.bus.caller.ask(GetReceipt(user_id=USER, receipt_id=id_)))


def words_of(file: ReceiptFile) -> str:
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", base64.b64decode(file.pdf), re.DOTALL)
    text = b"".join(zlib.decompress(stream) for stream in streams).decode("latin-1")
    return " | ".join(re.findall(r"\((.*?)\) Tj", text))


async def bought(ledger: Service, razorpay: FakeRazorpay, billing: Billing | None) -> None:
    order = await ordered(ledger, billing=billing)
    await verified(ledger, order.order_id, razorpay.pay(order.order_id)["id"])


async def exported(ledger: Service) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after: int | None = 0
    while after is not None:
        page: ExportPage = await ledger.bus.caller.ask(ExportHistory(user_id=USER, after=after))
        found, after = [*found, *page.records], page.next
    return [record for record in found if record.get("what") == "billing"]


async def test_the_tax_follows_the_buyers_state(ledger: Service, razorpay: FakeRazorpay) -> None:
    await bought(ledger, razorpay, COMPANY)
    invoice = await paper(ledger, 1)
    for wanted in (
        "Tax invoice",
        "GSTIN 27AAPFU0939F1ZV",
        "MP/",
        "Quispe & Co",
        "1 MG Road, Bengaluru 560001",
        "29AAGCB7383J1Z4",
        "Place of supply | Karnataka \\(29\\)",
        "Reverse charge | No",
        "SAC | 998439",
        "109.32 | IGST 18 % | INR 19.68",
        "Total paid | INR 129.00",
    ):
        assert wanted in invoice
    assert "SGST" not in invoice
    assert "jane@example.com" not in invoice
    await bought(ledger, razorpay, NEIGHBOUR)
    here = await paper(ledger, 2)
    assert "Place of supply | Maharashtra \\(27\\)" in here
    assert "Zoraida, Quispe" in here
    assert "CGST 9 % | INR 9.84 | SGST 9 % | INR 9.84" in here
    await bought(ledger, razorpay, None)
    nowhere = await paper(ledger, 3)
    assert "Jane, jane@example.com" in nowhere
    assert "SGST 9 %" in nowhere
    await bought(ledger, razorpay, Billing(state="07"))
    away = await paper(ledger, 4)
    assert "Jane, jane@example.com" in away
    assert "IGST 18 %" in away
    made = await subscribed(ledger, billing=COMPANY)
    period = charged(razorpay, made.provider_subscription_id, 19900)
    await heard(ledger, razorpay.call("subscription.charged", **period))
    month = await paper(ledger, 5)
    assert "29AAGCB7383J1Z4" in month
    assert "IGST 18 %" in month


async def test_a_key_stands_for_the_same_details(ledger: Service) -> None:
    first = await ordered(ledger, billing=COMPANY, idempotency_key="k")
    assert (await ordered(ledger, billing=COMPANY, idempotency_key="k")).order_id == first.order_id
    for other in (NEIGHBOUR, None):
        with refused("IDEMPOTENCY_CONFLICT"):
            await ordered(ledger, billing=other, idempotency_key="k")


async def everything(owner: asyncpg.Connection, *, but: str = "") -> str:
    """All that the service's database holds, as text."""
    names = await owner.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> $1", but)
    rows = [await owner.fetch(f'SELECT t::text FROM "{name}" t') for (name,) in names]  # noqa: S608
    return str(rows)


async def test_they_are_in_the_export_in_no_event_and_go_as_far_as_the_law_lets_them(
    ledger: Service, razorpay: FakeRazorpay, clock: Clock, voice: Voice, owner_of: OwnerOf
) -> None:
    for billing in (COMPANY, NEIGHBOUR):
        await bought(ledger, razorpay, billing)
    await ordered(ledger, billing=COMPANY)  # never paid
    made = await subscribed(ledger, billing=COMPANY)
    period = charged(razorpay, made.provider_subscription_id, 19900)
    await heard(ledger, razorpay.call("subscription.charged", **period))
    await balance_becomes(ledger, 6000)
    await until(lambda: receipts(ledger), lambda found: found.total == 3)
    told = await exported(ledger)
    assert [(record["name"], record["gstin"], record["state"]) for record in told] == [
        (COMPANY.name, COMPANY.gstin, "29"),  # the subscription
        (COMPANY.name, COMPANY.gstin, "29"),
        (NEIGHBOUR.name, None, "27"),
        (COMPANY.name, COMPANY.gstin, "29"),
    ]
    owner = await owner_of(ledger.database.url)
    kept = await everything(owner, but="billing_details")
    assert not [trace for trace in TRACES if trace in kept]
    rebuilt = await rebuild(owner, CODEC, tables.metadata, projections.project)
    assert not any(table.only_live or table.only_rebuilt for table in rebuilt)

    for _ in range(2):
        await voice.say(AccountDeleted(user_id=USER))
    left = await until(lambda: exported(ledger), lambda records: not any("Zoraida" in r["name"] for r in records))
    assert [(record["name"], record["gstin"], record["state"]) for record in left] == [
        (COMPANY.name, COMPANY.gstin, "29"),  # invoices to who is registered are books
        (COMPANY.name, COMPANY.gstin, "29"),
        ("", None, "27"),
        ("", None, "29"),
    ]
    clock.passed = kept_until(utc_now()) - utc_now() - timedelta(hours=1)
    assert COMPANY.name in str(await exported(ledger))
    clock.let_pass(hours=2)
    await until(lambda: exported(ledger), lambda records: not any(record["name"] for record in records))
    kept = await everything(owner)
    assert not [trace for trace in TRACES if trace in kept]
