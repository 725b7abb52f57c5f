"""Which language a person is written to in."""

import pytest

from gateway.apps.magicpic.languages import language_of


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("hi", "hi"),
        ("hi-IN,hi;q=0.9,en;q=0.8", "hi"),
        ("en-GB, hi;q=0.9", "en"),
        ("hi;q=0.2, en;q=0.1", "hi"),
        ("hi;q=0", "en"),
        ("hi;q=much, fr", "en"),
        ("fr, de", "en"),
        ("," * 100_000, "en"),
    ],
)
def test_hindi_where_it_is_preferred_to_english(header: str | None, language: str) -> None:
    headers = [] if header is None else [(b"accept-language", header.encode())]
    assert language_of({"headers": headers}) == language
