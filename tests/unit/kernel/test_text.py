"""Texts as searches compare them, and what finds them."""

import pytest
from hypothesis import given as for_any
from hypothesis import strategies as st

from kernel.text import words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Ghibli Art", ["ghibli", "art"]),
        ("  ÉCLAT d'Or ", ["eclat", "d", "or"]),
        ("E\u0301clat", ["eclat"]),
        ("stained-glass", ["stained", "glass"]),
        ("Straße", ["strasse"]),
        ("ﬁlm №5", ["film", "no5"]),
        ("İstanbul", ["istanbul"]),
        ("हिन्दी कला", ["हिनदी", "कला"]),
        ("100% _\\'\";--\x00", ["100"]),
        ("%%%", []),
        ("", []),
    ],
)
def test_words_lose_case_accents_and_punctuation(text: str, found: list[str]) -> None:
    assert words(text) == found


@for_any(st.text())
def test_nothing_that_a_pattern_or_a_statement_could_mean_survives(text: str) -> None:
    assert not set("".join(words(text))) & set("%_\\'\"; \x00")


@for_any(st.text("aeéüñç -'"))
def test_case_does_not_matter(text: str) -> None:
    assert words(text.upper()) == words(text)
