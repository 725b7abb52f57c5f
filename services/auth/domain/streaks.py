"""Days in a row, as a pure function of the days of visits (UTC). What is kept is bounded, however many they are."""

from dataclasses import dataclass
from datetime import date, timedelta

MOST_RUNS = 8
"""Days come nearly in order, so the last few runs are all that a day can still be added to."""
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Run:
    """Days without a gap, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


@dataclass(frozen=True, slots=True)
class Streaks:
    """`runs` are the newest, oldest first, with a gap after each; `longest` is in days, of all there ever were."""

    runs: tuple[Run, ...] = ()
    longest: int = 0

    def has(self, day: date) -> bool:
        return any(run.first <= day <= run.last for run in self.runs)

    def current(self, today: date) -> int:
        """Days in a row up to today; a day that is not over yet breaks nothing."""
        if not self.runs or self.runs[-1].last < today - ONE_DAY:
            return 0
        return self.runs[-1].days

    def with_visit(self, day: date) -> "Streaks":
        """The same with one day more, whichever it is."""
        joined = Run(day, day)
        apart = []
        for run in self.runs:
            if run.first - ONE_DAY <= joined.last and joined.first <= run.last + ONE_DAY:
                joined = Run(min(run.first, joined.first), max(run.last, joined.last))
            else:
                apart.append(run)
        runs = sorted([*apart, joined], key=lambda run: run.first)
        return Streaks(tuple(runs[-MOST_RUNS:]), max(self.longest, joined.days))
