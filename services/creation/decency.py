"""Words that no picture is made from: a short list against the obvious. What is meant, a provider judges."""

import re
import unicodedata

from contracts.errors import ServiceError

BLOCKED = frozenset({
    "nude", "nudes", "nudity", "naked", "nsfw", "porn", "porno", "pornographic",
    "pornography", "hentai", "sex", "sexual", "sexy", "erotic", "erotica", "genitals",
    "penis", "vagina", "topless", "undressed", "bdsm", "orgy", "incest", "rape",
    "gore", "beheading", "beheaded", "decapitated", "decapitation", "dismembered", "swastika", "loli",
    "lolicon", "shotacon",
})  # fmt: skip
_IN_DISGUISE = str.maketrans("013457@$", "oieastas")
_WORD = re.compile(r"[a-z]+")


def check_words(text: str) -> None:
    """Errors: NSFW_DETECTED. Whole words count, however they are accented or spelt with digits."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    plain = "".join(character for character in plain if not unicodedata.combining(character))
    if BLOCKED & {*_WORD.findall(plain), *_WORD.findall(plain.translate(_IN_DISGUISE))}:
        raise ServiceError("NSFW_DETECTED", "These words ask for something that is not made here.")
