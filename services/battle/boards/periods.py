"""A board for each ISO week and each month of UTC, and one for all time; each has a name that sorts by time."""

import re
from datetime import UTC, datetime

from contracts.errors import ServiceError
from contracts.rpc.boards import Period

ALL_TIME = "all_time"
_WEEK = re.compile(r"([0-9]{4})-W([0-9]{2})", re.ASCII)
_MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])", re.ASCII)


def week_of(at: datetime) -> str:
    """`2026-W46`, of the year that ISO 8601 counts the week to."""
    year, week, _ = at.astimezone(UTC).isocalendar()
    return f"{year:04}-W{week:02}"


def month_of(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m}"


def boards_of(at: datetime) -> tuple[str, str, str]:
    """The boards on which a battle that ended then counts."""
    return ALL_TIME, week_of(at), month_of(at)


def board(period: Period | None, of: str | None, now: datetime) -> tuple[Period, str]:
    """The period and its board. Without `of` it is the present one, and without both the present week.

    Errors: VALIDATION_ERROR for what names no week or month, or one that is not of the period.
    """
    if of is None:
        period = period or "weekly"
        ever, week, month = boards_of(now)
        return period, {"weekly": week, "monthly": month, "all_time": ever}[period]
    named = _period_named(of)
    if named is None or period not in (None, named):
        fault = "A week (2026-W46) or a month (2026-10) that is one of the period."
        raise ServiceError("VALIDATION_ERROR", fault, {"of": fault})
    return named, of


def _period_named(of: str) -> Period | None:
    if week := _WEEK.fullmatch(of):
        try:
            datetime.fromisocalendar(int(week[1]), int(week[2]), 1)
        except ValueError:  # the 53rd week of a year that has 52
            return None
        return "weekly"
    return "monthly" if _MONTH.fullmatch(of) else None
