"""Refunds that the provider refuses after all: who approved them hears it, and nothing of them counts any more."""

from functools import partial
from typing import Any

import pytest

from contracts.rpc.ledger import Correction, Corrections, ListCorrections
from kernel.clock import utc_now
from kernel.service import Service
from services.ledger.app import CODEC, LedgerSettings, build
from services.ledger.audit import audit
from tests.fakes.cutting import Wire
from tests.fakes.razorpay import FakeRazorpay
from tests.given import refused
from tests.integration.ledger.conftest import accounts
from tests.integration.ledger.payments.conftest import (
    Clock,
    balance,
    balance_becomes,
    events,
    heard,
    keys,
    settled,
)
from tests.integration.ledger.payments.plans import charged, ledger, stripe, subscribed
from tests.integration.ledger.payments.test_kills import persistently
from tests.integration.ledger.payments.test_refunds import (
    ADMIN,
    BUYER,
    OTHER,
    bought,
    decided,
    refund,
    watched,
)
from tests.waiting import until

__all__ = ["accounts", "ledger", "stripe", "watched"]
CUTS = 8
"""Messages to the database that a refund takes."""
pytestmark = pytest.mark.usefixtures("accounts")


async def failed(ledger: Service, by: int = ADMIN) -> list[Correction]:
    found: Corrections = await ledger.bus.caller.ask(ListCorrections(by=by, status="failed"))
    return list(found.items)


async def approved(ledger: Service, transaction: str) -> Correction:
    """A large refund, with both signatures."""
    asked = await refund(ledger, transaction)
    return await decided(ledger, asked.correction_id, by=OTHER)


def failing(razorpay: FakeRazorpay, payment: dict[str, Any]) -> Any:
    """The provider's word that the newest refund of a payment could not be made."""
    made = [each for each in razorpay.refunds.values() if each["payment_id"] == payment["id"]][-1]
    made["status"] = "failed"
    payment["amount_refunded"] -= made["amount"]
    return razorpay.call("refund.failed", refund=made)


async def test_an_approved_one_that_fails_later_ends_its_correction_in_whatever_order(
    watched: Service, razorpay: FakeRazorpay, clock: Clock
) -> None:
    later, first, never = [await bought(watched, razorpay, user_id=user_id) for user_id in (40, 41, 42)]

    assert (await approved(watched, later[0])).status == "approved"
    assert await balance(watched, 40) == 0
    processed = razorpay.call("refund.processed", refund=dict(next(iter(razorpay.refunds.values()))))
    call = failing(razorpay, later[1])
    for told in (
        call,
        call,
        processed,
        razorpay.call("refund.failed", refund=dict(next(iter(razorpay.refunds.values())))),
    ):
        await heard(watched, told)
    await balance_becomes(watched, 1500, 40)

    razorpay.spoil_refund = "lost"
    assert (await approved(watched, first[0])).status == "approved"
    await heard(watched, failing(razorpay, first[1]))  # before the answer

    razorpay.spoil_refund = 500
    assert (await approved(watched, never[0])).status == "approved"
    razorpay.spoil_refund = 400  # when the timer asks again
    clock.let_pass(minutes=3)
    found = await until(lambda: failed(watched), lambda corrections: len(corrections) == 3)
    assert found == await failed(watched, OTHER)
    told_why = [(each.failed_code, each.failed_reason) for each in found]
    assert told_why == [("REFUND_REFUSED", "As told"), ("REFUND_REFUSED", None), ("REFUND_REFUSED", None)]
    await settled(watched)
    assert [await balance(watched, user_id) for user_id in (40, 41, 42)] == [1500] * 3
    assert len(await events(watched, "RefundRefused")) == 3
    assert len(await events(watched, "CorrectionFailed")) == 3
    for transaction, payment in (later, first, never):
        assert (await approved(watched, transaction)).status == "approved"
        assert payment["amount_refunded"] == 12900
    await settled(watched)
    assert [await balance(watched, user_id) for user_id in (40, 41, 42)] == [0] * 3


async def test_one_that_fails_without_a_word_is_found_out(
    watched: Service, razorpay: FakeRazorpay, clock: Clock
) -> None:
    transaction, payment = await bought(watched, razorpay)
    assert (await approved(watched, transaction)).status == "approved"
    clock.let_pass(hours=25)
    await until(lambda: asked_for_refunds(razorpay), lambda found: found == 2)  # before it was made, and now
    assert await events(watched, "RefundRefused") == []
    failing(razorpay, payment)
    clock.let_pass(days=6)
    (found,) = await until(lambda: failed(watched), lambda corrections: len(corrections) == 1)
    assert found.failed_code == "REFUND_REFUSED"
    await balance_becomes(watched, 1500, BUYER)
    assert len(razorpay.refunds) == 1


async def asked_for_refunds(razorpay: FakeRazorpay) -> int:
    return sum(asked.method == "GET" and asked.path.endswith("/refunds") for asked in razorpay.asked)


async def test_what_comes_back_of_a_period_ends_with_it(ledger: Service, razorpay: FakeRazorpay, clock: Clock) -> None:
    for user_id in (BUYER, 41):
        ref = (await subscribed(ledger, user_id=user_id)).provider_subscription_id
        period = charged(razorpay, ref, 19900)
        await heard(ledger, razorpay.call("subscription.charged", **period))
        await balance_becomes(ledger, 3000, user_id)
        assert (await refund(ledger, period["payment"]["id"], amount=1990)).status == "made"
    await heard(ledger, failing(razorpay, next(iter(razorpay.payments.values()))))
    await balance_becomes(ledger, 3000, BUYER)
    clock.let_pass(days=31)
    await balance_becomes(ledger, 0, BUYER)
    await balance_becomes(ledger, 0, 41)
    await heard(ledger, failing(razorpay, period["payment"]))  # it would have gone with the rest
    await until(lambda: events(ledger, "RefundRefused"), lambda found: len(found) == 2)
    await settled(ledger)
    assert await balance(ledger, 41) == 0


async def test_what_was_refused_counts_no_more_against_what_one_may_do_alone(
    watched: Service, razorpay: FakeRazorpay
) -> None:
    transaction, payment = await bought(watched, razorpay)
    razorpay.spoil_refund = 400
    for _ in range(2):
        with refused("REFUND_REFUSED"):
            await refund(watched, transaction, amount=8600, idempotency_key="k")
    assert (await refund(watched, transaction, amount=8600)).status == "made"  # all of the 1000 credits of a day
    assert (await refund(watched, transaction, amount=860)).status == "proposed"
    call = failing(razorpay, payment)
    for _ in range(2):
        await heard(watched, call)
    await balance_becomes(watched, 1500, BUYER)
    await until(lambda: events(watched, "AllowanceReturned"), lambda found: len(found) == 2)
    assert (await refund(watched, transaction, amount=4300)).status == "made"
    assert (await refund(watched, transaction, amount=4309)).status == "proposed"  # 501 more
    assert (await refund(watched, transaction, amount=4300)).status == "made"
    await settled(watched)
    assert await balance(watched, BUYER) == 500
    assert len(await events(watched, "AllowanceReturned")) == 2


async def test_the_database_may_go_away_at_any_statement_of_a_refund_that_fails(
    database_url: str, nats_url: str, razorpay: FakeRazorpay, clock: Clock
) -> None:
    """Each takes all that one may do alone: the next is made only if it was given back, and only once."""
    async with Wire(database_url) as wire:
        service = build(
            LedgerSettings(ledger_database_url=wire.cut_url, nats_url=nats_url, **keys(razorpay)), clock=clock
        )
        await service.start()
        try:
            assert await refund_while_cutting(service, wire, razorpay) >= CUTS, "it was hardly ever cut"
        finally:
            wire.arm(0, cut_after=False)
            await service.stop()


async def refund_while_cutting(ledger: Service, wire: Wire, razorpay: FakeRazorpay) -> int:
    transaction, payment = await bought(ledger, razorpay)
    cuts = 0
    for number in range(1, CUTS + 1):
        wire.arm(number, cut_after=number % 2 == 0)
        ask = partial(refund, ledger, transaction, amount=8600, idempotency_key=f"k{number}")
        assert (await persistently(ask)).status == "made"
        cuts += wire.was_cut
        call = failing(razorpay, payment)
        wire.arm(number, cut_after=number % 2 == 1)
        await persistently(partial(heard, ledger, call))
        returned = partial(until, partial(events, ledger, "AllowanceReturned"), partial(are, number))
        await persistently(returned)
        cuts += wire.was_cut
    wire.arm(0, cut_after=False)
    await settled(ledger)
    assert (await balance(ledger, BUYER), len(razorpay.refunds)) == (1500, CUTS)
    async with ledger.database.write() as connection:
        assert (await audit(connection, CODEC, utc_now())).faults == []
    return cuts


def are(number: int, found: list[Any]) -> bool:
    return len(found) == number
