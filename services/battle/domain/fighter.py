"""Whoever has fought, as far as it matters here: the prizes of a day, and that they are gone. One stream per person."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import assert_never

from kernel.decider import Decider


@dataclass(frozen=True, slots=True)
class Fighter:
    """`prizes` were won on `day`, the last one (UTC) on which there were any."""

    has_left: bool = False
    day: date | None = None
    prizes: int = 0


@dataclass(frozen=True, slots=True)
class ClaimPrize:
    """They have won this battle. `most`: so many prizes are to be had in a day."""

    user_id: int
    battle_id: int
    most: int


@dataclass(frozen=True, slots=True)
class ForgetFighter:
    """The account was deleted."""

    user_id: int


Command = ClaimPrize | ForgetFighter


@dataclass(frozen=True, slots=True)
class PrizeClaimed:
    user_id: int
    battle_id: int
    day: date


@dataclass(frozen=True, slots=True)
class FighterLeft:
    user_id: int


Event = PrizeClaimed | FighterLeft


def decide(command: Command, fighter: Fighter, now: datetime) -> list[Event]:
    match command:
        case ClaimPrize(user_id=user_id, battle_id=battle_id, most=most):
            had = fighter.prizes if fighter.day == now.date() else 0
            return [PrizeClaimed(user_id, battle_id, now.date())] if had < most else []
        case ForgetFighter(user_id=user_id):
            return [] if fighter.has_left else [FighterLeft(user_id)]
        case _:
            assert_never(command)


def evolve(fighter: Fighter, event: Event) -> Fighter:
    match event:
        case PrizeClaimed(day=day):
            return replace(fighter, day=day, prizes=fighter.prizes + 1 if fighter.day == day else 1)
        case FighterLeft():
            return replace(fighter, has_left=True)
        case _:
            assert_never(event)


FIGHTER: Decider[Command, Fighter, Event] = Decider(
    category="fighter",
    initial=Fighter(),
    decide=decide,
    evolve=evolve,
    events=(PrizeClaimed, FighterLeft),
)
