"""Credit notes: one for each refund of what there is a receipt for, numbered without gaps, seen by who paid alone."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from contracts.rpc.billing import Billing
from contracts.rpc.payments import CreditNote, GetCreditNote, Receipt
from kernel.clock import utc_now
from kernel.projection import rebuild
from kernel.service import Service
from services.ledger import projections, tables
from services.ledger.app import CODEC
from services.ledger.audit import audit
from services.ledger.payments.receipt import year_of
from tests.fakes.razorpay import FakeRazorpay
from tests.fakes.stripe import FakeStripe
from tests.given import refused
from tests.integration.ledger.payments.conftest import USER, Clock, Running, events, heard, ordered, settled, verified
from tests.integration.ledger.payments.plans import MONTH_S, both, stripe, stripe_says, subscribed
from tests.integration.ledger.payments.test_audit import OwnerOf
from tests.integration.ledger.payments.test_billing import COMPANY, NEIGHBOUR, SELLER, words_of
from tests.integration.ledger.payments.test_receipts import auth, receipts
from tests.waiting import until

__all__ = ["auth", "stripe"]
pytestmark = pytest.mark.usefixtures("auth")
OTHER = 8


@pytest.fixture
async def ledger(running: Running, razorpay: FakeRazorpay, stripe: FakeStripe) -> AsyncIterator[Service]:
    async with running(**both(razorpay, stripe), **SELLER) as service:
        yield service


async def paid(ledger: Service, razorpay: FakeRazorpay, billing: Billing | None = None) -> dict[str, Any]:
    order = await ordered(ledger, billing=billing)
    payment = razorpay.pay(order.order_id)
    await verified(ledger, order.order_id, payment["id"])
    return payment


async def goes_back(ledger: Service, razorpay: FakeRazorpay, payment: dict[str, Any], amount: int) -> dict[str, Any]:
    """Told twice."""
    refund = razorpay.refund(payment, amount)
    for kind in ("refund.created", "refund.processed"):
        await heard(ledger, razorpay.call(kind, refund=refund, payment=payment))
    return refund


async def notes(ledger: Service, user_id: int = USER) -> list[CreditNote]:
    return [note for receipt in (await receipts(ledger, user_id)).items[::-1] for note in receipt.credit_notes]


async def become(ledger: Service, count: int) -> list[CreditNote]:
    return await until(lambda: notes(ledger), lambda found: len(found) == count)


async def paper(ledger: Service, note: CreditNote) -> str:
    return words_of(await ledger.bus.caller.ask(GetCreditNote(user_id=USER, credit_note_id=note.id)))


async def test_each_part_has_its_own_with_its_part_of_the_tax(
    ledger: Service, razorpay: FakeRazorpay, clock: Clock, owner_of: OwnerOf
) -> None:
    away, here = await paid(ledger, razorpay, COMPANY), await paid(ledger, razorpay, NEIGHBOUR)
    await goes_back(ledger, razorpay, away, 4300)
    (first,) = await become(ledger, 1)
    found = await until(lambda: receipts(ledger), lambda found: len(found.items) == 2)
    (of, _) = sorted(found.items, key=lambda item: -len(item.credit_notes))
    assert (first.number[:3], first.number[-7:], first.amount, first.is_cancelled) == ("CN/", "0000001", 4300, False)
    text = await paper(ledger, first)
    for wanted in (
        "Credit note",
        "GSTIN 27AAPFU0939F1ZV",
        f"Number | {first.number}",
        f"Tax invoice | {of.number} of ",
        "Quispe & Co",
        "29AAGCB7383J1Z4",
        "Place of supply | Karnataka \\(29\\)",
        "Refund: 1500 credits | INR 36.44 | IGST 18 % | INR 6.56",
        "Total credited | INR 43.00",
    ):
        assert wanted in text
    assert "Reverse charge" not in text
    await goes_back(ledger, razorpay, here, 1)
    await become(ledger, 2)
    await goes_back(ledger, razorpay, here, 12899)
    small, rest = (await become(ledger, 3))[1:]
    assert "INR 0.01 | CGST 9 % | INR 0.00 | SGST 9 % | INR 0.00 | Total credited | INR 0.01" in await paper(
        ledger, small
    )
    assert "INR 109.31 | CGST 9 % | INR 9.84 | SGST 9 % | INR 9.84" in await paper(ledger, rest)  # of 109.32 in all
    for user_id, note_id in ((OTHER, first.id), (USER, of.id + 500), (USER, 0)):
        with refused("NOT_FOUND"):
            await ledger.bus.caller.ask(GetCreditNote(user_id=user_id, credit_note_id=note_id))
    assert await notes(ledger, OTHER) == []

    clock.let_pass(days=366)  # numbers begin anew with the year; the receipt is of the year before
    await goes_back(ledger, razorpay, away, 100)
    last = next(note for note in await become(ledger, 4) if note.amount == 100)
    assert (last.id // 10**9, last.number[-7:]) == (year_of(clock()), "0000001")
    assert f"Tax invoice | {of.number} of " in await paper(ledger, last)
    await settled(ledger)
    owner = await owner_of(ledger.database.url)
    assert (await audit(owner, CODEC, utc_now())).faults == []
    rebuilt = await rebuild(owner, CODEC, tables.metadata, projections.project)
    assert "credit_notes" in {table.table for table in rebuilt}
    assert not any(table.only_live or table.only_rebuilt for table in rebuilt)


async def test_one_whose_money_did_not_go_back_is_cancelled_and_its_number_stays_taken(
    ledger: Service, razorpay: FakeRazorpay
) -> None:
    payment = await paid(ledger, razorpay)
    refund = await goes_back(ledger, razorpay, payment, 12900)
    await become(ledger, 1)
    payment["amount_refunded"] = 0
    failed = refund | {"status": "failed"}
    for told in (failed, failed, refund):
        await heard(ledger, razorpay.call("refund.failed" if told is failed else "refund.processed", refund=told))
    (note,) = await until(lambda: notes(ledger), lambda found: found[0].is_cancelled)
    assert "Cancelled | " in await paper(ledger, note)
    await goes_back(ledger, razorpay, payment, 12900)
    again = (await become(ledger, 2))[1]
    assert (again.number[-7:], again.is_cancelled) == ("0000002", False)
    assert "Cancelled" not in await paper(ledger, again)
    early = razorpay.refund(await paid(ledger, razorpay), 100) | {"status": "failed"}
    await heard(ledger, razorpay.call("refund.failed", refund=early))  # before anybody told that it was made
    await settled(ledger)
    assert len(await events(ledger, "CreditNoteIssued")) == 2
    assert len(await events(ledger, "CreditNoteCancelled")) == 1


async def test_whatever_comes_at_once_numbers_have_no_gaps(
    ledger: Service, razorpay: FakeRazorpay, stripe: FakeStripe, running: Running
) -> None:
    """Two processes; refunds that are told with their payments, of periods and second payments, and a dispute."""
    async with running(**both(razorpay, stripe), **SELLER):
        orders = [await ordered(ledger) for _ in range(8)]
        payments = [razorpay.pay(order.order_id) for order in orders]
        told = [goes_back(ledger, razorpay, payment, amount) for payment in payments for amount in (4300, 50)]
        second = razorpay.pay(orders[0].order_id)
        made = await subscribed(ledger, payment_method="stripe")
        now = int(time.time())
        invoice = stripe.invoice(stripe.subscribe(made.provider_subscription_id), 19900, now, now + MONTH_S)
        refund = stripe.refund(stripe.paid_with(invoice), 9950)
        await asyncio.gather(*told, stripe_says(ledger, stripe.call("refund.created", refund)))
        await heard(ledger, razorpay.call("payment.captured", payment=second))
        await heard(ledger, razorpay.call("refund.processed", refund=razorpay.refund(second), payment=second))
        dispute = razorpay.dispute(payments[1])
        await heard(ledger, razorpay.call("payment.dispute.created", payment=payments[1], dispute=dispute))
        found = await become(ledger, 17)
        await settled(ledger)
    assert sorted(int(note.number[-7:]) for note in await notes(ledger)) == list(range(1, 18))
    assert sorted(note.amount for note in found) == [50] * 8 + [4300] * 8 + [9950]
    assert len(await events(ledger, "CreditNoteIssued")) == 17
    whole: list[Receipt] = (await receipts(ledger)).items
    assert all(sum(note.amount for note in receipt.credit_notes) == receipt.refunded for receipt in whole)
