"""What one administrator may do alone for one person: so many credits in any 24 hours, either way. What is large stays
large when it comes in small pieces. One stream per administrator and person.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from kernel.decider import Decider

DAY = timedelta(hours=24)


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
class AllowanceUsed:
    by: int
    user_id: int
    credits: int
    at: datetime


def decide(command: UseAllowance, allowance: Allowance, now: datetime) -> list[AllowanceUsed]:
    used = sum(credits_ for at, credits_ in allowance.used if at > now - DAY)
    if used + command.credits > command.limit:
        return []
    return [AllowanceUsed(command.by, command.user_id, command.credits, now)]


def evolve(allowance: Allowance, event: AllowanceUsed) -> Allowance:
    recent = tuple(entry for entry in allowance.used if entry[0] > event.at - DAY)
    return Allowance((*recent, (event.at, event.credits)))


ALLOWANCE: Decider[UseAllowance, Allowance, AllowanceUsed] = Decider(
    "allowance", Allowance(), decide, evolve, (AllowanceUsed,)
)
