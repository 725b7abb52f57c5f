"""All commands in any order against a ledger so small that it can be seen to be right."""

from datetime import timedelta
from functools import reduce

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.ledger.audit.wallets import _wallet_faults
from services.ledger.domain import (
    Command,
    CreditsRefused,
    Event,
    ExpireHold,
    ExpireLots,
    GrantCredits,
    HoldCredits,
    InsufficientCredits,
    ReleaseHold,
    SettleHold,
    SpendCredits,
    TakeBack,
    Wallet,
    decide,
    evolve,
)
from tests.given import NOW

MAX_HOLDS = 2
AMOUNTS = st.integers(1, 200)
CREATIONS = st.integers(1, 3)
"""Few, so that commands meet."""


class Model:
    """Credits as single coins `(expires at minute, bought, number of grant)`: the list of the free ones, those held."""

    def __init__(self) -> None:
        self.free: list[tuple[float, bool, int]] = []
        self.held: dict[int, list[tuple[float, bool, int]]] = {}
        self.owed = self.earned = self.spent = self.grants = 0

    def expire(self, minute: float) -> None:
        kept = [coin for coin in self.free if coin[0] > minute]
        self.spent += len(self.free) - len(kept)
        self.free = sorted(kept)

    def add(self, coins: list[tuple[float, bool, int]], minute: float) -> None:
        coins.sort()
        filled = min(self.owed, len(coins))
        self.owed -= filled
        self.free += coins[filled:]
        self.expire(minute)

    def grant(self, amount: int, expires: float, bought: bool, minute: float) -> None:
        self.grants += 1
        self.earned += amount
        self.add([(expires, bought, self.grants)] * amount, minute)

    def take(self, amount: int) -> list[tuple[float, bool, int]]:
        taken, self.free = self.free[:amount], self.free[amount:]
        return taken

    def spend(self, amount: int) -> bool:
        if amount > len(self.free):
            return False
        self.spent += len(self.take(amount))
        return True

    def take_back(self, amount: int, grant: int) -> None:
        self.free.sort(key=lambda coin: (coin[2] != grant, coin))
        self.spent += amount
        self.owed += amount - len(self.take(amount))
        self.free.sort()


class Interleavings(RuleBasedStateMachine):
    """Time stands still between the rules, except in `wait`."""

    def __init__(self) -> None:
        super().__init__()
        self.wallet = Wallet()
        self.model = Model()
        self.minute = 0.0
        self.deadlines: dict[int, float] = {}

    def do(self, command: Command) -> list[Event]:
        """Decide on the real wallet; every event must leave it sound."""
        events = decide(command, self.wallet, NOW + timedelta(minutes=self.minute))
        for event in events:
            before, self.wallet = self.wallet, evolve(self.wallet, event)
            assert _wallet_faults(before, self.wallet, event) == []
        self.model.expire(self.minute)
        return events

    def refused(self, command: Command) -> bool:
        try:
            self.do(command)
        except InsufficientCredits:
            return True
        return False

    @rule(amount=AMOUNTS, bought=st.booleans(), life=st.none() | st.integers(0, 30))
    def grant(self, amount: int, bought: bool, life: int | None) -> None:
        self.model.expire(self.minute)
        if len(self.wallet.lots) >= 30:
            return  # lots join beyond that, and the coins would not
        expires_at = None if life is None else NOW + timedelta(minutes=self.minute + life)
        grant = self.model.grants + 1
        # A source of its own, or granted credits that never expire would join, which coins do not.
        source = f"source_{grant}"
        self.do(
            GrantCredits(7, amount, "x", "x", source, bought, expires_at, f"grant_{grant}")  # type: ignore[arg-type]
        )
        self.model.grant(amount, float("inf") if life is None else self.minute + life, bought, self.minute)

    @rule(amount=AMOUNTS)
    def spend(self, amount: int) -> None:
        refused = self.refused(SpendCredits(7, amount, "x", "x"))
        self.model.expire(self.minute)
        assert refused != self.model.spend(amount)

    @rule(amount=AMOUNTS, grant=st.integers(0, 8), reason=st.sampled_from(["refund", "dispute", "adjustment"]))
    def take_back(self, amount: int, grant: int, reason: str) -> None:
        self.model.expire(self.minute)
        command = TakeBack(7, amount, reason, f"grant_{grant}", "x")  # type: ignore[arg-type]
        if reason == "adjustment" and amount > len(self.model.free):
            assert self.refused(command)
            return
        # Of granted credits that never expire the reference is not kept.
        known = any(lot.reference == f"grant_{grant}" for lot in self.wallet.lots.values())
        assert not self.refused(command)
        self.model.take_back(amount, grant if known else 0)

    @rule(more=AMOUNTS)
    def take_back_more_than_there_is(self, more: int) -> None:
        self.take_back(max(0, self.wallet.balance) + more, 0, "dispute")

    @rule(creation=CREATIONS, amount=AMOUNTS, minutes=st.integers(0, 20))
    def hold(self, creation: int, amount: int, minutes: int) -> None:
        deadline = self.minute + minutes
        command = HoldCredits(7, creation, amount, NOW + timedelta(minutes=deadline), MAX_HOLDS, "x")
        refused = any(isinstance(event, CreditsRefused) for event in self.do(command))
        if creation in self.model.held:
            assert not refused
        elif not refused:
            self.model.held[creation] = self.model.take(amount)
            self.deadlines[creation] = deadline
            assert len(self.model.held[creation]) == amount
        else:
            enough = amount <= len(self.model.free) and len(self.model.held) < MAX_HOLDS
            assert not enough or creation in self.wallet.released

    @rule(creation=CREATIONS, amount=AMOUNTS)
    def settle(self, creation: int, amount: int) -> None:
        self.do(SettleHold(7, creation, amount, "x"))
        held = self.model.held.pop(creation, None)
        self.model.spent += len(self.model.take(amount) if held is None else held)

    @rule(creation=CREATIONS)
    def release(self, creation: int) -> None:
        self.do(ReleaseHold(7, creation, "failed"))
        self.model.add(self.model.held.pop(creation, []), self.minute)

    @rule(creation=CREATIONS)
    def expire_hold(self, creation: int) -> None:
        self.do(ExpireHold(7, creation))
        if creation in self.model.held and self.deadlines[creation] <= self.minute:
            self.model.add(self.model.held.pop(creation), self.minute)

    @rule()
    def expire_lots(self) -> None:
        self.do(ExpireLots(7))

    @precondition(lambda self: self.minute < 500)
    @rule(minutes=st.integers(1, 15))
    def wait(self, minutes: int) -> None:
        self.minute += minutes
        self.do(ExpireLots(7))

    @invariant()
    def they_agree(self) -> None:
        model, wallet = self.model, self.wallet
        assert wallet.balance == len(model.free) - model.owed
        assert {key: hold.credits for key, hold in wallet.holds.items()} == {k: len(v) for k, v in model.held.items()}
        assert (wallet.earned, wallet.spent) == (model.earned, model.spent)

    @invariant()
    def the_lots_are_the_coins(self) -> None:
        life = {number: lot.expires_at for number, lot in self.wallet.lots.items()}
        free = sorted(
            (_minute(life[number]), lot.bought) for number, lot in self.wallet.lots.items() for _ in range(lot.credits)
        )
        assert free == sorted((expires, bought) for expires, bought, _ in self.model.free)


def _minute(moment: object) -> float:
    return float("inf") if moment is None else (moment - NOW) / timedelta(minutes=1)  # type: ignore[operator]


Interleavings.TestCase.settings = settings(max_examples=250, stateful_step_count=60, deadline=None)
TestInterleavings = Interleavings.TestCase


def test_folding_the_events_anew_gives_the_same_wallet() -> None:
    commands: list[Command] = [
        GrantCredits(7, 100, "x", "x", "promo", expires_at=NOW + timedelta(minutes=5)),
        HoldCredits(7, 1, 60, NOW, 4, "x"),
        TakeBack(7, 90, "refund", None, "x"),
        ReleaseHold(7, 1, "failed"),
        SettleHold(7, 2, 50, "x"),
    ]
    wallet, events = Wallet(), []
    for command in commands:
        events += decide(command, wallet, NOW)
        wallet = reduce(evolve, events, Wallet())
    assert wallet == reduce(evolve, events, Wallet())
    assert wallet.balance == 0
