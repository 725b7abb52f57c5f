"""A running ledger whose payment provider is a stand-in, a clock that tests can move, and short ways to pay."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from contracts.rpc.ledger import Balance, GetBalance
from contracts.rpc.payments import Heard, HearProvider, OrderToPay, Purchase, Purchased, VerifyPurchase
from kernel.clock import utc_now
from kernel.service import Service
from services.ledger.app import LedgerSettings, build
from tests.conftest import MakeDatabase
from tests.fakes.razorpay import KEY_ID, KEY_SECRET, WEBHOOK_SECRET, Call, FakeRazorpay
from tests.waiting import until

Running = Callable[..., AbstractAsyncContextManager[Service]]
USER = 7


@dataclass
class Clock:
    """The real time, moved on by whatever the test lets pass."""

    passed: timedelta = timedelta()

    def __call__(self) -> datetime:
        return utc_now() + self.passed

    def let_pass(self, **units: float) -> None:
        self.passed += timedelta(**units)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def razorpay() -> AsyncIterator[FakeRazorpay]:
    async with FakeRazorpay() as fake:
        yield fake


@pytest.fixture
async def database_url(make_database: MakeDatabase) -> str:
    return await make_database("ledger")


@pytest.fixture
def running(database_url: str, nats_url: str, clock: Clock) -> Running:
    """One more process of the service, on the same database; arguments are settings."""

    @asynccontextmanager
    async def run(**settings: Any) -> AsyncIterator[Service]:
        own = LedgerSettings(ledger_database_url=database_url, nats_url=nats_url, **settings)
        service = build(own, clock=clock)
        await service.start()
        try:
            yield service
        finally:
            await service.stop()  # one that went on would answer the next test's requests

    return run


def keys(razorpay: FakeRazorpay) -> dict[str, Any]:
    return {
        "razorpay_key_id": KEY_ID,
        "razorpay_key_secret": SecretStr(KEY_SECRET),
        "razorpay_webhook_secret": SecretStr(WEBHOOK_SECRET),
        "razorpay_url": razorpay.url,
        "payment_timeout_s": 1,
    }


@pytest.fixture
async def ledger(running: Running, razorpay: FakeRazorpay) -> AsyncIterator[Service]:
    async with running(**keys(razorpay)) as service:
        yield service


async def ordered(ledger: Service, *, package_id: int = 2, user_id: int = USER, **more: Any) -> OrderToPay:
    found: OrderToPay = await ledger.bus.caller.ask(Purchase(user_id=user_id, package_id=package_id, **more))
    return found


async def verified(ledger: Service, order_id: str, payment_id: str, *, user_id: int = USER, **more: Any) -> Purchased:
    given = {"signature": FakeRazorpay.checkout_signature(order_id, payment_id)} | more
    request = VerifyPurchase(user_id=user_id, order_id=order_id, payment_id=payment_id, **given)
    found: Purchased = await ledger.bus.caller.ask(request)
    return found


async def heard(ledger: Service, call: Call) -> Heard:
    request = HearProvider(provider="razorpay", body=call.body, signature=call.signature, event_id=call.event_id)
    found: Heard = await ledger.bus.caller.ask(request)
    return found


async def balance(ledger: Service, user_id: int = USER) -> int:
    found: Balance = await ledger.bus.caller.ask(GetBalance(user_id=user_id))
    return found.balance


async def balance_becomes(ledger: Service, credits_: int, user_id: int = USER) -> None:
    await until(lambda: balance(ledger, user_id), lambda found: found == credits_)


async def events(ledger: Service, kind: str) -> list[Any]:
    async with ledger.database.write() as connection:
        return list(await connection.fetch("SELECT data FROM events WHERE type = $1 ORDER BY position", kind))


async def settled(ledger: Service) -> None:
    """Everything that was committed has been heard by everyone, and nothing more came of it."""
    last = "SELECT coalesce(max(position), 0) FROM events"
    told = "SELECT coalesce(max(position), 0) FROM relay_cursor WHERE name = 'events'"

    async def waiting() -> int:
        jetstream = ledger.bus.connected().jetstream()
        async with ledger.database.write() as connection:
            published: int = await connection.fetchval(told)
            info = await jetstream.consumer_info("LEDGER", "ledger-payments")
            committed: int = await connection.fetchval(last)
        return committed - published + (info.num_pending or 0) + (info.num_ack_pending or 0)

    await until(waiting, lambda found: found == 0)
