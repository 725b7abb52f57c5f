"""What a provider says in its own words, as far as it may be kept for ever."""

import re

MAX_WORDS = 200
PERSONAL = re.compile(r"\S*@\S*|\+?\d[\d -]{6,}\d")
"""Addresses, and numbers of telephones and cards: they have no place in an event."""


def words(text: str) -> str:
    """Without what could be about a person, and not too long."""
    return PERSONAL.sub("…", "".join(filter(str.isprintable, text)))[:MAX_WORDS].strip()
