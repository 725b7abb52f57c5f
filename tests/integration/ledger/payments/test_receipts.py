"""Receipts: one for each payment, seen by who paid alone."""

import asyncio
import base64
from collections.abc import AsyncIterator

import pytest

from contracts.errors import ServiceError
from contracts.rpc.auth import Me, User
from contracts.rpc.payments import GetReceipt, ListReceipts, ReceiptFile, Receipts
from kernel.bus import MessageBus
from kernel.service import Service
from tests.fakes.razorpay import FakeRazorpay
from tests.given import refused
from tests.integration.ledger.payments.conftest import USER, heard, ordered, verified
from tests.waiting import until


@pytest.fixture
async def auth(nats_url: str) -> AsyncIterator[MessageBus]:
    bus = MessageBus("auth", nats_url)

    async def me(request: Me) -> User:
        if request.user_id != USER:
            raise ServiceError("USER_NOT_FOUND", "User not found.")
        return User(id=USER, email="jane@example.com", name="Jane", avatar_url=None, is_verified=True, created_at="")

    bus.answer(Me, me)
    await bus.start()
    yield bus
    await bus.close()


async def receipts(ledger: Service, user_id: int = USER) -> Receipts:
    found: Receipts = await ledger.bus.caller.ask(ListReceipts(user_id=user_id))
    return found


@pytest.mark.usefixtures("auth")
async def test_each_payment_has_one_receipt_for_its_owner_alone(ledger: Service, razorpay: FakeRazorpay) -> None:
    for _ in range(2):
        order = await ordered(ledger)
        payment = razorpay.pay(order.order_id)
        await asyncio.gather(
            verified(ledger, order.order_id, payment["id"]),
            heard(ledger, razorpay.call("payment.captured", payment=payment)),
        )
    found = await until(lambda: receipts(ledger), lambda listed: listed.total == 2)
    numbers = [int(item.number[-7:]) for item in found.items]
    assert numbers == [2, 1]
    assert (found.items[0].amount, found.items[0].refunded) == (12900, 0)
    await heard(ledger, razorpay.call("refund.processed", refund=razorpay.refund(payment, 6450), payment=payment))
    assert {item.refunded for item in (await receipts(ledger)).items} == {0, 6450}
    file: ReceiptFile = await ledger.bus.caller.ask(GetReceipt(user_id=USER, receipt_id=found.items[0].id))
    assert base64.b64decode(file.pdf).startswith(b"%PDF-")
    assert (await receipts(ledger, 8)).total == 0
    for user_id, receipt_id in ((8, found.items[0].id), (USER, 1), (USER, 10**15)):
        with refused("NOT_FOUND"):
            await ledger.bus.caller.ask(GetReceipt(user_id=user_id, receipt_id=receipt_id))
