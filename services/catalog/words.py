"""Texts as searches compare them: whole words without case, accents or punctuation."""

import unicodedata


def words(text: str) -> list[str]:
    """`"Éclat d'Or"` → `["eclat", "d", "or"]`. Letters, digits and marks only: nothing that a pattern could mean."""
    decomposed = unicodedata.normalize("NFKD", text)
    bare = "".join(letter for letter in decomposed if not unicodedata.combining(letter)).casefold()
    return "".join(letter if unicodedata.category(letter)[0] in "LNM" else " " for letter in bare).split()
