"""Whoever has fought, as far as it matters here: that they are gone. One stream per person."""

from dataclasses import dataclass
from datetime import datetime

from kernel.decider import Decider


@dataclass(frozen=True, slots=True)
class Fighter:
    has_left: bool = False


@dataclass(frozen=True, slots=True)
class ForgetFighter:
    """The account was deleted."""

    user_id: int


@dataclass(frozen=True, slots=True)
class FighterLeft:
    user_id: int


def decide(command: ForgetFighter, fighter: Fighter, _: datetime) -> list[FighterLeft]:
    return [] if fighter.has_left else [FighterLeft(command.user_id)]


def evolve(_: Fighter, __: FighterLeft) -> Fighter:
    return Fighter(has_left=True)


FIGHTER: Decider[ForgetFighter, Fighter, FighterLeft] = Decider(
    category="fighter",
    initial=Fighter(),
    decide=decide,
    evolve=evolve,
    events=(FighterLeft,),
)
