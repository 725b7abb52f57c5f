"""Passwords that are guessed first: those that many have chosen, and one's own address or name.

`common_passwords.txt` is sorted and case-folded. It holds what could satisfy our rules (8 characters, a digit) of
zxcvbn's 30,000 most common passwords (MIT licence), and the 1,000 most common words of that list with the endings that
people most often add to them.
"""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

LIST = Path(__file__).with_name("common_passwords.txt")
SHORTEST_OWN = 3
"""Shorter names are part of too many good passwords' beginnings to say anything."""


def is_common(password: str) -> bool:
    return password.casefold() in _common()


def is_own(password: str, own: Iterable[str]) -> bool:
    """Whether the password is an address, its part before the @, a name or a part of one, but for digits and signs
    around it.
    """
    core = _letters(password)
    words = {_letters(word) for text in own for word in (text, text.partition("@")[0], *text.split())}
    return len(core) >= SHORTEST_OWN and core in words


@cache
def _common() -> frozenset[str]:
    """Read at the first use, in a few milliseconds."""
    return frozenset(LIST.read_text(encoding="utf-8").splitlines())


def _letters(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalpha())
