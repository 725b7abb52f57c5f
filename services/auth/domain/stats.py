"""What a person has done, in numbers, and what they have achieved by it.

Every change is a difference, so in whatever order other services' events arrive, the numbers come out the same; that
each has its effect once is the commands' keys' business.
"""

from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from typing import assert_never

from kernel.decider import Decider
from services.auth.achievements import ACHIEVEMENTS, Measure
from services.auth.domain.streaks import Streaks


@dataclass(frozen=True, slots=True)
class Tally:
    """Numbers, or differences of them. `made`: ever; `creations` and `public`: of those that still exist."""

    made: int = 0
    creations: int = 0
    public: int = 0
    likes: int = 0
    battles: int = 0
    wins: int = 0
    votes: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        mine, others = asdict(self), asdict(other)
        return Tally(**{name: number + others[name] for name, number in mine.items()})


NOTHING = Tally()
NEVER = Streaks()


@dataclass(frozen=True, slots=True)
class Stats:
    """`awarded`: when, by slug."""

    tally: Tally = NOTHING
    streaks: Streaks = NEVER
    awarded: dict[str, datetime] = field(default_factory=dict)

    def measured(self, measure: Measure) -> int:
        if measure == "longest_streak":
            return self.streaks.longest
        number: int = getattr(self.tally, measure)
        return number


@dataclass(frozen=True, slots=True)
class AddToStats:
    user_id: int
    tally: Tally


@dataclass(frozen=True, slots=True)
class RecordVisit:
    user_id: int
    day: date


StatsCommand = AddToStats | RecordVisit


@dataclass(frozen=True, slots=True)
class StatsChanged:
    """By how much."""

    user_id: int
    tally: Tally


@dataclass(frozen=True, slots=True)
class Visited:
    user_id: int
    day: date


@dataclass(frozen=True, slots=True)
class AchievementAwarded:
    user_id: int
    achievement: str
    at: datetime


StatsEvent = StatsChanged | Visited | AchievementAwarded


def decide_stats(command: StatsCommand, stats: Stats, now: datetime) -> list[StatsEvent]:
    changed: StatsChanged | Visited
    match command:
        case AddToStats(user_id=user_id, tally=tally):
            if tally == NOTHING:
                return []
            changed = StatsChanged(user_id, tally)
        case RecordVisit(user_id=user_id, day=day):
            if stats.streaks.has(day):
                return []
            changed = Visited(user_id, day)
        case _:
            assert_never(command)
    after = evolve_stats(stats, changed)
    reached = [
        AchievementAwarded(user_id, found.slug, now)
        for found in ACHIEVEMENTS
        if found.slug not in after.awarded and after.measured(found.measure) >= found.threshold
    ]
    return [changed, *reached]


def evolve_stats(stats: Stats, event: StatsEvent) -> Stats:
    match event:
        case StatsChanged(tally=tally):
            return replace(stats, tally=stats.tally + tally)
        case Visited(day=day):
            return replace(stats, streaks=stats.streaks.with_visit(day))
        case AchievementAwarded(achievement=slug, at=at):
            return replace(stats, awarded={**stats.awarded, slug: at})
        case _:
            assert_never(event)


STATS: Decider[StatsCommand, Stats, StatsEvent] = Decider(
    category="stats",
    initial=Stats(),
    decide=decide_stats,
    evolve=evolve_stats,
    events=(StatsChanged, Visited, AchievementAwarded),
)
