"""A picture's place in the pool. One stream per creation.

```
 free ─▶ waiting ─▶ matched ─▶ free
              ▲        │
              └────────┘  its battle was abandoned before it began
```
A picture is matched with the number of a battle before that battle begins. Whether it ever does is for the battle's own
stream to say: it is asked when the battle is over, or when the pairing took too long (`entries.py`).
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never

from contracts.errors import ServiceError
from kernel.decider import Decider

PAIRED_WITHIN = timedelta(seconds=15)
"""How long a pairing may take. After that the battle begins no more, and its pictures wait again."""


class Place(StrEnum):
    FREE = "free"
    WAITING = "waiting"
    MATCHED = "matched"


@dataclass(frozen=True, slots=True)
class Entry:
    """`battle_id` is the one it is matched with, or was last."""

    place: Place = Place.FREE
    user_id: int = 0
    entered_at: datetime | None = None
    battle_id: int = 0


@dataclass(frozen=True, slots=True)
class EnterPool:
    """`user_id` is its owner, who asks."""

    creation_id: int
    user_id: int


@dataclass(frozen=True, slots=True)
class LeavePool:
    creation_id: int
    user_id: int


@dataclass(frozen=True, slots=True)
class WithdrawEntry:
    """The picture is gone, or is shown no longer. One that is matched stays as long as its battle goes on."""

    creation_id: int


@dataclass(frozen=True, slots=True)
class MatchEntry:
    creation_id: int
    battle_id: int


@dataclass(frozen=True, slots=True)
class FreeEntry:
    """Its battle is over."""

    creation_id: int
    battle_id: int


@dataclass(frozen=True, slots=True)
class ReturnEntry:
    """Its battle never began."""

    creation_id: int
    battle_id: int


Command = EnterPool | LeavePool | WithdrawEntry | MatchEntry | FreeEntry | ReturnEntry


@dataclass(frozen=True, slots=True)
class PoolEntered:
    creation_id: int
    user_id: int
    entered_at: datetime


@dataclass(frozen=True, slots=True)
class PoolLeft:
    creation_id: int
    user_id: int


@dataclass(frozen=True, slots=True)
class EntryWithdrawn:
    creation_id: int
    user_id: int


@dataclass(frozen=True, slots=True)
class EntryMatched:
    creation_id: int
    battle_id: int
    begins_by: datetime


@dataclass(frozen=True, slots=True)
class EntryFreed:
    creation_id: int
    battle_id: int


@dataclass(frozen=True, slots=True)
class EntryReturned:
    """It waits again, as long as if it had never been matched."""

    creation_id: int
    battle_id: int
    user_id: int
    entered_at: datetime


Event = PoolEntered | PoolLeft | EntryWithdrawn | EntryMatched | EntryFreed | EntryReturned


class AlreadyInBattle(ServiceError):
    def __init__(self) -> None:
        super().__init__("ALREADY_IN_BATTLE", "This creation is already in a battle")


class InActiveBattle(ServiceError):
    def __init__(self) -> None:
        super().__init__("CREATION_IN_BATTLE", "This creation fights already: its battle cannot be left.")


class NotEntered(ServiceError):
    def __init__(self) -> None:
        super().__init__("CREATION_NOT_FOUND", "This creation is not in the battle pool.")


class NotOwner(ServiceError):
    def __init__(self) -> None:
        super().__init__("NOT_OWNER", "This creation belongs to someone else.")


def decide(command: Command, entry: Entry, now: datetime) -> list[Event]:
    match command:
        case EnterPool(creation_id=creation_id, user_id=user_id):
            if entry.place is not Place.FREE:
                raise AlreadyInBattle
            return [PoolEntered(creation_id, user_id, now)]
        case LeavePool():
            return _leave(command, entry)
        case WithdrawEntry(creation_id=creation_id):
            return [EntryWithdrawn(creation_id, entry.user_id)] if entry.place is Place.WAITING else []
        case MatchEntry(creation_id=creation_id, battle_id=battle_id):
            if entry.place is Place.MATCHED and entry.battle_id == battle_id:
                return []
            if entry.place is not Place.WAITING:
                raise AlreadyInBattle  # whoever pairs looks for another
            return [EntryMatched(creation_id, battle_id, now + PAIRED_WITHIN)]
        case FreeEntry(creation_id=creation_id, battle_id=battle_id):
            return [EntryFreed(creation_id, battle_id)] if _is_matched(entry, battle_id) else []
        case ReturnEntry(creation_id=creation_id, battle_id=battle_id):
            if not _is_matched(entry, battle_id) or entry.entered_at is None:
                return []
            return [EntryReturned(creation_id, battle_id, entry.user_id, entry.entered_at)]
        case _:
            assert_never(command)


def _leave(command: LeavePool, entry: Entry) -> list[Event]:
    if not entry.user_id:
        raise NotEntered
    if entry.user_id != command.user_id:
        raise NotOwner
    if entry.place is Place.MATCHED:
        raise InActiveBattle
    return [PoolLeft(command.creation_id, command.user_id)] if entry.place is Place.WAITING else []


def _is_matched(entry: Entry, battle_id: int) -> bool:
    return entry.place is Place.MATCHED and entry.battle_id == battle_id


def evolve(entry: Entry, event: Event) -> Entry:
    match event:
        case PoolEntered(user_id=user_id, entered_at=entered_at):
            return replace(entry, place=Place.WAITING, user_id=user_id, entered_at=entered_at, battle_id=0)
        case EntryMatched(battle_id=battle_id):
            return replace(entry, place=Place.MATCHED, battle_id=battle_id)
        case EntryReturned():
            return replace(entry, place=Place.WAITING, battle_id=0)
        case PoolLeft() | EntryWithdrawn() | EntryFreed():
            return replace(entry, place=Place.FREE)
        case _:
            assert_never(event)


ENTRY: Decider[Command, Entry, Event] = Decider(
    category="entry",
    initial=Entry(),
    decide=decide,
    evolve=evolve,
    events=(PoolEntered, PoolLeft, EntryWithdrawn, EntryMatched, EntryFreed, EntryReturned),
)
