"""What we have heard of battles: one stream for each, so that whatever order its news come in, it ends the same.

What has ended stays ended, whoever is said to have entered afterwards.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from kernel.decider import Decider


@dataclass(frozen=True, slots=True)
class Contest:
    creations: tuple[int, ...] = ()
    over: bool = False


@dataclass(frozen=True, slots=True)
class NoteContestants:
    battle_id: int
    creations: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class NoteEnd:
    """`winner` is a creation; None on a tie, and when it was cancelled."""

    battle_id: int
    winner: int | None


Command = NoteContestants | NoteEnd


@dataclass(frozen=True, slots=True)
class ContestJoined:
    battle_id: int
    creation_id: int


@dataclass(frozen=True, slots=True)
class ContestOver:
    battle_id: int
    winner: int | None


Event = ContestJoined | ContestOver


def decide(command: Command, contest: Contest, _: datetime) -> list[Event]:
    if contest.over:
        return []
    match command:
        case NoteContestants(battle_id=battle_id, creations=creations):
            new = dict.fromkeys(creation_id for creation_id in creations if creation_id not in contest.creations)
            return [ContestJoined(battle_id, creation_id) for creation_id in new]
        case NoteEnd(battle_id=battle_id, winner=winner):
            return [ContestOver(battle_id, winner)]
        case _:
            assert_never(command)


def evolve(contest: Contest, event: Event) -> Contest:
    match event:
        case ContestJoined(creation_id=creation_id):
            return Contest((*contest.creations, creation_id))
        case ContestOver():
            return Contest(contest.creations, over=True)
        case _:
            assert_never(event)


CONTEST: Decider[Command, Contest, Event] = Decider(
    category="contest", initial=Contest(), decide=decide, evolve=evolve, events=(ContestJoined, ContestOver)
)
