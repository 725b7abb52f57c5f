"""In which language a person is written to."""

from starlette.types import Scope

from contracts.rpc.auth import Locale
from gateway.routing import header

MAX_HEADER_BYTES = 1024


def language_of(scope: Scope) -> Locale:
    """Hindi where Accept-Language (RFC 9110) prefers it to English; else English."""
    text = (header(scope, b"accept-language") or b"")[:MAX_HEADER_BYTES].decode("latin-1").lower()
    best: dict[str, float] = {}
    for part in text.split(","):
        tag, _, parameter = part.strip().partition(";")
        language = tag.strip().partition("-")[0]
        best[language] = max(best.get(language, 0.0), _weight(parameter))
    return "hi" if best.get("hi", 0.0) > best.get("en", 0.0) else "en"


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
