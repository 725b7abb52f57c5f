"""Sessions of browsers: a client that sends `X-Session: cookie` gets its tokens as cookies that no script can read.

A browser sends cookies along whoever made it ask. So what changes something and comes with our cookies must come from a
page of ours: its Origin is where the request went, or one that is configured; without an Origin the browser itself must
say that it is the same (Sec-Fetch-Site).
"""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

import orjson
from fastapi import Request
from starlette.responses import Response
from starlette.types import Scope

from gateway.answers import answer, envelope
from gateway.errors import Refused

ACCESS, REFRESH = "__Host-session", "__Secure-refresh"
PATHS = {ACCESS: "/", REFRESH: "/api/auth"}
TOKENS = {ACCESS: "access_token", REFRESH: "refresh_token"}
WANTED = (b"x-session", b"cookie")
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
LONGEST_S = 400 * 24 * 3600
"""What browsers allow. The tokens say themselves when they end."""


class Origins:
    """Pages that may use our cookies: those of `public_url` and of where the request went, and `allowed` ones."""

    def __init__(self, allowed: Iterable[str], public_url: str | None) -> None:
        self._allowed = {origin.lower() for origin in allowed if origin != "*"}
        if public_url:
            parts = urlsplit(public_url)
            self._allowed.add(f"{parts.scheme}://{parts.netloc}".lower())

    def check(self, scope: Scope) -> None:
        """Errors: PERMISSION_DENIED for a request with our cookies that another site may have made."""
        if scope["method"] in SAFE_METHODS or not by_cookie(scope):
            return
        headers = dict(scope["headers"])
        if (origin := headers.get(b"origin")) is not None:
            told = origin.decode("latin-1").lower()
            host = headers.get(b"host", b"").decode("latin-1").lower()
            if told in self._allowed or (host and urlsplit(told).netloc == host):
                return
        elif headers.get(b"sec-fetch-site") == b"same-origin":
            return
        raise Refused("PERMISSION_DENIED", "This request does not come from a page that may use this session.")


def cookie(scope: Scope, name: str) -> bytes | None:
    """What the browser keeps under this name."""
    for header, value in scope["headers"]:
        if header == b"cookie":
            for part in value.split(b";"):
                found, _, content = part.strip().partition(b"=")
                if found == name.encode():
                    return bytes(content)
    return None


def credentials(scope: Scope, name: str = ACCESS) -> bytes | None:
    """The Authorization header, or one that says what the cookie holds."""
    for header, value in scope["headers"]:
        if header == b"authorization":
            return bytes(value)
    kept = cookie(scope, name)
    return None if kept is None else b"Bearer " + kept


def session_answer(
    request: Request, session: Mapping[str, Any], message: str | None = None, *, flat: bool = False
) -> Response:
    """A session as its client wants it: tokens in the body, or in cookies. `flat`: its fields at the top, too.

    Who came with a cookie is never answered with tokens: a script in the page could read them.
    """
    in_cookies = WANTED in request.scope["headers"] or by_cookie(request.scope)
    told = {key: value for key, value in session.items() if not in_cookies or key not in TOKENS.values()}
    data = orjson.dumps(told)
    response = answer(envelope(data, message, b"," + data[1:-1] if flat else b""))
    if in_cookies:
        for name, token in TOKENS.items():
            _set(response, name, session[token], session["expires_in"] if name == ACCESS else LONGEST_S)
    return response


def without_session(request: Request, response: Response) -> Response:
    """The same answer, and the browser forgets the session."""
    if _has_ours(request.scope):
        for name in TOKENS:
            _set(response, name, "", 0)
    return response


def _set(response: Response, name: str, value: str, life_s: int) -> None:
    kept = f"{name}={value}; Path={PATHS[name]}; Max-Age={life_s}; HttpOnly; Secure; SameSite=Lax"
    response.headers.append("set-cookie", kept)


def _has_ours(scope: Scope) -> bool:
    return any(cookie(scope, name) is not None for name in TOKENS)


def by_cookie(scope: Scope) -> bool:
    """Whether nothing but a cookie says who calls."""
    return _has_ours(scope) and not any(header == b"authorization" for header, _ in scope["headers"])
