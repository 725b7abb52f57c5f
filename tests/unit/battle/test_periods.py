"""Which boards a battle counts on, and which board is meant."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from contracts.rpc.boards import Period
from services.battle.boards.periods import board, boards_of
from tests.given import refused

NOW = datetime(2026, 11, 15, 23, 59, 59, tzinfo=UTC)
"""The last second of the week 2026-W46, a Sunday."""
KOLKATA = timezone(timedelta(hours=5, minutes=30))


@pytest.mark.parametrize(
    ("at", "boards"),
    [
        (NOW, ("all_time", "2026-W46", "2026-11")),
        (NOW + timedelta(seconds=1), ("all_time", "2026-W47", "2026-11")),
        (NOW.astimezone(KOLKATA), ("all_time", "2026-W46", "2026-11")),
        (datetime(2027, 1, 1, tzinfo=UTC), ("all_time", "2026-W53", "2027-01")),
        (datetime(2024, 12, 31, 12, tzinfo=UTC), ("all_time", "2025-W01", "2024-12")),
    ],
)
def test_weeks_and_months_are_those_of_utc_and_iso_8601(at: datetime, boards: tuple[str, str, str]) -> None:
    assert boards_of(at) == boards


@pytest.mark.parametrize(
    ("period", "of", "found"),
    [
        (None, None, ("weekly", "2026-W46")),
        ("monthly", None, ("monthly", "2026-11")),
        ("all_time", None, ("all_time", "all_time")),
        (None, "2026-10", ("monthly", "2026-10")),
        ("weekly", "2026-W53", ("weekly", "2026-W53")),
    ],
)
def test_the_present_board_is_meant_unless_another_is_named(
    period: Period | None, of: str | None, found: tuple[str, str]
) -> None:
    assert board(period, of, NOW) == found


@pytest.mark.parametrize(
    ("period", "of"),
    [
        (None, "2025-W53"),
        (None, "2026-W00"),
        (None, "2026-13"),
        (None, "2026-1"),
        (None, "2026-W46\n"),
        (None, "٢٠٢٦-10"),
        (None, "all_time"),
        ("monthly", "2026-W46"),
        ("all_time", "2026-10"),
    ],
)
def test_what_names_no_week_or_month_of_the_period_is_refused(period: Period | None, of: str) -> None:
    with refused("VALIDATION_ERROR"):
        board(period, of, NOW)
