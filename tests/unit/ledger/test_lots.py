"""Which credits are spent, given back, taken back and lost."""

from datetime import timedelta
from functools import reduce

from kernel.values import replace
from services.ledger.domain import (
    MAX_LOTS,
    Command,
    CreditsDebited,
    CreditsExpired,
    CreditsGranted,
    CreditsHeld,
    CreditsLow,
    CreditsReleased,
    Event,
    ExpireLots,
    GrantCredits,
    HoldCredits,
    Lot,
    ReleaseHold,
    SettleHold,
    SpendCredits,
    TakeBack,
    Wallet,
    decide,
    evolve,
)
from tests.given import NOW, refused

DAY = timedelta(days=1)
BONUS = GrantCredits(7, 100, "signup_bonus", "Welcome", "signup_bonus")
BOUGHT = GrantCredits(7, 500, "purchase", "Starter Pack", "purchase", bought=True, reference="order_1")
PROMO = GrantCredits(7, 50, "promo", "DIWALI", "promo", expires_at=NOW + DAY)
SPEND = SpendCredits(7, 120, "consume", "x")
HOLD = HoldCredits(7, 1, 120, NOW + 9 * DAY, 4, "Created x image")
REFUND = TakeBack(7, 500, "refund", "order_1", "Refund")


def after(*commands: Command, wallet: Wallet | None = None, days: float = 0) -> Wallet:
    """The wallet after the commands, `days` from now."""
    for command in commands:
        wallet = reduce(evolve, told(command, wallet or Wallet(), days=days), wallet or Wallet())
    return wallet or Wallet()


def told(command: Command, wallet: Wallet, *, days: float = 0) -> list[Event]:
    return decide(command, wallet, NOW + days * DAY, low_mark=0)


def credits_of(wallet: Wallet) -> dict[int, tuple[int, int]]:
    return {number: (lot.credits, lot.held) for number, lot in wallet.lots.items()}


def test_what_expires_first_is_spent_first_then_granted_before_bought() -> None:
    wallet = after(BOUGHT, BONUS, PROMO, replace(PROMO, expires_at=NOW + DAY / 2))
    assert told(SPEND, wallet)[0].lots == ((4, 50), (3, 50), (2, 20))  # type: ignore[union-attr]
    assert told(replace(SPEND, credits=300), wallet)[0].lots == ((4, 50), (3, 50), (2, 100), (1, 100))  # type: ignore[union-attr]


def test_of_lots_alike_the_oldest_is_spent_first() -> None:
    wallet = after(BOUGHT, replace(BOUGHT, reference="order_2"))
    assert told(replace(SPEND, credits=501), wallet)[0].lots == ((1, 500), (2, 1))  # type: ignore[union-attr]


def test_a_lot_that_is_used_up_leaves_the_wallet() -> None:
    wallet = after(BONUS, BOUGHT, replace(SPEND, credits=100))
    assert credits_of(wallet) == {2: (500, 0)}


def test_a_hold_keeps_its_lots_until_they_are_spent_or_returned() -> None:
    held = after(PROMO, BONUS, HOLD)
    assert credits_of(held) == {1: (0, 50), 2: (30, 70)}
    assert credits_of(after(ReleaseHold(7, 1, "failed"), wallet=held)) == {1: (50, 0), 2: (100, 0)}
    assert credits_of(after(SettleHold(7, 1, 120, "x"), wallet=held)) == {2: (30, 0)}


def test_credits_expire_at_their_time_and_not_before() -> None:
    wallet = after(PROMO, BONUS)
    assert told(ExpireLots(7), wallet, days=0.99) == []
    [event] = told(ExpireLots(7), wallet, days=1)
    assert event == CreditsExpired(7, 50, ((1, 50),), balance=100, total=100, number=3, number_of_kind=1, earned=150)
    assert told(ExpireLots(7), evolve(wallet, event), days=1) == []


def test_expired_credits_cannot_be_spent_though_no_timer_has_fired_yet() -> None:
    wallet = after(PROMO, BONUS)
    with refused("INSUFFICIENT_CREDITS"):
        told(SPEND, wallet, days=1)
    events = told(replace(SPEND, credits=100), wallet, days=1)
    assert [type(event).__name__ for event in events] == ["CreditsExpired", "CreditsSpent"]


def test_held_credits_do_not_expire_and_can_be_settled() -> None:
    wallet = after(PROMO, BONUS, HOLD)
    assert told(ExpireLots(7), wallet, days=2) == []
    settled = after(SettleHold(7, 1, 120, "x"), wallet=wallet, days=2)
    assert (settled.balance, settled.pending, settled.spent) == (30, 0, 120)


def test_what_comes_back_to_an_expired_lot_expires_at_once() -> None:
    wallet = after(PROMO, BONUS, HOLD)
    released, gone = told(ReleaseHold(7, 1, "failed"), wallet, days=2)
    assert (released.balance, gone) == (
        150,
        CreditsExpired(7, 50, ((1, 50),), balance=100, total=100, number=3, number_of_kind=1, earned=150),
    )


def test_a_refund_takes_the_very_credits_that_were_bought_though_others_would_be_spent_first() -> None:
    wallet = after(BOUGHT, BONUS, PROMO)
    assert credits_of(after(REFUND, wallet=wallet)) == {2: (100, 0), 3: (50, 0)}


def test_a_refund_takes_other_credits_where_the_bought_ones_are_spent_and_then_leaves_a_debt() -> None:
    wallet = after(BOUGHT, replace(SPEND, credits=450), BONUS, REFUND)
    assert (wallet.balance, wallet.lots) == (-350, {})
    with refused("INSUFFICIENT_CREDITS"):
        told(replace(SPEND, credits=1), wallet)
    [hold] = told(HOLD, wallet)
    assert getattr(hold, "reason", None) == "insufficient_credits"
    [late] = told(SettleHold(7, 9, 50, "x"), wallet)
    assert isinstance(late, CreditsDebited)
    assert (late.credits, late.balance) == (0, -350)


PERIOD = GrantCredits(7, 300, "subscription", "Plus", "subscription", True, NOW + 30 * DAY, "subscription:5")
DISPUTE = TakeBack(7, 300, "dispute", "subscription:5", "Payment disputed")
WON = GrantCredits(7, 300, "purchase", "Dispute settled", "refund", bought=True, reference="subscription:5")


def test_what_was_taken_of_another_period_is_given_back_with_the_end_of_that_one() -> None:
    """Disputes come late: the disputed period's own credits are gone by then."""
    second = replace(PERIOD, expires_at=NOW + 60 * DAY)
    wallet = after(DISPUTE, wallet=after(second, wallet=after(PERIOD), days=30), days=40)
    assert (wallet.balance, wallet.taken) == (0, {"subscription:5": ((NOW + 60 * DAY, 300),)})
    won = after(WON, wallet=wallet, days=50)
    assert (won.balance, [lot.expires_at for lot in won.lots.values()], won.taken) == (300, [NOW + 60 * DAY], {})
    assert after(WON, wallet=wallet, days=60).balance == 0


def test_what_never_ends_or_came_later_is_given_back_without_an_end() -> None:
    spent = after(PERIOD, BOUGHT, replace(SPEND, credits=250))
    wallet = after(replace(DISPUTE, credits=900), wallet=spent)
    assert (wallet.balance, wallet.lots) == (-350, {})
    won = after(replace(WON, credits=900), wallet=wallet)
    assert {(lot.expires_at, lot.credits) for lot in won.lots.values()} == {(None, 500), (NOW + 30 * DAY, 50)}
    filled = after(replace(WON, credits=900), wallet=after(BOUGHT, wallet=wallet), days=90)
    assert (filled.balance, [lot.expires_at for lot in filled.lots.values()]) == (1000, [None, None])


def test_what_is_given_back_in_parts_keeps_its_ends_and_no_more_than_was_taken() -> None:
    wallet = after(PERIOD, BOUGHT, DISPUTE, replace(WON, credits=100))
    assert wallet.taken == {"subscription:5": ((NOW + 30 * DAY, 200),)}
    more = after(WON, wallet=wallet)
    assert (more.balance, more.taken) == (900, {})
    assert sum(lot.credits for lot in more.lots.values() if lot.expires_at) == 300
    corrected = TakeBack(7, 300, "adjustment", "correction:1", "Sorry")  # nothing of which is ever given back
    assert after(PERIOD, corrected).taken == {}


def test_what_comes_in_fills_the_hole_first() -> None:
    wallet = after(BOUGHT, replace(SPEND, credits=500), REFUND, BONUS)
    assert (wallet.balance, wallet.lots) == (-400, {})
    filled = after(replace(BOUGHT, reference="order_2"), wallet=wallet)
    assert (filled.balance, credits_of(filled)) == (100, {3: (100, 0)})


def test_what_is_released_fills_the_hole_first() -> None:
    wallet = after(PROMO, BOUGHT, HOLD, REFUND)
    assert (wallet.balance, credits_of(wallet)) == (-70, {1: (0, 50), 2: (0, 70)})
    released = after(ReleaseHold(7, 1, "failed"), wallet=wallet)
    assert (released.balance, credits_of(released)) == (50, {2: (50, 0)})


def test_an_adjustment_takes_no_more_than_the_balance() -> None:
    wallet = after(BONUS)
    with refused("INSUFFICIENT_CREDITS"):
        told(replace(REFUND, reason="adjustment", credits=101), wallet)
    assert after(replace(REFUND, reason="adjustment", credits=100), wallet=wallet).balance == 0


def test_small_grants_of_one_source_join_one_lot() -> None:
    ads = [GrantCredits(7, 50, "ad_watch", "Watched ad", "ad") for _ in range(1000)]
    assert credits_of(after(BONUS, *ads)) == {1: (100, 0), 2: (50_000, 0)}


def test_a_wallet_stays_small_and_no_credits_expire_sooner_than_promised() -> None:
    wallet = after(*[replace(PROMO, expires_at=NOW + n * DAY) for n in range(1, 200)])
    assert len(wallet.lots) == MAX_LOTS
    for day in range(1, 200):
        wallet = after(ExpireLots(7), wallet=wallet, days=day - 0.5)
        assert wallet.balance >= (200 - day) * 50
    assert after(ExpireLots(7), wallet=wallet, days=200).balance == 0


def test_the_last_lot_of_a_full_wallet_lives_longer_rather_than_the_new_credits_shorter() -> None:
    orders = [replace(BOUGHT, credits=1, reference=f"order_{n}") for n in range(MAX_LOTS + 3)]
    assert len(after(*orders).lots) == MAX_LOTS
    many = after(*[replace(PROMO, expires_at=NOW + n * DAY) for n in range(1, MAX_LOTS + 1)])
    late = after(replace(PROMO, expires_at=NOW + 99 * DAY), wallet=many)
    assert late.lots[MAX_LOTS] == Lot(100, 0, "promo", expires_at=NOW + 99 * DAY)


def test_a_low_balance_is_told_once_until_a_grant_lifts_it() -> None:
    def low(command: Command, wallet: Wallet) -> tuple[Wallet, int]:
        events = decide(command, wallet, NOW, low_mark=100)
        return reduce(evolve, events, wallet), sum(isinstance(event, CreditsLow) for event in events)

    one = replace(SPEND, credits=1)
    wallet, times = low(BONUS, Wallet())
    found = [times]
    for command in (one, one, replace(BONUS, credits=1), one, replace(BONUS, credits=3), one, one):
        wallet, times = low(command, wallet)
        found.append(times)
    assert found == [0, 1, 0, 0, 0, 0, 0, 1]


def test_events_of_before_there_were_lots_belong_to_the_first_lot() -> None:
    soon = NOW + DAY
    before: list[Event] = [
        CreditsGranted(7, 100, "signup_bonus", "x", balance=100, total=100, number=1, number_of_kind=1),
        CreditsHeld(7, 1, 30, soon, "x", balance=70),
        CreditsHeld(7, 2, 30, soon, "x", balance=40),
        CreditsReleased(7, 2, 30, "failed", balance=70),
        CreditsDebited(7, 1, 30, "x", late=False, balance=70, total=70, number=2, number_of_kind=1),
        CreditsDebited(7, 3, 0, "x", late=True, balance=70, total=70, number=3, number_of_kind=2),
        CreditsGranted(7, 5, "referral", "x", balance=75, total=75, number=4, number_of_kind=2),
    ]
    wallet = reduce(evolve, before, Wallet())
    assert (wallet.lots, wallet.lots_made) == ({1: Lot(75)}, 1)
