"""Quiet hours: from and to as a clock on the wall shows them, in a time zone that may change its own clocks."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class QuietHours:
    """`begin` belongs to them, `end` does not; they may go over midnight. The two differ."""

    begin: time
    end: time
    zone: tzinfo

    def over_at(self, now: datetime) -> datetime | None:
        """When they are over, in UTC; null outside of them.

        An end that the clocks skip is as much later as they skip; one that they show twice is the first to come.
        """
        local = now.astimezone(self.zone)
        clock = local.time()
        over_midnight = self.begin > self.end
        late, early = clock >= self.begin, clock < self.end
        if not (late or early if over_midnight else late and early):
            return None
        day = local.date() + (A_DAY if over_midnight and late else timedelta(0))
        ends = (datetime.combine(day, self.end.replace(fold=fold), self.zone).astimezone(UTC) for fold in (0, 1))
        return next((end for end in ends if end > now), None)
