"""Likes of one picture, gathered for a while and told together: "10 people like your picture".

A gathering begins with the first like, or the first like that is taken back, and ends some minutes later; but not
within an hour of the one before it. Within it, a like and its taking back cancel each other in whichever order they
come. Whom it has been told of once is not told of again when that like is taken back.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import assert_never

from kernel.decider import Decider

PAUSE = timedelta(hours=1)
"""Between two notifications about one picture."""
MOST = 500
"""People in one gathering. When they are as many, it ends at once: the state stays small."""


@dataclass(frozen=True, slots=True)
class Likes:
    """`waiting`: person → likes less those taken back. `gathering` counts the gatherings, `open` is whether it goes on.

    `told`: of how many people the gathering `told_gathering` has told, the last that told of any.
    """

    owner_id: int = 0
    waiting: Mapping[int, int] = field(default_factory=dict)
    gathering: int = 0
    open: bool = False
    told: int = 0
    told_gathering: int = 0
    told_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class GatherLike:
    """`change`: 1, or -1 when it is taken back."""

    owner_id: int
    user_id: int
    change: int
    window: timedelta


@dataclass(frozen=True, slots=True)
class EndGathering:
    gathering: int


Command = GatherLike | EndGathering


@dataclass(frozen=True, slots=True)
class LikeGathered:
    """`until`: when the gathering ends, where this begins it or fills it."""

    owner_id: int
    user_id: int
    change: int
    gathering: int
    until: datetime | None


@dataclass(frozen=True, slots=True)
class GatheringEnded:
    """So many people are told of; none, where all was taken back."""

    gathering: int
    people: int
    at: datetime


Event = LikeGathered | GatheringEnded


def decide(command: Command, likes: Likes, now: datetime) -> list[Event]:
    match command:
        case GatherLike():
            return [_gathered(command, likes, now)]
        case EndGathering():
            if not likes.open or likes.gathering != command.gathering:
                return []
            return [GatheringEnded(likes.gathering, _people(likes.waiting), now)]
        case _:
            assert_never(command)


def _gathered(command: GatherLike, likes: Likes, now: datetime) -> LikeGathered:
    gathering = likes.gathering if likes.open else likes.gathering + 1
    until = None
    if not likes.open:
        until = max(now + command.window, likes.told_at + PAUSE) if likes.told_at else now + command.window
    elif len(likes.waiting.keys() | {command.user_id}) >= MOST:
        until = now
    return LikeGathered(command.owner_id, command.user_id, command.change, gathering, until)


def _people(waiting: Mapping[int, int]) -> int:
    return sum(1 for change in waiting.values() if change > 0)


def evolve(likes: Likes, event: Event) -> Likes:
    match event:
        case LikeGathered():
            waiting = {**likes.waiting, event.user_id: likes.waiting.get(event.user_id, 0) + event.change}
            return replace(likes, owner_id=event.owner_id, waiting=waiting, gathering=event.gathering, open=True)
        case GatheringEnded():
            ended = replace(likes, waiting={}, open=False)
            if not event.people:
                return ended
            return replace(ended, told=event.people, told_gathering=event.gathering, told_at=event.at)
        case _:
            assert_never(event)


LIKES: Decider[Command, Likes, Event] = Decider(
    category="likes",
    initial=Likes(),
    decide=decide,
    evolve=evolve,
    events=(LikeGathered, GatheringEnded),
)
