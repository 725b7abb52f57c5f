"""A picture's place in the pool; and that no pairing, however it is interrupted, leaves anything half done."""

from collections import defaultdict
from collections.abc import Iterator
from functools import reduce
from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from contracts.errors import ServiceError
from kernel.decider import Decider
from services.battle.domain.battle import BATTLE, AbandonBattle, Battle, CancelBattle, Side, StartBattle, Status
from services.battle.domain.entry import (
    ENTRY,
    PAIRED_WITHIN,
    EnterPool,
    Entry,
    EntryFreed,
    EntryMatched,
    EntryReturned,
    EntryWithdrawn,
    FreeEntry,
    LeavePool,
    MatchEntry,
    Place,
    PoolEntered,
    PoolLeft,
    ReturnEntry,
    WithdrawEntry,
)
from tests.given import NOW, given

ENTERED = PoolEntered(10, 1, NOW)
MATCHED = EntryMatched(10, 7, NOW + PAIRED_WITHIN)


def test_it_enters_and_leaves() -> None:
    given(ENTRY).when(EnterPool(10, 1)).then(ENTERED)
    for there in ([ENTERED], [ENTERED, MATCHED]):
        given(ENTRY, *there).when(EnterPool(10, 1)).then_refused("ALREADY_IN_BATTLE")
    given(ENTRY, ENTERED).when(LeavePool(10, 1)).then(PoolLeft(10, 1))
    given(ENTRY, ENTERED, PoolLeft(10, 1)).when(LeavePool(10, 1)).then()
    given(ENTRY, ENTERED).when(LeavePool(10, 2)).then_refused("NOT_OWNER")
    given(ENTRY).when(LeavePool(10, 1)).then_refused("CREATION_NOT_FOUND")
    given(ENTRY, ENTERED, MATCHED).when(LeavePool(10, 1)).then_refused("CREATION_IN_BATTLE")


def test_it_is_matched_once_and_waits_again_as_if_it_never_had_been() -> None:
    given(ENTRY, ENTERED).when(MatchEntry(10, 7)).then(MATCHED)
    given(ENTRY, ENTERED, MATCHED).when(MatchEntry(10, 7)).then()
    for there in ([ENTERED, MATCHED], [], [ENTERED, PoolLeft(10, 1)]):
        given(ENTRY, *there).when(MatchEntry(10, 8)).then_refused("ALREADY_IN_BATTLE")
    given(ENTRY, ENTERED, MATCHED).when(ReturnEntry(10, 7)).then(EntryReturned(10, 7, 1, NOW))
    given(ENTRY, ENTERED, MATCHED).when(FreeEntry(10, 7)).then(EntryFreed(10, 7))


@pytest.mark.parametrize("command", [ReturnEntry(10, 6), FreeEntry(10, 6)])
def test_word_of_another_battle_is_nothing_to_it(command: ReturnEntry | FreeEntry) -> None:
    for there in ([], [ENTERED], [ENTERED, MATCHED]):
        given(ENTRY, *there).when(command).then()


def test_what_is_matched_cannot_be_withdrawn_before_its_battle_is_cancelled() -> None:
    given(ENTRY, ENTERED).when(WithdrawEntry(10)).then(EntryWithdrawn(10, 1))
    given(ENTRY, ENTERED, MATCHED).when(WithdrawEntry(10)).then()
    given(ENTRY).when(WithdrawEntry(10)).then()


class Streams:
    """Every stream in memory, and the ways of `entries.py` through them, one command at a time."""

    def __init__(self) -> None:
        self.states: dict[str, Any] = {}
        self.matches: list[tuple[int, int]] = []

    def state(self, decider: Decider[Any, Any, Any], key: int) -> Any:
        return self.states.get(decider.stream(key), decider.initial)

    def execute(self, decider: Decider[Any, Any, Any], key: int, command: Any) -> Any:
        state = self.state(decider, key)
        events = decider.decide(command, state, NOW)
        self.matches += [(event.creation_id, event.battle_id) for event in events if isinstance(event, EntryMatched)]
        self.states[decider.stream(key)] = reduce(decider.evolve, events, state)
        return self.states[decider.stream(key)]

    def pair(self, battle_id: int, one: int, other: int) -> Iterator[None]:
        try:
            for creation_id in (one, other):
                self.execute(ENTRY, creation_id, MatchEntry(creation_id, battle_id))
                yield
            self.execute(BATTLE, battle_id, StartBattle(battle_id, Side(one, one), Side(other, other), 60))
        except ServiceError:
            for creation_id in (one, other):
                yield from self.settle(creation_id, battle_id)

    def settle(self, creation_id: int, battle_id: int) -> Iterator[None]:
        battle: Battle = self.execute(BATTLE, battle_id, AbandonBattle(battle_id))
        yield
        if battle.status is not Status.ACTIVE:
            kind = ReturnEntry if battle.status is Status.ABANDONED else FreeEntry
            self.execute(ENTRY, creation_id, kind(creation_id, battle_id))

    def withdraw(self, creation_id: int) -> Iterator[None]:
        while (entry := self.execute(ENTRY, creation_id, WithdrawEntry(creation_id))).place is Place.MATCHED:
            yield
            self.execute(BATTLE, entry.battle_id, CancelBattle(entry.battle_id))
            yield
            yield from self.settle(creation_id, entry.battle_id)

    def enter(self, creation_id: int) -> Iterator[None]:
        try:
            self.execute(ENTRY, creation_id, EnterPool(creation_id, creation_id))
        except ServiceError:
            return
        yield

    def settle_some(self, number: int) -> Iterator[None]:
        """A timer that goes off, early or late, perhaps again."""
        if self.matches:
            yield from self.settle(*self.matches[number % len(self.matches)])


CREATIONS = (1, 2, 3)
WORK = st.one_of(
    st.tuples(st.just("pair"), st.sampled_from([(1, 2), (2, 3), (3, 1), (2, 1)])),
    st.tuples(st.just("enter"), st.sampled_from(CREATIONS)),
    st.tuples(st.just("withdraw"), st.sampled_from(CREATIONS)),
    st.tuples(st.just("settle_some"), st.integers(0, 5)),
)


@settings(max_examples=300, deadline=None)
@drawn(st.lists(WORK, min_size=2, max_size=6), st.lists(st.integers(0, 5), min_size=8, max_size=40))
def test_however_processes_interleave_and_die_every_match_has_its_battle(
    work: list[tuple[str, Any]], turns: list[int]
) -> None:
    """Processes take turns as drawn, and die where their turns run out. Then every timer goes off, as it will."""
    streams = Streams()
    running: list[Iterator[None]] = []
    for creation_id in CREATIONS:
        list(streams.enter(creation_id))
    for number, (kind, what) in enumerate(work):
        arguments = (100 + number, *what) if kind == "pair" else (what,)
        running.append(getattr(streams, kind)(*arguments))
    for turn in turns:
        if running:
            next(running[turn % len(running)], None)
    for match in streams.matches[:]:
        list(streams.settle(*match))
    for creation_id, battle_id in streams.matches:  # what the listener to the ends of battles does
        if streams.state(BATTLE, battle_id).status is Status.CANCELLED:
            streams.execute(ENTRY, creation_id, FreeEntry(creation_id, battle_id))
    fighting: dict[int, list[int]] = defaultdict(list)
    for creation_id in CREATIONS:
        entry: Entry = streams.state(ENTRY, creation_id)
        if entry.place is Place.MATCHED:
            fighting[entry.battle_id].append(creation_id)
    active = {
        battle_id: sorted((battle.a.creation_id, battle.b.creation_id))
        for battle_id, battle in ((id_, streams.state(BATTLE, id_)) for id_ in range(100, 120))
        if battle.status is Status.ACTIVE
    }
    assert fighting == active
