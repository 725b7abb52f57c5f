"""Texts as searches compare them, and what an index over names holds.

PostgreSQL's core can look up arrays by their elements (GIN), but has no index for similar texts. So a name's index keys
hold every form under which it is to be found: its words, all their beginnings, and, for typos, each word less any one
letter: two words that differ by one slip (a letter wrong, missing or too many, or two swapped) have such a form in
common. Few other words have it, so a search reads few rows, however many there are. Common trigrams would not do: those
that begin a word are shared by a tenth of all people, and a name of four letters with a typo keeps one of its five.
They rank what has been found.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from typing import NamedTuple

EXACT, BEGINNING, NEAR = 3, 2, 1
SHORTEST_NEAR = 3
"""Letters. Nearly every word of two is near every other."""
INDEXED_WORDS, INDEXED_LETTERS = 8, 24
"""More words of a name, and more letters of a word, stand in no key."""


class Match(NamedTuple):
    """How well a text fits: `kind` is that of the worst word asked for; `similarity` goes from 0 to 1, for all the same
    words. The greater tuple is the better one.
    """

    kind: int
    similarity: float


def words(text: str) -> list[str]:
    """`"Éclat d'Or"` → `["eclat", "d", "or"]`. Letters, digits and marks only: nothing that a pattern could mean."""
    # Folding may bring back what can be taken apart, and taking apart what can be folded: once more settles both.
    bare = _bare(_bare(text))
    return "".join(letter if unicodedata.category(letter)[0] in "LNM" else " " for letter in bare).split()


def _bare(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter)).casefold()


def match(sought: Sequence[str], found: Sequence[str]) -> Match | None:
    """How the words asked for fit a text's words; None unless each is one of them, begins one, or is near one."""
    worst: int = min((max((_kind(word, other) for other in found), default=0) for word in sought), default=0)
    return Match(worst, similarity(sought, found)) if worst else None


def _kind(word: str, other: str) -> int:
    if word == other:
        return EXACT
    if other.startswith(word):
        return BEGINNING
    return NEAR if min(len(word), len(other)) >= SHORTEST_NEAR and is_near(word, other) else 0


def is_near(one: str, other: str) -> bool:
    """Whether at most one slip lies between them: a letter wrong, missing or too many, or two neighbours swapped."""
    begin, limit = 0, min(len(one), len(other))
    while begin < limit and one[begin] == other[begin]:
        begin += 1
    end = 0
    while end < limit - begin and one[-1 - end] == other[-1 - end]:
        end += 1
    left, right = one[begin : len(one) - end], other[begin : len(other) - end]
    return max(len(left), len(right)) <= 1 or (len(left) == len(right) == 2 and left == right[::-1])  # noqa: PLR2004


def similarity(some: Iterable[str], others: Iterable[str]) -> float:
    """The share of trigrams that two lists of words have in common."""
    left, right = _trigrams(some), _trigrams(others)
    return len(left & right) / len(left | right) if left or right else 0.0


def _trigrams(of_words: Iterable[str]) -> set[str]:
    padded = [f"  {word} " for word in of_words]
    return {word[at : at + 3] for word in padded for at in range(len(word) - 2)}


def index_keys(text: str) -> list[str]:
    """All the forms under which a text is found. They hold the text: personal data where it is."""
    keys: set[str] = set()
    for word in (word[:INDEXED_LETTERS] for word in words(text)[:INDEXED_WORDS]):
        keys |= {word, *(f"^{word[:end]}" for end in range(1, len(word) + 1)), *_near_forms(word)}
    return sorted(keys)


def exact_keys(sought: Iterable[str]) -> list[str]:
    """Texts in which each of these words is have all of these keys."""
    return [word[:INDEXED_LETTERS] for word in sought]


def beginning_keys(sought: Iterable[str]) -> list[str]:
    """Texts in which each of these words begins a word have all of these keys."""
    return [f"^{word[:INDEXED_LETTERS]}" for word in sought]


def near_keys(word: str) -> list[str]:
    """Texts with this word, one that it begins, or one that is near it have one of these keys; some others do, too."""
    cut = word[:INDEXED_LETTERS]
    return sorted({f"^{cut}", *_near_forms(cut)})


def _near_forms(word: str) -> set[str]:
    if len(word) < SHORTEST_NEAR:
        return set()
    return {f"~{word}", *(f"~{word[:at]}{word[at + 1 :]}" for at in range(len(word)))}
