"""What goes back of a subscription's period: in any order, any number of times."""

from datetime import timedelta

from hypothesis import given as for_any
from hypothesis import strategies as st

from contracts.errors import ServiceError
from services.ledger.payments.subscription import (
    PATIENCE,
    SUBSCRIPTION,
    PeriodMismatched,
    PeriodReversalUndone,
    PeriodReversed,
    PeriodStarted,
    ReportPeriod,
    ReportPeriodReversal,
    SubscriptionBegun,
    SubscriptionEnded,
    SubscriptionPlaced,
    Terms,
)
from services.ledger.payments.words import PeriodPaid, ReversalSeen
from tests.given import NOW, given

PLUS = Terms("plus", 3000, 19900, "INR", credits_expire=True)
MONTH = timedelta(days=30)
BEGUN = SubscriptionBegun(5, 7, PLUS, "stripe", NOW + PATIENCE)
PLACED = SubscriptionPlaced(5, "sub_1")
PAID = PeriodPaid(5, "sub_1", "in_1", 19900, "INR", NOW, NOW + MONTH, "pi_1")
STARTED = PeriodStarted(5, 7, "stripe", "sub_1", "in_1", PLUS, NOW, NOW + MONTH, "pi_1")
RUNNING = (BEGUN, PLACED, STARTED)


def seen(amount: int = 19900, *, stands: bool = True, id_: str = "re_1") -> ReportPeriodReversal:
    return ReportPeriodReversal(5, "in_1", ReversalSeen("pi_1", id_, "refund", amount, stands))


def reversed_(credits_: int, amount: int = 19900, id_: str = "re_1") -> PeriodReversed:
    return PeriodReversed(5, 7, "stripe", "in_1", "pi_1", id_, "refund", amount, credits_)


def undone(credits_: int, amount: int = 19900, id_: str = "re_1") -> PeriodReversalUndone:
    what = (5, 7, "stripe", "in_1", "pi_1", id_)
    return PeriodReversalUndone(*what, "refund", amount, credits_)


def test_credits_go_back_in_proportion_and_once() -> None:
    given(SUBSCRIPTION, *RUNNING).when(seen()).then(reversed_(3000))
    given(SUBSCRIPTION, *RUNNING, reversed_(3000)).when(seen()).then()
    given(SUBSCRIPTION, *RUNNING).when(seen(9950)).then(reversed_(1500, 9950))
    given(SUBSCRIPTION, *RUNNING, reversed_(1500, 9950)).when(seen(id_="re_2")).then(reversed_(1500, id_="re_2"))
    given(SUBSCRIPTION, *RUNNING, reversed_(3000)).when(seen(id_="re_2")).then(reversed_(0, id_="re_2"))


def test_what_failed_is_given_back_and_stays_undone_whatever_comes_late() -> None:
    given(SUBSCRIPTION, *RUNNING, reversed_(3000)).when(seen(stands=False)).then(undone(3000))
    given(SUBSCRIPTION, *RUNNING).when(seen(stands=False)).then(undone(0))
    given(SUBSCRIPTION, *RUNNING, undone(0)).when(seen()).then()


def test_one_that_is_told_before_its_period_waits_for_it() -> None:
    given(SUBSCRIPTION, BEGUN, PLACED).when(seen()).then_refused("SERVICE_UNAVAILABLE")
    given(SUBSCRIPTION, *RUNNING, SubscriptionEnded(5, 7, "cancelled")).when(seen()).then(reversed_(3000))


def test_money_that_was_never_credited_takes_nothing_back() -> None:
    alert = PeriodMismatched(5, 7, "stripe", "in_1", 100, "INR")
    given(SUBSCRIPTION, BEGUN, PLACED, alert).when(seen(100)).then()


@for_any(
    st.lists(st.tuples(st.sampled_from(["re_1", "re_2", "dp_1"]), st.integers(1, 19900), st.booleans()), max_size=12)
)
def test_whatever_comes_in_whatever_order_what_was_taken_is_what_stands(steps: list[tuple[str, int, bool]]) -> None:
    """Amounts are a reversal's own: the first that was told stays."""
    amounts: dict[str, int] = {}
    over: set[str] = set()
    state, taken = given(SUBSCRIPTION, *RUNNING).state, 0
    for id_, amount, stands in steps:
        amounts.setdefault(id_, amount)
        over |= set() if stands else {id_}
        for event in SUBSCRIPTION.decide(seen(amounts[id_], stands=stands, id_=id_), state, NOW):
            state = SUBSCRIPTION.evolve(state, event)
            match event:
                case PeriodReversed(credits=credits_):
                    taken += credits_
                case PeriodReversalUndone(credits=credits_):
                    taken -= credits_
    gone = min(sum(amount for id_, amount in amounts.items() if id_ not in over), 19900)
    assert taken == state.payments["in_1"].taken == 3000 * gone // 19900
    assert 0 <= taken <= 3000


def test_a_period_and_its_reversal_come_in_either_order() -> None:
    state = given(SUBSCRIPTION, BEGUN, PLACED).state
    for command in (seen(), ReportPeriod(PAID), seen(), ReportPeriod(PAID), seen()):
        try:
            events = SUBSCRIPTION.decide(command, state, NOW)
        except ServiceError:
            continue
        for event in events:
            state = SUBSCRIPTION.evolve(state, event)
    assert (state.payments["in_1"].taken, len(state.payments)) == (3000, 1)
