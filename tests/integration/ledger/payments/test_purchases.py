"""Buying credits with Razorpay, on real servers, over real HTTP."""

import asyncio
import itertools
import json
import random
from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from contracts.rpc.payments import ListPackages, Packages, Purchase
from kernel.service import Service
from services.ledger.domain import WALLET, SpendCredits
from tests.fakes.razorpay import KEY_ID, FakeRazorpay, signature
from tests.given import refused
from tests.integration.ledger.payments.conftest import (
    USER,
    Clock,
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


async def test_the_packages_are_those_of_the_guide(ledger: Service) -> None:
    found: Packages = await ledger.bus.caller.ask(ListPackages())
    shown = [(p.id, p.credits, p.price, p.per_credit_cost, p.discount_percent, p.popular) for p in found.items]
    assert shown == [(1, 500, 49, 0.098, 0, False), (2, 1500, 129, 0.086, 12, True), (3, 5000, 399, 0.08, 18, False)]


async def test_a_purchase_is_ordered_paid_verified_and_credited_once(ledger: Service, razorpay: FakeRazorpay) -> None:
    order = await ordered(ledger)
    assert (order.amount, order.currency, order.public_key) == (12900, "INR", KEY_ID)
    assert razorpay.orders[order.order_id]["amount"] == 12900
    payment = razorpay.pay(order.order_id)
    first = await verified(ledger, order.order_id, payment["id"])
    assert (first.credits_added, first.new_balance) == (1500, 1500)
    assert await verified(ledger, order.order_id, payment["id"]) == first
    await settled(ledger)
    assert await balance(ledger) == 1500


async def test_a_payment_that_is_only_authorized_is_captured(ledger: Service, razorpay: FakeRazorpay) -> None:
    order = await ordered(ledger)
    payment = razorpay.pay(order.order_id, status="authorized")
    assert (await verified(ledger, order.order_id, payment["id"])).new_balance == 1500
    assert razorpay.payments[payment["id"]]["captured"]


async def test_nothing_is_credited_for_a_bad_signature_or_an_order_that_is_not_mine(
    ledger: Service, razorpay: FakeRazorpay
) -> None:
    order = await ordered(ledger)
    payment = razorpay.pay(order.order_id)
    for wrong in ("", "0" * 64, "é" * 64, "x" * 100_000, signature(f"{order.order_id}|{payment['id']}", "")):
        with refused("PAYMENT_FAILED"):
            await verified(ledger, order.order_id, payment["id"], signature=wrong)
    with refused("PAYMENT_FAILED"):
        await verified(ledger, "order_999", payment["id"])
    with refused("PAYMENT_FAILED"):
        await verified(ledger, order.order_id, payment["id"], user_id=8)
    await settled(ledger)
    assert (await balance(ledger), await balance(ledger, 8)) == (0, 0)


@pytest.mark.parametrize(
    "changes", [{"amount": 100}, {"amount": 12901}, {"currency": "USD"}, {"status": "failed"}, {"status": "created"}]
)
async def test_a_signature_is_not_enough_the_money_must_be_what_was_ordered(
    ledger: Service, razorpay: FakeRazorpay, changes: dict[str, object]
) -> None:
    order = await ordered(ledger)
    payment = razorpay.pay(order.order_id)
    payment.update(changes)
    with refused("PAYMENT_FAILED"):
        await verified(ledger, order.order_id, payment["id"])
    await heard(ledger, razorpay.call("payment.captured", payment=payment))
    await settled(ledger)
    assert await balance(ledger) == 0
    alerts = await events(ledger, "PaymentMismatched")
    assert len(alerts) == int("amount" in changes or "currency" in changes)


async def test_the_payment_of_a_cheap_order_does_not_pay_for_a_dear_one(
    ledger: Service, razorpay: FakeRazorpay
) -> None:
    cheap, dear = await ordered(ledger, package_id=1), await ordered(ledger, package_id=3)
    payment = razorpay.pay(cheap.order_id)
    with refused("PAYMENT_FAILED"):
        await verified(ledger, dear.order_id, payment["id"])
    assert (await verified(ledger, cheap.order_id, payment["id"])).new_balance == 500


async def test_a_webhook_alone_credits_and_its_repetition_does_not(ledger: Service, razorpay: FakeRazorpay) -> None:
    order = await ordered(ledger)
    call = razorpay.call("payment.captured", payment=razorpay.pay(order.order_id))
    assert (await heard(ledger, call)).fresh
    assert not (await heard(ledger, call)).fresh
    await balance_becomes(ledger, 1500)
    await settled(ledger)
    assert await balance(ledger) == 1500


async def test_a_forged_webhook_is_refused_and_changes_nothing(ledger: Service, razorpay: FakeRazorpay) -> None:
    order = await ordered(ledger)
    payment = razorpay.pay(order.order_id)
    for secret in ("", "guessed"):
        with refused("INVALID_SIGNATURE"):
            await heard(ledger, razorpay.call("payment.captured", secret=secret, payment=payment))
    await settled(ledger)
    assert await balance(ledger) == 0


async def test_nobody_can_use_up_the_id_of_an_event_that_is_still_to_come(
    ledger: Service, razorpay: FakeRazorpay
) -> None:
    order = await ordered(ledger)
    old = razorpay.call("payment.failed", payment=razorpay.pay(order.order_id, status="failed"))
    true = razorpay.call("payment.captured", payment=razorpay.pay(order.order_id))
    await heard(ledger, type(old)(old.body, old.signature, true.event_id))
    assert (await heard(ledger, true)).fresh
    await balance_becomes(ledger, 1500)


async def test_what_is_not_about_us_is_left_alone(ledger: Service, razorpay: FakeRazorpay) -> None:
    razorpay.orders["order_x"] = {"id": "order_x", "amount": 5000, "currency": "INR"}
    stranger = razorpay.pay("order_x")
    assert (await heard(ledger, razorpay.call("payment.captured", payment=stranger))).fresh
    refund = razorpay.call("refund.processed", refund=razorpay.refund(stranger), payment=stranger)
    assert (await heard(ledger, refund)).fresh
    assert (await heard(ledger, razorpay.call("invoice.paid"))).fresh


async def test_verify_webhooks_and_reconciler_at_once_in_any_order_credit_once(
    ledger: Service, razorpay: FakeRazorpay, clock: Clock
) -> None:
    for number, shuffled in enumerate(itertools.islice(itertools.permutations(range(4)), 0, 24, 4), 1):
        order = await ordered(ledger, package_id=1)
        payment = razorpay.pay(order.order_id)
        captured = razorpay.call("payment.captured", payment=payment)
        paid = razorpay.call("order.paid", payment=payment, order=razorpay.orders[order.order_id])
        ways: list[Callable[[], Awaitable[object]]] = [
            partial(verified, ledger, order.order_id, payment["id"]),
            partial(heard, ledger, captured),
            partial(heard, ledger, paid),
            partial(heard, ledger, captured),
        ]
        clock.let_pass(minutes=3)
        await asyncio.gather(*[ways[index]() for index in shuffled], *[way() for way in random.sample(ways, 4)])
        await settled(ledger)
        assert await balance(ledger) == 500 * number
    assert len(await events(ledger, "PaymentCaptured")) == 6


async def test_two_processes_credit_a_payment_once(ledger: Service, running: Running, razorpay: FakeRazorpay) -> None:
    async with running(**keys(razorpay)):
        order = await ordered(ledger)
        payment = razorpay.pay(order.order_id)
        calls = [razorpay.call("payment.captured", payment=payment) for _ in range(5)]
        await asyncio.gather(
            *[heard(ledger, call) for call in calls * 2],
            *[verified(ledger, order.order_id, payment["id"]) for _ in range(5)],
        )
        await settled(ledger)
        assert await balance(ledger) == 1500


async def test_the_reconciler_finds_what_nobody_told(ledger: Service, razorpay: FakeRazorpay, clock: Clock) -> None:
    order = await ordered(ledger)
    razorpay.pay(order.order_id, status="authorized")
    clock.let_pass(minutes=3)
    await balance_becomes(ledger, 1500)


async def test_the_reconciler_goes_on_when_the_provider_was_away_and_closes_in_the_end(
    ledger: Service, razorpay: FakeRazorpay, clock: Clock
) -> None:
    await ordered(ledger)
    razorpay.faults.extend(["html", 500, 429, b"not json"])
    async with asyncio.timeout(60):
        while not await events(ledger, "OrderClosed"):
            clock.let_pass(days=4)
            await asyncio.sleep(0.6)
    assert len(await events(ledger, "OrderClosed")) == 1
    assert len(await events(ledger, "OrderChecked")) == 6


@pytest.mark.parametrize("fault", ["html", "hang", "cut", 500, 429, b"[]", b"{}", b"<html>"])
async def test_a_provider_that_is_away_is_told_as_such_and_the_same_key_tries_again(
    ledger: Service, razorpay: FakeRazorpay, fault: str | int | bytes
) -> None:
    razorpay.faults.append(fault)
    with refused("SERVICE_UNAVAILABLE"):
        await ordered(ledger, idempotency_key="k1")
    order = await ordered(ledger, idempotency_key="k1")
    again = await ordered(ledger, idempotency_key="k1")
    assert (again.order_id, again.replayed) == (order.order_id, True)
    with refused("IDEMPOTENCY_CONFLICT"):
        await ordered(ledger, package_id=3, idempotency_key="k1")
    payment = razorpay.pay(order.order_id)
    razorpay.faults.append(fault)
    with refused("SERVICE_UNAVAILABLE"):
        await verified(ledger, order.order_id, payment["id"])
    assert (await verified(ledger, order.order_id, payment["id"])).new_balance == 1500


async def test_what_the_provider_refuses_is_a_failed_payment(ledger: Service, razorpay: FakeRazorpay) -> None:
    razorpay.faults.append(400)
    with refused("PAYMENT_FAILED"):
        await ordered(ledger)


async def test_unknown_packages_and_ways_of_paying_have_their_codes(ledger: Service) -> None:
    with refused("PACKAGE_NOT_FOUND"):
        await ordered(ledger, package_id=99)
    for method in ("google_pay", "apple_pay", "stripe", ""):
        with refused("PAYMENT_METHOD_UNSUPPORTED"):
            await ordered(ledger, payment_method=method)


async def test_without_keys_payments_are_off_and_say_so(running: Running) -> None:
    async with running() as ledger:
        with refused("PAYMENTS_OFF"):
            await ledger.bus.caller.ask(Purchase(user_id=USER, package_id=1))
        with refused("PAYMENTS_OFF"):
            await verified(ledger, "order_1", "pay_1")


async def test_no_event_table_or_state_holds_what_the_provider_knows_of_a_person(
    ledger: Service, razorpay: FakeRazorpay
) -> None:
    order = await ordered(ledger)
    payment = razorpay.pay(order.order_id)
    await verified(ledger, order.order_id, payment["id"])
    await heard(ledger, razorpay.call("payment.captured", payment=payment))
    await settled(ledger)
    async with ledger.database.write() as connection:
        for table in ("events", "streams", "orders", "notices", "command_keys", "transfers"):
            kept = json.dumps([str(dict(row)) for row in await connection.fetch(f"TABLE {table}")])
            assert "jane@example.com" not in kept
            assert "9876543210" not in kept


async def test_a_refund_takes_the_credits_back_even_if_they_are_spent_and_new_ones_fill_the_hole(
    ledger: Service, razorpay: FakeRazorpay
) -> None:
    order = await ordered(ledger, package_id=1)
    payment = razorpay.pay(order.order_id)
    await verified(ledger, order.order_id, payment["id"])
    await ledger.commands.execute(WALLET, USER, SpendCredits(USER, 400, "creation", "Spent"))
    refund = razorpay.refund(payment)
    for event in ("refund.processed", "refund.created", "refund.processed"):
        await heard(ledger, razorpay.call(event, refund=refund, payment=payment))
    await balance_becomes(ledger, -400)
    with refused("INSUFFICIENT_CREDITS"):
        await ledger.commands.execute(WALLET, USER, SpendCredits(USER, 1, "creation", "Spent"))
    second = await ordered(ledger, package_id=1)
    paid = await verified(ledger, second.order_id, razorpay.pay(second.order_id)["id"])
    assert paid.new_balance == 100


async def test_a_refund_that_is_heard_before_its_payment_is_asked_after(
    ledger: Service, razorpay: FakeRazorpay
) -> None:
    order = await ordered(ledger)
    payment = razorpay.pay(order.order_id)
    refund = razorpay.refund(payment, 6450)
    await heard(ledger, razorpay.call("refund.created", refund=refund))  # without the payment's entity
    await heard(ledger, razorpay.call("payment.captured", payment=payment))
    await balance_becomes(ledger, 750)
    await settled(ledger)
    assert await balance(ledger) == 750


async def test_a_dispute_freezes_and_winning_it_gives_back(ledger: Service, razorpay: FakeRazorpay) -> None:
    order = await ordered(ledger)
    payment = razorpay.pay(order.order_id)
    await verified(ledger, order.order_id, payment["id"])
    created = razorpay.call("payment.dispute.created", dispute=razorpay.dispute(payment), payment=payment)
    won = razorpay.call("payment.dispute.won", dispute=razorpay.dispute(payment, "won"), payment=payment)
    await heard(ledger, created)
    await balance_becomes(ledger, 0)
    await heard(ledger, won)
    await balance_becomes(ledger, 1500)
    under_review = razorpay.dispute(payment, "under_review")
    await heard(ledger, razorpay.call("payment.dispute.under_review", dispute=under_review, payment=payment))
    await settled(ledger)
    assert await balance(ledger) == 1500


async def test_a_dispute_that_is_lost_stays_taken(ledger: Service, razorpay: FakeRazorpay) -> None:
    order = await ordered(ledger)
    payment = razorpay.pay(order.order_id)
    for event, status in (("lost", "lost"), ("created", "open"), ("closed", "closed")):
        dispute = razorpay.dispute(payment, status, amount_deducted=12900)
        await heard(ledger, razorpay.call(f"payment.dispute.{event}", dispute=dispute, payment=payment))
    await settled(ledger)
    assert await balance(ledger) == 0
    assert len(await events(ledger, "PaymentReversed")) == 1
