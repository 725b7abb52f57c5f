"""What reports weigh. Each is shown to moderators at once; whether a picture is hidden before they look goes by weight.

Accounts are opened in a minute and by the hundred: a new one's report weighs a quarter, and all those of new ones
together never more than one of an account that has been there for a while.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

FULL_WEIGHT = 100
"""Of a report that nothing speaks against. Weights are summed in hundredths of a report."""
NEW_ACCOUNT_PERCENT = 25


@dataclass(frozen=True, slots=True)
class Report:
    """By whom, and what it weighed when it was made."""

    by: int
    weight: int


def weigh(since: datetime | None, new_account: timedelta, now: datetime) -> int:
    """`since`: when the account signed up, None while that has not been heard of: then it was a moment ago."""
    is_new = now - (since or now) < new_account
    return FULL_WEIGHT * NEW_ACCOUNT_PERCENT // 100 if is_new else FULL_WEIGHT


def together(reports: Collection[Report]) -> int:
    """What they weigh, one with another."""
    full = sum(report.weight for report in reports if report.weight >= FULL_WEIGHT)
    new = sum(report.weight for report in reports if report.weight < FULL_WEIGHT)
    return full + min(new, FULL_WEIGHT)
