"""Subscriptions on real servers: with Razorpay, and the same with Stripe."""

from datetime import UTC, datetime

from contracts.events.auth import AccountDeleted
from contracts.rpc.payments import ListSubscriptionHistory, SubscriptionEntries
from kernel.service import Service
from tests.fakes.razorpay import FakeRazorpay
from tests.fakes.stripe import FakeStripe
from tests.given import refused
from tests.integration.ledger.conftest import Voice
from tests.integration.ledger.payments.conftest import (
    USER,
    Clock,
    Running,
    balance,
    balance_becomes,
    events,
    heard,
    keys,
    settled,
)
from tests.integration.ledger.payments.plans import (
    MONTH_S,
    becomes,
    changed,
    charged,
    current,
    ledger,
    provider_says,
    stripe,
    stripe_says,
    subscribed,
)
from tests.waiting import until

__all__ = ["ledger", "stripe"]


async def test_each_month_is_credited_once_and_its_credits_go_with_it(
    ledger: Service, razorpay: FakeRazorpay, clock: Clock
) -> None:
    made = await subscribed(ledger)
    assert made.checkout_url == f"https://rzp.io/i/{made.provider_subscription_id}"
    first = charged(razorpay, made.provider_subscription_id, 19900)
    for _ in range(2):
        await heard(ledger, razorpay.call("subscription.charged", **first))
    await heard(ledger, razorpay.call("payment.captured", payment=first["payment"]))
    await becomes(ledger, "active")
    await balance_becomes(ledger, 3000)
    clock.let_pass(days=29)
    await heard(
        ledger,
        razorpay.call("subscription.charged", **charged(razorpay, made.provider_subscription_id, 19900, number=1)),
    )
    await balance_becomes(ledger, 6000)
    clock.let_pass(days=2)
    await balance_becomes(ledger, 3000)


async def test_a_cancellation_can_be_taken_back_until_the_month_ends(
    ledger: Service, razorpay: FakeRazorpay, clock: Clock
) -> None:
    ref = (await subscribed(ledger)).provider_subscription_id
    await heard(ledger, razorpay.call("subscription.charged", **charged(razorpay, ref, 19900)))
    await becomes(ledger, "active")
    razorpay.faults.extend(["html", 500])  # the provider is told as soon as it is there again
    cancelled = await changed(ledger, "cancel")
    assert cancelled is not None
    assert (cancelled.status, cancelled.ends_at_period_end) == ("ending", True)
    await until(lambda: provider_says(razorpay, ref), lambda status: status == "paused")
    await changed(ledger, "resume")
    await until(lambda: provider_says(razorpay, ref), lambda status: status == "active")
    await changed(ledger, "cancel")
    await until(lambda: provider_says(razorpay, ref), lambda status: status == "paused")
    clock.let_pass(days=31)
    await becomes(ledger, None)
    await until(lambda: provider_says(razorpay, ref), lambda status: status == "cancelled")
    with refused("NOT_FOUND"):
        await changed(ledger, "resume")
    history: SubscriptionEntries = await ledger.bus.caller.ask(ListSubscriptionHistory(user_id=USER))
    told = [entry.what for entry in history.items]
    assert told == ["ended_cancelled", "cancelled", "resumed", "cancelled", "period_paid", "begun"]


async def test_a_renewal_that_fails_has_a_grace_and_then_lapses(
    ledger: Service, razorpay: FakeRazorpay, clock: Clock
) -> None:
    ref = (await subscribed(ledger)).provider_subscription_id
    await heard(ledger, razorpay.call("subscription.charged", **charged(razorpay, ref, 19900)))
    await becomes(ledger, "active")
    clock.let_pass(days=29)
    await heard(ledger, razorpay.call("subscription.pending", subscription=razorpay.subscriptions[ref]))
    await becomes(ledger, "grace")
    await heard(ledger, razorpay.call("subscription.charged", **charged(razorpay, ref, 19900, number=1)))
    await becomes(ledger, "active")
    clock.let_pass(days=32)
    await becomes(ledger, "grace")
    clock.let_pass(days=8)
    await becomes(ledger, None)
    await until(lambda: provider_says(razorpay, ref), lambda status: status == "cancelled")


async def test_a_plan_changes_with_the_next_month(ledger: Service, razorpay: FakeRazorpay) -> None:
    ref = (await subscribed(ledger)).provider_subscription_id
    await heard(ledger, razorpay.call("subscription.charged", **charged(razorpay, ref, 19900)))
    await becomes(ledger, "active")
    with refused("PLAN_NOT_FOUND"):
        await changed(ledger, "change", "gold")
    await changed(ledger, "change", "pro")

    async def plan() -> str:
        return str(razorpay.subscriptions[ref]["plan_id"])

    await until(plan, lambda found: found == "plan_pro")
    await heard(ledger, razorpay.call("subscription.charged", **charged(razorpay, ref, 49900, number=1)))
    await balance_becomes(ledger, 13000)
    found = await current(ledger)
    assert found is not None
    assert found.plan.id == "pro"


async def test_there_is_one_at_a_time_and_one_never_paid_for_makes_room(
    ledger: Service, razorpay: FakeRazorpay
) -> None:
    abandoned = (await subscribed(ledger)).provider_subscription_id
    ref = (await subscribed(ledger, "pro")).provider_subscription_id
    await until(lambda: provider_says(razorpay, abandoned), lambda status: status == "cancelled")
    await heard(ledger, razorpay.call("subscription.charged", **charged(razorpay, ref, 49900)))
    await becomes(ledger, "active")
    with refused("SUBSCRIPTION_EXISTS"):
        await subscribed(ledger)


async def test_a_month_at_another_price_or_of_a_stranger_is_not_credited(
    ledger: Service, razorpay: FakeRazorpay
) -> None:
    ref = (await subscribed(ledger)).provider_subscription_id
    await heard(ledger, razorpay.call("subscription.charged", **charged(razorpay, ref, 100)))
    razorpay.subscriptions["sub_x"] = {"id": "sub_x", "notes": []}
    await heard(ledger, razorpay.call("subscription.charged", **charged(razorpay, "sub_x", 19900)))
    razorpay.subscriptions["sub_y"] = {"id": "sub_y", "notes": {"subscription": "999999"}}
    await heard(ledger, razorpay.call("subscription.charged", **charged(razorpay, "sub_y", 19900)))
    await settled(ledger)
    assert await balance(ledger) == 0
    assert len(await events(ledger, "PeriodMismatched")) == 1


async def test_whoever_leaves_is_charged_no_more(ledger: Service, razorpay: FakeRazorpay, voice: Voice) -> None:
    ref = (await subscribed(ledger)).provider_subscription_id
    await heard(ledger, razorpay.call("subscription.charged", **charged(razorpay, ref, 19900)))
    await becomes(ledger, "active")
    await voice.say(AccountDeleted(user_id=8))
    await voice.say(AccountDeleted(user_id=USER))
    await becomes(ledger, None)
    await until(lambda: provider_says(razorpay, ref), lambda status: status == "cancelled")


async def test_stripe_subscribes_renews_cancels_and_resumes_too(ledger: Service, stripe: FakeStripe) -> None:
    made = await subscribed(ledger, payment_method="stripe")
    subscription = stripe.subscribe(made.provider_subscription_id)
    start = int(datetime.now(UTC).timestamp())
    paid = stripe.call("invoice.paid", stripe.invoice(subscription, 19900, start, start + MONTH_S))
    for _ in range(2):
        await stripe_says(ledger, paid)
    await balance_becomes(ledger, 3000)

    async def told() -> tuple[bool, str]:
        return subscription["cancel_at_period_end"], subscription["items"]["data"][0]["price"]["id"]

    await changed(ledger, "change", "pro")
    await until(told, lambda found: found == (False, "price_pro"))
    await changed(ledger, "cancel")
    await until(told, lambda found: found[0])
    await changed(ledger, "resume")
    await until(told, lambda found: not found[0])
    deleted = stripe.call("customer.subscription.deleted", subscription | {"status": "canceled"})
    await stripe_says(ledger, deleted)
    await becomes(ledger, None)


async def test_a_plan_that_the_provider_was_not_told_of_cannot_be_had(running: Running, razorpay: FakeRazorpay) -> None:
    async with running(**keys(razorpay)) as service:
        with refused("PAYMENT_METHOD_UNSUPPORTED"):
            await subscribed(service)
        with refused("PLAN_NOT_FOUND"):
            await subscribed(service, "gold")
