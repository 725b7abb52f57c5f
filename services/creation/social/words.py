"""What people write about pictures, made comparable and storable."""

import unicodedata
from collections.abc import Sequence

from contracts.errors import ServiceError
from contracts.rpc.social import MAX_TAG_CHARS, MAX_TAGS


class BadTags(ServiceError):
    def __init__(self, message: str) -> None:
        super().__init__("VALIDATION_ERROR", "These tags cannot be used.", {"tags": message})


class Unwritable(ServiceError):
    def __init__(self, name: str) -> None:
        super().__init__("VALIDATION_ERROR", "The request is not valid.", {name: "There must be something to read."})


def normalised_tags(given: Sequence[str]) -> tuple[str, ...]:
    """In lower case, without a `#` and needless spaces, each once, in their order. Errors: VALIDATION_ERROR."""
    tags = dict.fromkeys(tag for text in given if (tag := _tag(text)))
    if len(tags) > MAX_TAGS:
        raise BadTags(f"At most {MAX_TAGS}.")
    if any(len(tag) > MAX_TAG_CHARS for tag in tags):
        raise BadTags(f"At most {MAX_TAG_CHARS} characters each.")
    return tuple(tags)


def _tag(text: str) -> str:
    """Composed and folded until nothing changes any more: the same letters are the same tag, however they are typed."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(_printable(folded).split()).lstrip("# ")


def _printable(text: str) -> str:
    """Without control characters (but spaces), and without halves of characters, which no database takes."""
    return "".join(
        each for each in text if each.isspace() or unicodedata.category(each) not in {"Cc", "Cs", "Cf", "Cn"}
    )


def written(text: str, name: str) -> str:
    """Errors: VALIDATION_ERROR when nothing is left of it."""
    found = "".join(each for each in text if each == "\n" or unicodedata.category(each) not in {"Cc", "Cs"}).strip()
    if not found:
        raise Unwritable(name)
    return found
