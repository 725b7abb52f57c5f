"""The rules of subscriptions."""

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given as for_any
from hypothesis import strategies as st

from contracts.errors import ServiceError
from services.ledger.payments.subscription import (
    GRACE,
    LOOKS_AFTER,
    PATIENCE,
    SUBSCRIPTION,
    BeginSubscription,
    ChangePlan,
    Command,
    EndLook,
    Event,
    GraceBegun,
    MeetDeadline,
    PeriodMismatched,
    PeriodStarted,
    PlaceSubscription,
    PlanChangeAsked,
    RenewalResumed,
    RenewalStopped,
    ReportEnd,
    ReportPeriod,
    ReportRenewalFailed,
    ResumeRenewal,
    StopRenewal,
    Subscription,
    SubscriptionBegun,
    SubscriptionEnded,
    SubscriptionLookedAt,
    SubscriptionPlaced,
    Terms,
)
from services.ledger.payments.words import PeriodPaid
from tests.given import NOW, given

PLUS = Terms("plus", 3000, 19900, "INR", credits_expire=True)
PRO = Terms("pro", 10000, 49900, "INR", credits_expire=False)
MONTH = timedelta(days=30)
END = NOW + MONTH
BEGUN = SubscriptionBegun(5, 7, PLUS, "razorpay", NOW + PATIENCE, look_at=NOW + LOOKS_AFTER[0])
PLACED = SubscriptionPlaced(5, "sub_1")


def paid(number: int = 1, terms: Terms = PLUS) -> PeriodPaid:
    starts_at = NOW + MONTH * (number - 1)
    return PeriodPaid(5, "sub_1", f"pay_{number}", terms.amount, terms.currency, starts_at, starts_at + MONTH)


def started(number: int = 1, terms: Terms = PLUS) -> PeriodStarted:
    starts_at = NOW + MONTH * (number - 1)
    return PeriodStarted(5, 7, "razorpay", "sub_1", f"pay_{number}", terms, starts_at, starts_at + MONTH)


RUNNING = given(SUBSCRIPTION, BEGUN, PLACED, started())


def test_a_subscription_begins_and_each_period_is_credited_once() -> None:
    given(SUBSCRIPTION).when(BeginSubscription(5, 7, PLUS, "razorpay")).then(BEGUN)
    given(SUBSCRIPTION, BEGUN).when(PlaceSubscription(5, "sub_1")).then(PLACED)
    given(SUBSCRIPTION, BEGUN, PLACED).when(ReportPeriod(paid())).then(started())
    RUNNING.when(ReportPeriod(paid())).then()
    RUNNING.when(ReportPeriod(paid(2))).then(started(2))


def test_money_that_is_not_what_the_plan_costs_is_an_alert_once() -> None:
    wrong = replace(paid(2), amount=100)
    alert = PeriodMismatched(5, 7, "razorpay", "pay_2", 100, "INR")
    RUNNING.when(ReportPeriod(wrong)).then(alert)
    given(SUBSCRIPTION, BEGUN, PLACED, started(), alert).when(ReportPeriod(wrong)).then()
    RUNNING.when(ReportPeriod(replace(paid(2), currency="USD"))).then(replace(alert, amount=19900, currency="USD"))


def test_one_that_is_never_paid_for_is_forgotten() -> None:
    history = given(SUBSCRIPTION, BEGUN, PLACED)
    history.when(MeetDeadline(5, NOW)).then()
    history.when(MeetDeadline(5, NOW + PATIENCE), now=NOW + PATIENCE).then(SubscriptionEnded(5, 7, "abandoned"))


def test_a_cancellation_takes_effect_at_the_periods_end_and_can_be_taken_back() -> None:
    stopped, resumed = RenewalStopped(5, 7), RenewalResumed(5, 7)
    RUNNING.when(StopRenewal(5)).then(stopped)
    ending = given(SUBSCRIPTION, BEGUN, PLACED, started(), stopped)
    ending.when(StopRenewal(5)).then()
    ending.when(MeetDeadline(5, NOW)).then()
    ending.when(MeetDeadline(5, END), now=END).then(SubscriptionEnded(5, 7, "cancelled"))
    ending.when(ResumeRenewal(5)).then(resumed)
    given(SUBSCRIPTION, BEGUN, PLACED, started(), stopped, resumed).when(ResumeRenewal(5)).then()


def test_a_renewal_that_is_not_paid_has_a_grace_and_then_lapses() -> None:
    grace = GraceBegun(5, 7, END + GRACE, look_at=END + LOOKS_AFTER[0])
    RUNNING.when(ReportRenewalFailed(5), now=END).then(grace)
    RUNNING.when(MeetDeadline(5, END), now=END).then(grace)
    late = given(SUBSCRIPTION, BEGUN, PLACED, started(), grace)
    late.when(ReportRenewalFailed(5), now=END).then()
    late.when(ReportPeriod(paid(2)), now=END).then(started(2))
    late.when(MeetDeadline(5, END), now=END).then()
    late.when(MeetDeadline(5, END), now=END + GRACE).then()  # who has not asked since knows nothing
    late.when(MeetDeadline(5, END + GRACE), now=END + GRACE).then(SubscriptionEnded(5, 7, "lapsed"))
    assert given(SUBSCRIPTION, BEGUN, PLACED, started(), grace, started(2)).state.status == "active"


def test_a_failure_that_is_told_after_its_period_was_paid_is_old_news() -> None:
    RUNNING.when(ReportRenewalFailed(5)).then()


def test_a_plan_changes_with_the_next_period() -> None:
    asked = PlanChangeAsked(5, 7, PRO)
    RUNNING.when(ChangePlan(5, PRO)).then(asked)
    RUNNING.when(ChangePlan(5, PLUS)).then()
    changing = given(SUBSCRIPTION, BEGUN, PLACED, started(), asked)
    changing.when(ChangePlan(5, PRO)).then()
    changing.when(ReportPeriod(paid(2, PRO))).then(started(2, PRO))
    after = given(SUBSCRIPTION, BEGUN, PLACED, started(), asked, started(2, PRO)).state
    assert (after.terms, after.next_terms) == (PRO, None)


def test_what_does_not_run_cannot_be_changed() -> None:
    for history in (given(SUBSCRIPTION), given(SUBSCRIPTION, BEGUN, PLACED)):
        for command in (StopRenewal(5), ResumeRenewal(5), ChangePlan(5, PRO)):
            history.when(command).then_refused("SUBSCRIPTION_STATE")


def test_money_that_comes_after_the_end_is_credited_and_the_end_stays() -> None:
    ended = SubscriptionEnded(5, 7, "cancelled")
    given(SUBSCRIPTION, BEGUN, PLACED, started(), ended).when(ReportPeriod(paid(2))).then(started(2))
    assert given(SUBSCRIPTION, BEGUN, PLACED, started(), ended, started(2)).state.status == "ended"


def test_a_payment_that_is_waited_for_is_asked_about_at_growing_intervals() -> None:
    history: list[Event] = [BEGUN, PLACED]
    at: datetime | None = NOW + LOOKS_AFTER[0]
    looks = 0
    while at:
        again = given(SUBSCRIPTION, *history)
        again.when(EndLook(5, int(at.timestamp()) + 1), now=at).then()  # not the one that is due
        (found,) = SUBSCRIPTION.decide(EndLook(5, int(at.timestamp())), again.state, at)
        assert isinstance(found, SubscriptionLookedAt)
        looks += 1
        history.append(found)
        again.when(ReportPeriod(paid()), now=at).then(started())
        assert found.look_at is None or at < found.look_at < NOW + PATIENCE
        given(SUBSCRIPTION, *history, started()).when(EndLook(5, int(at.timestamp())), now=at).then()
        at = found.look_at
    assert looks == 4
    met = given(SUBSCRIPTION, *history).when(MeetDeadline(5, NOW + PATIENCE), now=NOW + PATIENCE)
    met.then(SubscriptionEnded(5, 7, "abandoned"))


def test_a_period_told_late_is_credited_at_what_was_agreed_then() -> None:
    asked, back = PlanChangeAsked(5, 7, PRO), PlanChangeAsked(5, 7, PLUS)
    newest_first = given(SUBSCRIPTION, BEGUN, PLACED, started(), asked, started(3, PRO))
    newest_first.when(ReportPeriod(paid(2))).then(started(2))
    after = given(SUBSCRIPTION, BEGUN, PLACED, started(), asked, started(3, PRO), started(2)).state
    assert (after.terms, after.ends_at) == (PRO, NOW + 3 * MONTH)
    given(SUBSCRIPTION, BEGUN, PLACED, started(), asked, back).when(ReportPeriod(paid(2, PRO))).then(started(2, PRO))


def commands() -> st.SearchStrategy[Command]:
    return st.one_of(
        st.builds(ReportPeriod, st.integers(1, 5).map(paid)),
        st.sampled_from(
            [StopRenewal(5), ResumeRenewal(5), ChangePlan(5, PRO), ReportRenewalFailed(5), MeetDeadline(5, NOW)]
        ),
        st.just(ReportEnd(5, "provider")),
    )


@for_any(st.lists(st.tuples(commands(), st.integers(0, 200).map(lambda days: NOW + timedelta(days=days))), max_size=30))
def test_whatever_is_told_in_whatever_order_no_payment_is_credited_twice(steps: list[tuple[Command, datetime]]) -> None:
    subscription: Subscription = given(SUBSCRIPTION, BEGUN, PLACED).state
    credited: list[str] = []
    for command, now in steps:
        try:
            events = SUBSCRIPTION.decide(command, subscription, now)
        except ServiceError:
            continue
        for event in events:
            was = subscription.status
            subscription = SUBSCRIPTION.evolve(subscription, event)
            assert was != "ended" or subscription.status == "ended"
            if isinstance(event, PeriodStarted):
                credited.append(event.payment_id)
    assert len(credited) == len(set(credited))
    told = {command.paid.payment_id for command, _ in steps if isinstance(command, ReportPeriod)}
    assert set(credited) == told
