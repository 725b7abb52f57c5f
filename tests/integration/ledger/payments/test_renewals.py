"""Webhooks of subscriptions that are late, lost or doubled: every period is credited, once."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

from contracts.rpc.payments import ListSubscriptionHistory, SubscriptionEntries
from kernel.clock import utc_now
from kernel.service import Service
from services.ledger.app import CODEC, LedgerSettings, build
from services.ledger.audit import audit
from tests.fakes.cutting import Wire
from tests.fakes.razorpay import FakeRazorpay
from tests.fakes.stripe import FakeStripe
from tests.integration.ledger.payments.conftest import (
    USER,
    Clock,
    Running,
    balance,
    balance_becomes,
    events,
    heard,
    settled,
)
from tests.integration.ledger.payments.plans import (
    MONTH_S,
    becomes,
    both,
    changed,
    charged,
    ledger,
    provider_says,
    stripe,
    stripe_says,
    subscribed,
)
from tests.integration.ledger.payments.test_kills import persistently
from tests.waiting import until

__all__ = ["ledger", "stripe"]
T = TypeVar("T")
CUTS = 7


async def credited(ledger: Service) -> int:
    return len(await events(ledger, "PeriodStarted"))


async def test_periods_whose_webhook_never_comes_are_credited_once(
    ledger: Service, razorpay: FakeRazorpay, clock: Clock
) -> None:
    ref = (await subscribed(ledger)).provider_subscription_id
    clock.let_pass(minutes=11)
    await until(lambda: events(ledger, "SubscriptionLookedAt"), lambda found: len(found) == 1)  # too early, and again
    first = charged(razorpay, ref, 19900)
    razorpay.faults.extend(["html", 500, "cut"])
    clock.let_pass(hours=2)
    await until(as_time_passes(clock, lambda: credited(ledger)), lambda found: found == 1)
    await balance_becomes(ledger, 3000)
    call = razorpay.call("subscription.charged", **first)
    await asyncio.gather(*(heard(ledger, call) for _ in range(4)))
    clock.let_pass(days=30)  # the period ends: its credits go, and two more were charged meanwhile
    charged(razorpay, ref, 19900, number=1)
    charged(razorpay, ref, 19900, number=2)
    await until(lambda: credited(ledger), lambda found: found == 3)
    await becomes(ledger, "active")
    await settled(ledger)
    assert await balance(ledger) == 6000
    assert (await heard(ledger, razorpay.call("subscription.charged", **first))).fresh
    assert await credited(ledger) == 3


async def test_the_same_at_stripe_whose_webhook_tells_less(ledger: Service, stripe: FakeStripe, clock: Clock) -> None:
    session = (await subscribed(ledger, payment_method="stripe")).provider_subscription_id
    subscription = stripe.subscribe(session)
    start = int(time.time())
    first = stripe.invoice(subscription, 19900, start, start + MONTH_S)
    clock.let_pass(minutes=11)
    await balance_becomes(ledger, 3000)
    for _ in range(2):
        await stripe_says(ledger, stripe.call("invoice.paid", first))
    second = stripe.invoice(subscription, 19900, start + MONTH_S, start + 2 * MONTH_S)
    await asyncio.gather(*(stripe_says(ledger, stripe.call("invoice.paid", second)) for _ in range(3)))
    clock.let_pass(days=30)
    await balance_becomes(ledger, 3000)
    third = stripe.invoice(subscription, 19900, start + 2 * MONTH_S, start + 3 * MONTH_S)
    clock.let_pass(days=30)
    await until(lambda: credited(ledger), lambda found: found == 3)
    await stripe_says(ledger, stripe.call("invoice.paid", third))
    subscription["status"] = "canceled"
    clock.let_pass(days=30)  # and the webhook of its end is lost, too
    await becomes(ledger, None)
    assert await credited(ledger) == 3


async def test_webhook_and_reconciler_at_once_credit_once(
    ledger: Service, razorpay: FakeRazorpay, clock: Clock
) -> None:
    users = range(100, 108)
    made = [await subscribed(ledger, user_id=user_id) for user_id in users]
    calls = [
        razorpay.call("subscription.charged", **charged(razorpay, found.provider_subscription_id, 19900))
        for found in made
    ]
    clock.let_pass(minutes=11)
    await asyncio.gather(*(heard(ledger, call) for call in calls for _ in range(3)))
    await settled(ledger)
    assert [await balance(ledger, user_id) for user_id in users] == [3000] * len(users)
    assert await credited(ledger) == len(users)


async def test_nobody_lapses_while_the_provider_cannot_be_asked(
    ledger: Service, razorpay: FakeRazorpay, clock: Clock
) -> None:
    ref = (await subscribed(ledger)).provider_subscription_id
    await heard(ledger, razorpay.call("subscription.charged", **charged(razorpay, ref, 19900)))
    clock.let_pass(days=30)
    await becomes(ledger, "grace")
    charged(razorpay, ref, 19900, number=1)
    razorpay.faults.extend(["html"] * 4)
    clock.let_pass(days=8)
    await until(as_time_passes(clock, lambda: credited(ledger)), lambda found: found == 2)
    assert not razorpay.faults
    await becomes(ledger, "active")


async def faults_left(razorpay: FakeRazorpay) -> int:
    return len(razorpay.faults)


async def test_what_was_paid_at_the_last_moment_is_credited_after_the_end(
    ledger: Service, razorpay: FakeRazorpay, stripe: FakeStripe
) -> None:
    """One begun and not paid for makes room for the next; it was being paid for just then."""
    ref = (await subscribed(ledger)).provider_subscription_id
    charged(razorpay, ref, 19900)
    session = (await subscribed(ledger, payment_method="stripe")).provider_subscription_id
    await balance_becomes(ledger, 3000)
    await until(lambda: provider_says(razorpay, ref), lambda status: status == "cancelled")
    subscription = stripe.subscribe(session)
    stripe.invoice(subscription, 19900, int(time.time()), int(time.time()) + MONTH_S)
    await subscribed(ledger, "pro")
    await balance_becomes(ledger, 6000)

    async def status() -> str:
        return str(subscription["status"])

    await until(status, lambda found: found == "canceled")


async def test_an_end_at_the_provider_is_noticed_without_its_webhook(
    ledger: Service, razorpay: FakeRazorpay, clock: Clock
) -> None:
    ref = (await subscribed(ledger)).provider_subscription_id
    await heard(ledger, razorpay.call("subscription.charged", **charged(razorpay, ref, 19900)))
    await changed(ledger, "change", "pro")
    razorpay.subscriptions[ref]["status"] = "completed"
    clock.let_pass(days=31)
    await becomes(ledger, None)
    history: SubscriptionEntries = await ledger.bus.caller.ask(ListSubscriptionHistory(user_id=USER))
    assert history.items[0].what == "ended_provider"


async def test_a_killed_process_is_gone_on_for_by_another(
    running: Running, razorpay: FakeRazorpay, stripe: FakeStripe, clock: Clock
) -> None:
    async with running(**both(razorpay, stripe)) as first:
        ref = (await subscribed(first)).provider_subscription_id
        charged(razorpay, ref, 19900)
        razorpay.faults.append("hang")
        clock.let_pass(minutes=11)
        await until(lambda: faults_left(razorpay), lambda found: found == 0)
    clock.let_pass(minutes=1)
    async with running(**both(razorpay, stripe)) as second:
        await balance_becomes(second, 3000)


async def test_the_database_may_go_away_at_any_statement_of_a_look_or_a_refund(
    database_url: str, nats_url: str, razorpay: FakeRazorpay, stripe: FakeStripe, clock: Clock
) -> None:
    async with Wire(database_url) as wire:
        settings = LedgerSettings(ledger_database_url=wire.cut_url, nats_url=nats_url, **both(razorpay, stripe))
        service = build(settings, clock=clock)
        await service.start()
        try:
            assert await look_while_cutting(service, wire, razorpay, clock) >= CUTS, "it was hardly ever cut"
        finally:
            wire.arm(0, cut_after=False)
            await service.stop()


async def look_while_cutting(ledger: Service, wire: Wire, razorpay: FakeRazorpay, clock: Clock) -> int:
    cuts = 0
    for number in range(1, CUTS + 1):
        user_id = 200 + number
        made = await persistently(partial(subscribed, ledger, user_id=user_id))
        payment = charged(razorpay, made.provider_subscription_id, 19900)["payment"]
        wire.arm(number, cut_after=number % 2 == 0)
        clock.let_pass(minutes=11)
        asked = as_time_passes(clock, partial(balance, ledger, user_id))
        await persistently(partial(until, asked, lambda found: found == 3000))
        cuts += wire.was_cut
        refund = razorpay.call("refund.processed", payment=payment, refund=razorpay.refund(payment))
        wire.arm(number, cut_after=number % 2 == 1)
        await persistently(partial(heard, ledger, refund))
        await persistently(partial(until, asked, lambda found: found == 0))
        cuts += wire.was_cut
    wire.arm(0, cut_after=False)
    await settled(ledger)
    assert (await credited(ledger), len(await events(ledger, "PeriodReversed"))) == (CUTS, CUTS)
    async with ledger.database.write() as connection:
        assert (await audit(connection, CODEC, utc_now())).faults == []
    return cuts


def as_time_passes(clock: Clock, question: Callable[[], Awaitable[T]]) -> Callable[[], Awaitable[T]]:
    """The question, with a second between the times that it is asked: what failed is tried again after some."""

    async def asked() -> T:
        clock.let_pass(seconds=1)
        return await question()

    return asked
