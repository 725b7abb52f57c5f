"""What an export leaves out, and which events it takes."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from cli.exporting import WINDOW, WORDS, Seen, Span, without_words
from contracts.asyncapi import event_types

DAY = datetime(2026, 11, 1, tzinfo=UTC)
EVENT_ID = "0198c5f2-7c1e-7d3a-9b54-6f1c2d3e4f50"


def test_what_is_left_out_is_really_there() -> None:
    known = event_types()
    for event_type, names in WORDS.items():
        assert set(names) <= set(known[event_type].model_fields), event_type


def test_a_field_that_is_called_a_reason_is_left_out_or_known_to_be_a_word_of_ours() -> None:
    ours = {"auth.session_revoked", "ledger.credits_granted", "ledger.credits_taken_back"}
    ours |= {"ledger.credits_refused", "ledger.credits_released"}
    with_reason = {name for name, event in event_types().items() if "reason" in event.model_fields}
    assert with_reason == ours | set(WORDS), "who writes this reason? See WORDS in cli/exporting.py"


def test_words_are_gone_and_a_clients_own_request_names_are_replaced() -> None:
    told = {
        "type": "auth.role_changed",
        "correlation_id": "johns-request",
        "causation_id": EVENT_ID,
        "data": {"user_id": 7, "role": "admin", "by": 1, "reason": "John Doe is my brother"},
    }
    found = without_words(told)
    assert found["data"] == {"user_id": 7, "role": "admin", "by": 1, "reason": None}
    assert found["causation_id"] == EVENT_ID
    assert "john" not in str(found).lower()
    assert found["correlation_id"] == without_words(told | {"type": "x"})["correlation_id"]
    assert without_words(told | {"correlation_id": ""})["correlation_id"] == ""


@pytest.mark.parametrize(
    ("span", "label"),
    [
        (Span(DAY), "2026-11-01"),
        (Span(DAY, DAY + timedelta(days=30)), "2026-11-01--2026-12-01"),
        (Span(DAY + timedelta(hours=1.5)), "2026-11-01T013000Z"),
        (Span(DAY.replace(tzinfo=timezone(timedelta(hours=5, minutes=30)))), "2026-10-31T183000Z"),
    ],
)
def test_a_span_names_its_file(span: Span, label: str) -> None:
    assert span.label == label


def test_a_span_begins_with_its_first_moment_and_ends_before_its_last() -> None:
    span, end = Span(DAY, DAY + timedelta(days=1)), DAY + timedelta(days=1)
    assert span.holds(DAY)
    assert span.holds(end - timedelta(microseconds=1))
    assert not span.holds(end)
    assert not span.holds(DAY - timedelta(microseconds=1))


def test_what_was_seen_is_known_again_however_long_ago_and_what_is_a_little_late_is_new() -> None:
    seen = Seen()
    late = 5
    positions = [n for n in range(1, 3 * WINDOW) if n != late and n != 2 * WINDOW]
    assert all(seen.add(position) for position in positions)
    assert seen.add(2 * WINDOW)
    assert not seen.add(late)
    assert not any(seen.add(position) for position in (1, 2 * WINDOW, 3 * WINDOW - 1))
