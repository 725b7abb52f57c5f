"""What one administrator may do alone for one person: so many credits in any 24 hours, either way. What is large stays
large when it comes in small pieces. One stream per administrator and person.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from kernel.decider import Decider

DAY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Use:
    """So many credits of an allowance, used at that moment."""

    at: datetime
    credits: int


@dataclass(frozen=True, slots=True)
class Allowance:
    """`used`: when, and how many credits, within the last day."""

    used: tuple[tuple[datetime, int], ...] = ()


@dataclass(frozen=True, slots=True)
class UseAllowance:
    """Of `limit` credits a day. What exceeds it is not done alone, and uses nothing."""

    by: int
    user_id: int
    credits: int
    limit: int


@dataclass(frozen=True, slots=True)
class ReturnAllowance:
    """What it was used for did not happen. Whoever asks gives each use one key."""

    by: int
    user_id: int
    use: Use


Command = UseAllowance | ReturnAllowance


@dataclass(frozen=True, slots=True)
class AllowanceUsed:
    by: int
    user_id: int
    credits: int
    at: datetime


@dataclass(frozen=True, slots=True)
class AllowanceReturned:
    """What was used `at` that moment."""

    by: int
    user_id: int
    credits: int
    at: datetime


Event = AllowanceUsed | AllowanceReturned


def decide(command: Command, allowance: Allowance, now: datetime) -> list[Event]:
    match command:
        case UseAllowance(by=by, user_id=user_id, credits=credits_):
            used = sum(found for at, found in allowance.used if at > now - DAY)
            return [] if used + credits_ > command.limit else [AllowanceUsed(by, user_id, credits_, now)]
        case ReturnAllowance(by=by, user_id=user_id, use=use):
            if (use.at, use.credits) not in allowance.used:
                return []  # so long ago that it does not count any more
            return [AllowanceReturned(by, user_id, use.credits, use.at)]
        case _:
            assert_never(command)


def evolve(allowance: Allowance, event: Event) -> Allowance:
    match event:
        case AllowanceUsed(at=at, credits=credits_):
            return Allowance((*(entry for entry in allowance.used if entry[0] > at - DAY), (at, credits_)))
        case AllowanceReturned(at=at, credits=credits_):
            which = allowance.used.index((at, credits_))
            return Allowance((*allowance.used[:which], *allowance.used[which + 1 :]))
        case _:
            assert_never(event)


ALLOWANCE: Decider[Command, Allowance, Event] = Decider(
    "allowance", Allowance(), decide, evolve, (AllowanceUsed, AllowanceReturned)
)
