"""What one person does with one picture, and may take back: likes it, keeps it as a favourite, has looked at it.

One small stream per kind, picture and person, so that two phones at once, or one that repeats itself, are one mark.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, assert_never

from kernel.decider import Decider

Kind = Literal["like", "favorite", "view"]


@dataclass(frozen=True, slots=True)
class Mark:
    """`ever`: whether it was set before. Only the first time says something about the picture's trend."""

    on: bool = False
    ever: bool = False


@dataclass(frozen=True, slots=True)
class SetMark:
    kind: Kind
    creation_id: int
    user_id: int
    owner_id: int


@dataclass(frozen=True, slots=True)
class TakeBackMark:
    kind: Kind
    creation_id: int
    user_id: int
    owner_id: int


Command = SetMark | TakeBackMark


@dataclass(frozen=True, slots=True)
class MarkSet:
    """`first`: this person has never done so to this picture before."""

    kind: Kind
    creation_id: int
    user_id: int
    owner_id: int
    first: bool


@dataclass(frozen=True, slots=True)
class MarkTakenBack:
    kind: Kind
    creation_id: int
    user_id: int
    owner_id: int


Event = MarkSet | MarkTakenBack


def decide(command: Command, mark: Mark, _: datetime) -> list[Event]:
    about = (command.kind, command.creation_id, command.user_id, command.owner_id)
    match command:
        case SetMark():
            return [] if mark.on else [MarkSet(*about, first=not mark.ever)]
        case TakeBackMark():
            return [MarkTakenBack(*about)] if mark.on else []
        case _:
            assert_never(command)


def evolve(_: Mark, event: Event) -> Mark:
    match event:
        case MarkSet():
            return Mark(on=True, ever=True)
        case MarkTakenBack():
            return Mark(on=False, ever=True)
        case _:
            assert_never(event)


MARK: Decider[Command, Mark, Event] = Decider(
    category="mark", initial=Mark(), decide=decide, evolve=evolve, events=(MarkSet, MarkTakenBack)
)


def key_of(kind: Kind, creation_id: int, user_id: int) -> str:
    """Of the mark's stream."""
    return f"{kind}:{creation_id}:{user_id}"
