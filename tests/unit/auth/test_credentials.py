"""What may be a name, an address, a password."""

import unicodedata

import pytest
from hypothesis import given as for_any
from hypothesis import strategies as st

from services.auth.credentials import checked_email, checked_name, checked_password, checked_phone, folded
from tests.given import refused


@pytest.mark.parametrize("name", ["Jo", "Ana María", "नेहा", "O'Brien", "王芳", "👩‍👧 Ana", "x" * 50])
def test_names_of_all_scripts_are_allowed(name: str) -> None:
    assert checked_name(name) == name


def test_space_around_a_name_is_not_part_of_it() -> None:
    assert checked_name(" \n Ana \t") == "Ana"


@pytest.mark.parametrize("name", ["", "A", "  A  ", "x" * 51, "x" * 10_000])
def test_a_name_of_another_length_is_refused(name: str) -> None:
    with refused("VALIDATION_ERROR") as caught:
        checked_name(name)
    assert caught.value.details == {"name": "A name has 2 to 50 characters."}


@pytest.mark.parametrize("character", ["\0", "\n", "\x1b", "\x7f", "\x9b", "\u2028", "\u202e", "\u2066", "\ud800"])
def test_a_name_with_a_control_character_is_refused(character: str) -> None:
    with refused("VALIDATION_ERROR") as caught:
        checked_name(f"Ana{character}Lee")
    assert caught.value.details == {"name": "A name cannot have control characters."}


@pytest.mark.parametrize("email", ["ana@example.com", "Ana+App@Example.COM", "añá@bücher.example.com", "o'x@a-b.co"])
def test_an_address_is_kept_as_given(email: str) -> None:
    assert checked_email(f" {email} ") == email


@pytest.mark.parametrize(
    "email",
    [
        "",
        "ana",
        "ana@",
        "@example.com",
        "ana@example",
        "ana@@example.com",
        "a na@example.com",
        "Ana <ana@example.com>",
        "ana@[127.0.0.1]",
        "ana@-example.com",
        "a\0na@example.com",
        "\u202eana@example.com",
        "ana@example.com\nBcc: all@example.com",
        "a" * 243 + "@example.com",
        "a" * 1_000_000,
    ],
)
def test_what_is_no_address_is_refused(email: str) -> None:
    with refused("INVALID_EMAIL") as caught:
        checked_email(email)
    assert caught.value.details
    assert set(caught.value.details) == {"email"}


def test_addresses_are_compared_whatever_their_case_or_unicode_form() -> None:
    assert folded(" Ana@Example.com ") == folded("ana@EXAMPLE.COM")
    assert folded("JOSÉ@x.com") == folded(unicodedata.normalize("NFD", "josé@x.com"))


def test_other_addresses_stay_other() -> None:
    assert folded("ana+1@example.com") != folded("ana@example.com")
    assert folded("a.na@example.com") != folded("ana@example.com")
    assert folded("\u0430na@example.com") != folded("ana@example.com"), "the first letter is Cyrillic"


@for_any(st.text(max_size=60))
def test_any_text_can_be_folded_and_looked_for(text: str) -> None:
    assert folded(unicodedata.normalize("NFD", text)) == folded(unicodedata.normalize("NFC", text))
    assert "\0" not in folded(text)


def test_folding_what_is_far_too_long_costs_nothing() -> None:
    assert len(folded("\u0301\u0316" * 500_000)) <= 3 * 255


@pytest.mark.parametrize("password", ["SecurePass123", "Aa345678", "Ωmega-pass-१", "A1 " + "x" * 253])
def test_good_passwords_are_taken_as_they_are(password: str) -> None:
    assert checked_password(password) == password


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("", "at least 8"),
        ("Aa34567", "at least 8"),
        ("securepass123", "upper case"),
        ("SecurePassword", "number"),
        ("Secure²²²²", "number"),
        ("A1" + "x" * 255, "at most 256"),
    ],
)
def test_a_weak_password_is_refused_with_its_fault(password: str, fault: str) -> None:
    with refused("WEAK_PASSWORD") as caught:
        checked_password(password)
    assert caught.value.details
    assert fault in caught.value.details["password"]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("+91 98765 43210", "+919876543210"),
        (" +1 (415) 555-2671", "+14155552671"),
        ("+44 20 7946 0958", "+442079460958"),
        ("+\uff19\uff119876543210", "+919876543210"),
    ],
)
def test_a_phone_number_is_kept_in_one_form(typed: str, kept: str) -> None:
    assert checked_phone(typed) == kept


@pytest.mark.parametrize(
    "typed", ["9876543210", "+91", "+0000000000", "phone", "", "+1 415 555 2671 ext. 5", "\0", "+" + "9" * 10_000]
)
def test_what_is_no_phone_number_with_a_country_code_is_refused(typed: str) -> None:
    with refused("VALIDATION_ERROR") as caught:
        checked_phone(typed)
    assert set(caught.value.details) == {"phone"}
