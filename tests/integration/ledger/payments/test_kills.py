"""Whatever dies between paying and crediting: nothing is lost, nothing is credited twice."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

import pytest

from contracts.errors import ServiceError
from kernel.clock import utc_now
from kernel.db import LOST
from kernel.service import Service
from services.ledger.app import CODEC, LedgerSettings, build
from services.ledger.audit import audit
from tests.fakes.cutting import Wire
from tests.fakes.razorpay import FakeRazorpay
from tests.integration.ledger.payments.conftest import (
    Running,
    balance,
    balance_becomes,
    events,
    heard,
    keys,
    ordered,
    settled,
    verified,
)

T = TypeVar("T")
CUTS = 20
"""Messages to the database that a purchase and its settling take, and some."""


async def test_what_was_captured_when_the_process_ended_is_credited_by_the_next(
    running: Running, razorpay: FakeRazorpay
) -> None:
    for number in range(1, 4):
        async with running(**keys(razorpay)) as first:
            order = await ordered(first, package_id=1)
            await heard(first, razorpay.call("payment.captured", payment=razorpay.pay(order.order_id)))
        async with running(**keys(razorpay)) as second:
            await balance_becomes(second, 500 * number)


async def persistently(ask: Callable[[], Awaitable[T]]) -> T:
    """As phone and provider do: try until it is answered."""
    for _ in range(30):
        try:
            return await ask()
        except LOST:
            await asyncio.sleep(0.05)
        except ServiceError as error:
            if error.code not in {"SERVICE_UNAVAILABLE", "DEADLINE_EXCEEDED"}:
                raise
            await asyncio.sleep(0.05)
    raise AssertionError("it never came through")


@pytest.mark.parametrize("cut_after", [False, True], ids=["before", "after"])
async def test_the_database_may_go_away_before_or_after_any_statement(
    database_url: str, nats_url: str, razorpay: FakeRazorpay, *, cut_after: bool
) -> None:
    async with Wire(database_url) as wire:
        settings = LedgerSettings(ledger_database_url=wire.cut_url, nats_url=nats_url, **keys(razorpay))
        ledger = build(settings)
        await ledger.start()
        try:
            await buy_while_cutting(ledger, wire, razorpay, cut_after=cut_after)
        finally:
            wire.arm(0, cut_after=False)
            await ledger.stop()


async def buy_while_cutting(ledger: Service, wire: Wire, razorpay: FakeRazorpay, *, cut_after: bool) -> None:
    cuts = 0
    for number in range(1, CUTS + 1):
        order = await persistently(lambda: ordered(ledger, package_id=1))
        payment = razorpay.pay(order.order_id)
        wire.arm(number, cut_after=cut_after)
        call = razorpay.call("payment.captured", payment=payment)
        await persistently(partial(heard, ledger, call))
        await persistently(partial(verified, ledger, order.order_id, payment["id"]))
        await persistently(lambda: settled(ledger))
        cuts += wire.was_cut
        assert await persistently(lambda: balance(ledger)) == 500 * number
    assert cuts >= CUTS // 2, "it was hardly ever cut: the test tests nothing"
    wire.arm(0, cut_after=False)
    assert len(await events(ledger, "PaymentCaptured")) == CUTS
    async with ledger.database.write() as connection:
        report = await audit(connection, CODEC, utc_now())
    assert report.faults == []
