"""Numbers of those who are registered for India's goods and services tax, and what a purchase is billed to."""

from typing import Any

import pytest
from hypothesis import given as for_any
from hypothesis import strategies as st
from pydantic import ValidationError

from contracts.gst import DIGITS, STATES, check_digit, is_gstin, shown_state
from contracts.rpc.billing import Billing

KNOWN = ("27AAPFU0939F1ZV", "29AAGCB7383J1Z4", "07AAGFF2194N1Z1")
"""As public examples have them."""
COMPANY: dict[str, Any] = {"name": "Acme Pvt Ltd", "address": "1 MG Road\nBengaluru 560001", "gstin": KNOWN[1]}


def test_known_numbers_are_right_and_no_other_digit_would_be() -> None:
    for number in KNOWN:
        assert [digit for digit in DIGITS if is_gstin(number[:-1] + digit)] == [number[-1]]


@for_any(st.sampled_from(KNOWN), st.integers(2, 13), st.sampled_from(DIGITS))
def test_one_wrong_character_is_always_found(number: str, place: int, letter: str) -> None:
    assert is_gstin(number[:place] + letter + number[place + 1 :]) == (number[place] == letter)


@for_any(st.text(max_size=20))
def test_no_text_is_a_number_by_chance_of_its_alphabet(text: str) -> None:
    assert not is_gstin(text) or (text.isascii() and text[:2] in STATES)


def test_the_state_must_be_one() -> None:
    for state in ("00", "25", "28", "39", "99"):
        first = state + KNOWN[0][2:-1]
        assert not is_gstin(first + check_digit(first))
    assert shown_state("27") == "Maharashtra (27)"


def test_what_is_billed_says_where_it_is_supplied() -> None:
    company = Billing(**COMPANY | {"gstin": KNOWN[1].lower()})
    assert (company.gstin, company.place_of_supply) == (KNOWN[1], "29")
    assert Billing(**COMPANY | {"state": "29"}).place_of_supply == "29"
    assert Billing(state="07").place_of_supply == "07"


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"name": "Acme", "address": "1 Road"},
        COMPANY | {"name": " "},
        COMPANY | {"address": ""},
        COMPANY | {"state": "27"},
        COMPANY | {"gstin": KNOWN[1][:-1] + "5"},
        COMPANY | {"gstin": KNOWN[1] + " 1"},
        COMPANY | {"gstin": "٢٩AAGCB7383J1Z4"},
        COMPANY | {"name": "कंपनी"},
        COMPANY | {"name": "a\0b"},
        COMPANY | {"name": "x" * 101},
        COMPANY | {"address": "x" * 301},
        {"state": "25"},
        {"state": "Delhi"},
        {"state": 27},
    ],
)
def test_what_the_law_does_not_let_through_is_refused_without_being_repeated(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as error:
        Billing(**given)
    said = " ".join(found["msg"] for found in error.value.errors())
    assert not any(len(str(value)) > 2 and str(value) in said for value in given.values())
