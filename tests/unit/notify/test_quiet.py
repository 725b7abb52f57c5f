"""Quiet hours: over midnight, and where clocks are changed."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from services.notify.domain import QuietHours

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = QuietHours(time(22), time(7), BERLIN)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "over_at"),
    [
        ("2026-01-10T20:59:59", None),
        ("2026-01-10T21:00:00", "2026-01-11T06:00:00"),
        ("2026-01-10T23:30:00", "2026-01-11T06:00:00"),
        ("2026-01-11T05:59:59", "2026-01-11T06:00:00"),
        ("2026-01-11T06:00:00", None),
        ("2026-07-10T20:00:00", "2026-07-11T05:00:00"),
        # On the nights in which the clocks change.
        ("2026-03-28T22:00:00", "2026-03-29T05:00:00"),
        ("2026-10-24T21:00:00", "2026-10-25T06:00:00"),
    ],
)
def test_a_night(now: str, over_at: str | None) -> None:
    assert NIGHT.over_at(utc(now)) == (utc(over_at) if over_at else None)


def test_a_siesta() -> None:
    siesta = QuietHours(time(13), time(15, 30), ZoneInfo("Asia/Kolkata"))
    assert siesta.over_at(utc("2026-05-01T07:29:00")) is None
    assert siesta.over_at(utc("2026-05-01T07:30:00")) == utc("2026-05-01T10:00:00")
    assert siesta.over_at(utc("2026-05-01T10:00:00")) is None


def test_an_end_that_the_clocks_skip_comes_when_they_have() -> None:
    assert QuietHours(time(23), time(2, 30), BERLIN).over_at(utc("2026-03-29T00:45:00")) == utc("2026-03-29T01:30:00")


def test_an_end_that_comes_twice_is_the_first_still_to_come() -> None:
    quiet = QuietHours(time(23), time(2, 30), BERLIN)
    assert quiet.over_at(utc("2026-10-25T00:15:00")) == utc("2026-10-25T00:30:00")
    assert quiet.over_at(utc("2026-10-25T01:15:00")) == utc("2026-10-25T01:30:00")


@for_all(
    st.times(),
    st.times(),
    st.sampled_from(
        ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Pacific/Apia", "UTC"]
    ),
    st.datetimes(datetime(2010, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_they_are_over_within_a_day_and_then_it_is_not_quiet(begin: time, end: time, zone: str, now: datetime) -> None:
    begin, end = begin.replace(fold=0, second=0, microsecond=0), end.replace(fold=0, second=0, microsecond=0)
    if begin == end:
        return
    quiet = QuietHours(begin, end, ZoneInfo(zone))
    over_at = quiet.over_at(now)
    if over_at is not None:
        assert now < over_at <= now + timedelta(hours=25)
        clock = over_at.astimezone(ZoneInfo(zone)).time()
        assert clock >= end
