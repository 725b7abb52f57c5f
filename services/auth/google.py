"""What Google says of a person: ID tokens, verified with Google's keys by Google's library.

https://developers.google.com/identity/sign-in/android/backend-auth lists what is to be checked. The keys are kept as
long as their answer's Cache-Control allows.
"""

import asyncio
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import jwt
from google.auth.exceptions import GoogleAuthError
from google.auth.transport import Request
from google.oauth2 import id_token as google_id_token

from contracts.errors import ServiceError
from kernel.logging import log
from services.auth.credentials import checked_email
from services.auth.domain import InvalidToken

ISSUERS = frozenset({"accounts.google.com", "https://accounts.google.com"})
CLOCK_SKEW_S = 10
LONGEST_TOKEN = 8192
LONGEST_LIFE_S = 24 * 3600
PAUSE_S = 1.0
"""After the keys could not be had, until they are asked for again."""


class GoogleIsAway(ServiceError):
    def __init__(self) -> None:
        super().__init__("SERVICE_UNAVAILABLE", "Signing in with Google does not work right now. Please try again.")


class GoogleIsOff(ServiceError):
    def __init__(self) -> None:
        super().__init__("SIGN_IN_METHOD_OFF", "Signing in with Google is not offered here.")


@dataclass(frozen=True, slots=True)
class GoogleIdentity:
    """`subject`: Google's id of the person, which stays when the address changes. The address is verified."""

    subject: str = field(repr=False)
    email: str = field(repr=False)
    name: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Kept:
    """Keys as they came, in the shape in which google-auth reads answers."""

    data: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


class _Answers(Request):
    """Answers google-auth's question for the keys with those that are there already."""

    def __init__(self, kept: _Kept) -> None:
        self._kept = kept

    def __call__(self, *_: object, **__: object) -> _Kept:
        return self._kept


class GoogleKeys:
    """Google's public keys. `timeout_s`: in seconds, for all of an answer."""

    def __init__(self, url: str, *, timeout_s: float) -> None:
        self._url = url
        self._timeout_s = timeout_s
        self._kept: _Kept | None = None
        self._ask_at = 0.0
        self._asking = asyncio.Lock()

    async def get(self) -> _Kept:
        """Errors: SERVICE_UNAVAILABLE."""
        async with self._asking:
            if time.monotonic() >= self._ask_at:
                self._kept, life_s = await self._fetch()
                self._ask_at = time.monotonic() + life_s
        if self._kept is None:
            raise GoogleIsAway
        return self._kept

    async def _fetch(self) -> tuple[_Kept | None, float]:
        try:
            # The client first: making one takes long on a busy machine, and is no fault of Google's.
            async with httpx.AsyncClient(timeout=self._timeout_s) as client, asyncio.timeout(self._timeout_s):
                answer = await client.get(self._url)
            answer.raise_for_status()
            is_set = isinstance(answer.json(), dict)
        except (httpx.HTTPError, TimeoutError, ValueError) as error:
            log.warning("google's keys could not be had", error=type(error).__name__)
            return None, PAUSE_S
        return (_Kept(answer.content), _life_s(answer.headers.get("cache-control", ""))) if is_set else (None, PAUSE_S)


class Google:
    """`client_ids`: the apps whose tokens are taken. None: signing in with Google is off."""

    def __init__(self, keys: GoogleKeys, client_ids: tuple[str, ...]) -> None:
        self._keys = keys
        self._client_ids = list(client_ids)

    async def identity(self, token: str) -> GoogleIdentity:
        """Errors: SIGN_IN_METHOD_OFF, INVALID_TOKEN, SERVICE_UNAVAILABLE."""
        if not self._client_ids:
            raise GoogleIsOff
        if len(token) > LONGEST_TOKEN or not token.isascii():
            raise InvalidToken
        keys = await self._keys.get()
        return _identity(await asyncio.to_thread(self._verified, token, keys))

    def _verified(self, token: str, keys: _Kept) -> Mapping[str, Any]:
        """Signature, times and audience."""
        try:
            claims: Mapping[str, Any] = google_id_token.verify_token(
                token, _Answers(keys), self._client_ids, clock_skew_in_seconds=CLOCK_SKEW_S
            )
        except (GoogleAuthError, jwt.PyJWTError, ValueError, TypeError, AttributeError, KeyError):
            raise InvalidToken from None  # the library meets what is malformed with any of these
        return claims


def _identity(claims: Mapping[str, Any]) -> GoogleIdentity:
    subject, email, name = claims.get("sub"), claims.get("email"), claims.get("name")
    if claims.get("iss") not in ISSUERS or claims.get("email_verified") not in (True, "true"):
        raise InvalidToken
    if not isinstance(subject, str) or not subject or not isinstance(email, str):
        raise InvalidToken
    return GoogleIdentity(subject, checked_email(email), name if isinstance(name, str) else None)


def _life_s(cache_control: str) -> float:
    """How long an answer may be kept, in seconds (RFC 9111, max-age); not at all if it does not say."""
    found = re.search(r"(?:^|[,\s])max-age=(\d{1,9})", cache_control.lower())
    return min(float(found[1]), LONGEST_LIFE_S) if found and "no-store" not in cache_control.lower() else 0.0
