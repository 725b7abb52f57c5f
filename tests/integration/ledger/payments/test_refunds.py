"""Refunds that an administrator begins: once at the provider, once in the wallet."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import SecretStr

from contracts.rpc.ledger import Correction, Corrections, DecideCorrection, ListCorrections, ProposeCorrection
from contracts.rpc.payments import Refund, RefundPayment
from kernel.service import Service
from services.ledger.domain.corrections import CORRECTION, ApproveCorrection
from tests.fakes import stripe as stripes
from tests.fakes.razorpay import FakeRazorpay
from tests.fakes.stripe import FakeStripe
from tests.given import refused
from tests.integration.ledger.conftest import Accounts, accounts
from tests.integration.ledger.payments.conftest import (
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
from tests.waiting import until

__all__ = ["accounts"]
pytestmark = pytest.mark.usefixtures("accounts")
ADMIN, OTHER, NOBODY, BUYER = 1, 2, 50, 40
MUCH = 10**6
"""Credits that one administrator may refund alone here."""


@pytest.fixture
async def ledger(running: Running, razorpay: FakeRazorpay) -> AsyncIterator[Service]:
    async with running(**keys(razorpay), correction_limit=MUCH) as service:
        yield service


@pytest.fixture
async def watched(running: Running, razorpay: FakeRazorpay) -> AsyncIterator[Service]:
    """Where 1000 credits a day is as much as one administrator may refund alone."""
    async with running(**keys(razorpay)) as service:
        yield service


async def bought(ledger: Service, razorpay: FakeRazorpay, *, user_id: int = BUYER) -> tuple[str, dict[str, Any]]:
    """The id of its transaction, and the payment."""
    order = await ordered(ledger, user_id=user_id)
    payment = razorpay.pay(order.order_id)
    found = await verified(ledger, order.order_id, payment["id"], user_id=user_id)
    return found.transaction_id, payment


async def refund(ledger: Service, payment: str, **more: Any) -> Refund:
    request = RefundPayment(**{"by": ADMIN, "payment": payment, "reason": "Sorry"} | more)
    found: Refund = await ledger.bus.caller.ask(request)
    return found


async def test_money_and_credits_go_back_by_either_id_in_parts(ledger: Service, razorpay: FakeRazorpay) -> None:
    transaction, payment = await bought(ledger, razorpay)
    assert await balance(ledger, BUYER) == 1500
    part = await refund(ledger, transaction, amount=6450, reason=" Half of it was bad ")
    assert (part.status, part.amount, part.credits_taken, part.refunded_by) == ("made", 6450, 750, ADMIN)
    assert await balance(ledger, BUYER) == 750
    with refused("REFUND_TOO_LARGE"):
        await refund(ledger, transaction, amount=6451)
    rest = await refund(ledger, payment["order_id"])
    assert (rest.amount, rest.credits_taken, await balance(ledger, BUYER)) == (6450, 1500, 0)
    assert payment["amount_refunded"] == 12900
    with refused("REFUND_TOO_LARGE"):
        await refund(ledger, transaction)
    begun = (await events(ledger, "RefundBegun"))[0]["data"]
    assert '"by":1' in begun.replace(" ", "")
    assert '"Half of it was bad"' in begun


async def test_only_for_administrators_and_only_what_others_paid(ledger: Service, razorpay: FakeRazorpay) -> None:
    transaction, payment = await bought(ledger, razorpay)
    with refused("PERMISSION_DENIED"):
        await refund(ledger, transaction, by=NOBODY)
    own, _ = await bought(ledger, razorpay, user_id=ADMIN)
    with refused("PERMISSION_DENIED"):
        await refund(ledger, own)
    unpaid = await ordered(ledger, user_id=BUYER)
    for name in (unpaid.order_id, "order_none", "txn_999999", "txn_" + "9" * 60, "txn_x", "txn_²", "txn_", "\0"):
        with refused("PAYMENT_NOT_FOUND"):
            await refund(ledger, name)
    assert payment["amount_refunded"] == 0


async def test_twice_at_once_is_refunded_once(ledger: Service, razorpay: FakeRazorpay) -> None:
    transaction, payment = await bought(ledger, razorpay)
    same = await asyncio.gather(*(refund(ledger, transaction, amount=4300, idempotency_key="k") for _ in range(8)))
    assert {found.id for found in same} == {same[0].id}
    assert (payment["amount_refunded"], len(razorpay.refunds)) == (4300, 1)
    with refused("IDEMPOTENCY_CONFLICT"):
        await refund(ledger, transaction, amount=4301, idempotency_key="k")
    rest = await asyncio.gather(*(refund(ledger, transaction) for _ in range(8)), return_exceptions=True)
    assert sum(isinstance(found, Refund) for found in rest) == 1
    assert (payment["amount_refunded"], len(razorpay.refunds)) == (12900, 2)
    await settled(ledger)
    assert await balance(ledger, BUYER) == 0


@pytest.mark.parametrize("fault", ["lost", "hang", "html", 401, 409, 500, 429])
async def test_a_lost_answer_is_asked_for_until_it_comes(
    ledger: Service, razorpay: FakeRazorpay, clock: Clock, fault: Any
) -> None:
    transaction, payment = await bought(ledger, razorpay)
    razorpay.spoil_refund = fault
    found = await refund(ledger, transaction, idempotency_key="k")
    assert (found.status, found.credits_taken, await balance(ledger, BUYER)) == ("open", 0, 1500)
    with refused("REFUND_TOO_LARGE"):
        await refund(ledger, transaction)
    clock.let_pass(minutes=3)
    await balance_becomes(ledger, 0, BUYER)
    again = await refund(ledger, transaction, idempotency_key="k")
    assert (again.id, again.status) == (found.id, "made")
    assert (payment["amount_refunded"], len(razorpay.refunds)) == (12900, 1)


async def test_its_webhook_may_come_first_or_afterwards(ledger: Service, razorpay: FakeRazorpay, clock: Clock) -> None:
    transaction, payment = await bought(ledger, razorpay)
    razorpay.spoil_refund = "lost"
    assert (await refund(ledger, transaction)).status == "open"
    (made,) = razorpay.refunds.values()
    call = razorpay.call("refund.processed", payment=payment, refund=made)
    await heard(ledger, call)
    await balance_becomes(ledger, 0, BUYER)
    clock.let_pass(minutes=3)
    await until(lambda: events(ledger, "RefundMade"), lambda found: len(found) == 1)
    await heard(ledger, razorpay.call("refund.processed", payment=payment, refund=made))
    await settled(ledger)
    assert len(await events(ledger, "PaymentReversed")) == 1
    assert await balance(ledger, BUYER) == 0


async def test_a_killed_process_is_gone_on_for_by_another(
    running: Running, razorpay: FakeRazorpay, clock: Clock
) -> None:
    async with running(**keys(razorpay), correction_limit=MUCH) as first:
        transaction, _ = await bought(first, razorpay)
        razorpay.spoil_refund = "hang"
        assert (await refund(first, transaction)).status == "open"
    clock.let_pass(minutes=3)
    async with running(**keys(razorpay), correction_limit=MUCH) as second:
        await balance_becomes(second, 0, BUYER)


async def test_what_the_provider_refuses_costs_nobody_anything(ledger: Service, razorpay: FakeRazorpay) -> None:
    transaction, _ = await bought(ledger, razorpay)
    razorpay.spoil_refund = 400
    for _ in range(2):
        with refused("REFUND_REFUSED"):
            await refund(ledger, transaction, idempotency_key="k")
    assert await balance(ledger, BUYER) == 1500
    assert (await refund(ledger, transaction)).status == "made"


async def test_stripe_refunds_once_too(running: Running, clock: Clock) -> None:
    async with FakeStripe() as stripe, stripe_ledger(running, stripe) as ledger:
        order = await ordered(ledger, payment_method="stripe", user_id=BUYER)
        session = stripe.pay(order.order_id)
        await verified(ledger, order.order_id, "", user_id=BUYER)
        part = await refund(ledger, order.order_id, amount=6450)
        assert (part.status, await balance(ledger, BUYER)) == ("made", 750)
        stripe.spoil_refund = "lost"
        assert (await refund(ledger, order.order_id, idempotency_key="k")).status == "open"
        stripe.faults.append(401)  # it was made, and then our key is not taken for a while
        assert (await refund(ledger, order.order_id, idempotency_key="k")).status == "open"
        clock.let_pass(minutes=3)
        await balance_becomes(ledger, 0, BUYER)
        assert session["payment_intent"]["latest_charge"]["amount_refunded"] == 12900
        assert len(stripe.refunds) == 2


async def decided(ledger: Service, correction_id: int | None, *, by: int, approve: bool = True) -> Correction:
    request = DecideCorrection(by=by, correction_id=correction_id or 0, approve=approve)
    found: Correction = await ledger.bus.caller.ask(request)
    return found


async def test_a_large_one_takes_two(watched: Service, razorpay: FakeRazorpay, accounts: Accounts) -> None:
    transaction, payment = await bought(watched, razorpay)
    found, again = [await refund(watched, transaction, idempotency_key="k") for _ in range(2)]
    assert (found, found.status, found.amount, found.correction_id) == (again, "proposed", 12900, 1)
    assert (payment["amount_refunded"], await balance(watched, BUYER)) == (0, 1500)
    waiting: Corrections = await watched.bus.caller.ask(ListCorrections(by=OTHER))
    assert [(each.credits, each.transaction_id, each.amount) for each in waiting.items] == [(-1500, transaction, 12900)]
    accounts.suspended.add(3)
    accounts.roles[BUYER] = "admin"
    for by in (ADMIN, BUYER, 3, NOBODY):
        with refused("PERMISSION_DENIED"):
            await decided(watched, found.correction_id, by=by)
    approved = await decided(watched, found.correction_id, by=OTHER)
    assert (approved.status, approved.decided_by) == ("approved", OTHER)
    assert (payment["amount_refunded"], await balance(watched, BUYER)) == (12900, 0)
    with refused("CORRECTION_ENDED"):
        await decided(watched, found.correction_id, by=OTHER)
    await settled(watched)
    assert (len(razorpay.refunds), len(await events(watched, "RefundBegun"))) == (1, 1)


async def test_a_large_one_in_small_pieces_takes_two_as_well(watched: Service, razorpay: FakeRazorpay) -> None:
    transaction, payment = await bought(watched, razorpay)
    assert (await refund(watched, transaction, amount=4300)).status == "made"  # 500 credits
    correction = ProposeCorrection(by=ADMIN, user_id=BUYER, credits=-400, reason="x")
    assert (await watched.bus.caller.ask(correction)).status == "approved"
    small = [await refund(watched, transaction, amount=1720) for _ in range(2)]  # 200 credits each
    assert [found.status for found in small] == ["proposed", "proposed"]
    other, _ = await bought(watched, razorpay)
    assert (await refund(watched, other, amount=1720)).status == "proposed"  # the same buyer
    assert (await refund(watched, other, amount=1720, by=OTHER)).status == "made"
    assert (await decided(watched, small[0].correction_id, by=OTHER, approve=False)).status == "rejected"
    assert payment["amount_refunded"] == 4300


async def test_what_cannot_go_back_any_more_or_is_refused_has_failed(watched: Service, razorpay: FakeRazorpay) -> None:
    transaction, payment = await bought(watched, razorpay)
    two = [await refund(watched, transaction) for _ in range(2)]
    razorpay.spoil_refund = 400
    assert (await decided(watched, two[0].correction_id, by=OTHER)).status == "failed"
    razorpay.spoil_refund = "lost"
    second = await decided(watched, two[1].correction_id, by=OTHER)
    assert (second.status, payment["amount_refunded"]) == ("approved", 12900)  # open: it is asked for until it is known
    with refused("REFUND_TOO_LARGE"):
        await refund(watched, transaction)
    other, _ = await bought(watched, razorpay)
    two = [await refund(watched, other) for _ in range(2)]
    statuses = [(await decided(watched, found.correction_id, by=OTHER)).status for found in two]
    assert statuses == ["approved", "failed"]
    assert len(razorpay.refunds) == 2


async def test_one_that_was_approved_by_a_process_that_died_is_made(
    watched: Service, razorpay: FakeRazorpay, clock: Clock
) -> None:
    transaction, payment = await bought(watched, razorpay)
    found = await refund(watched, transaction)
    assert found.correction_id
    await watched.commands.execute(CORRECTION, found.correction_id, ApproveCorrection(found.correction_id, OTHER))
    await until(lambda: events(watched, "RefundBegun"), lambda begun: len(begun) == 1)
    clock.let_pass(minutes=3)
    await balance_becomes(watched, 0, BUYER)
    assert (payment["amount_refunded"], len(razorpay.refunds)) == (12900, 1)


def stripe_ledger(running: Running, stripe: FakeStripe) -> Any:
    return running(
        stripe_public_key=stripes.PUBLIC_KEY,
        stripe_secret_key=SecretStr(stripes.SECRET_KEY),
        stripe_webhook_secret=SecretStr(stripes.WEBHOOK_SECRET),
        stripe_url=stripe.url,
        correction_limit=MUCH,
    )
