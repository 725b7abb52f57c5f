"""Texts as searches compare them, and what finds them."""

from itertools import product

import pytest
from hypothesis import given as for_any
from hypothesis import strategies as st

from kernel.text import beginning_keys, exact_keys, index_keys, is_near, match, near_keys, words


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


@for_any(st.text())
def test_words_of_words_are_the_same_words(text: str) -> None:
    assert words(" ".join(words(text))) == words(text)


def edited(draw: st.DrawFn, word: str) -> str:
    at = draw(st.integers(0, len(word) - 1))
    letter = draw(st.sampled_from("abxyé"))
    slips = [word[:at] + letter + word[at + 1 :], word[:at] + letter + word[at:], word[:at] + word[at + 1 :]]
    slips.append(word[:at] + word[at : at + 2][::-1] + word[at + 2 :])
    return draw(st.sampled_from(slips))


@st.composite
def with_a_slip(draw: st.DrawFn) -> tuple[str, str]:
    word = draw(st.text("abcdeñ", min_size=4, max_size=30))
    return word, edited(draw, word)


@for_any(with_a_slip())
def test_a_word_with_one_slip_is_near_and_shares_a_key(pair: tuple[str, str]) -> None:
    [word], [slip] = words(pair[0]), words(pair[1])
    assert is_near(word, slip)
    assert match([slip], [word])
    assert set(near_keys(slip)) & set(index_keys(word))


@for_any(st.text("abc", min_size=1, max_size=6), st.text("abc", min_size=1, max_size=6))
def test_near_means_at_most_one_slip(one: str, other: str) -> None:
    assert is_near(one, other) == is_near(other, one) == (distance(one, other) <= 1)


def distance(one: str, other: str) -> int:
    """Optimal string alignment, as everyone writes it."""
    rows = [[0] * (len(other) + 1) for _ in range(len(one) + 1)]
    for i, j in product(range(len(one) + 1), range(len(other) + 1)):
        if not i or not j:
            rows[i][j] = i + j
            continue
        rows[i][j] = min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + (one[i - 1] != other[j - 1]))
        if i > 1 and j > 1 and one[i - 2 : i] == other[j - 2 : j][::-1]:
            rows[i][j] = min(rows[i][j], rows[i - 2][j - 2] + 1)
    return rows[-1][-1]


@for_any(st.lists(st.text("abñ", min_size=1, max_size=26), min_size=1, max_size=3), st.data())
def test_whole_words_and_beginnings_have_all_their_keys(name: list[str], data: st.DataObject) -> None:
    keys = set(index_keys(" ".join(name)))
    known = words(" ".join(name))
    begun = [word[: data.draw(st.integers(1, len(word)))] for word in known]
    assert set(exact_keys(known)) <= keys
    assert set(beginning_keys(begun)) <= keys
    assert all(set(near_keys(word)) & keys for word in begun)


def test_the_whole_name_comes_before_a_part_before_a_beginning_before_a_slip() -> None:
    found = [match(["ana"], words(name)) for name in ("Ana", "Ana Sousa", "Anabel", "Anna", "Bob")]
    assert found[-1] is None
    assert found[:-1] == sorted((each for each in found if each), reverse=True)


def test_a_long_text_makes_few_keys() -> None:
    assert len(index_keys("ﷺ " * 50)) < 8 * 50
    assert len(near_keys("x" * 10_000)) < 30
