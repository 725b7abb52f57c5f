"""Who is asking: access tokens are checked here, without a call. Auth alone signs them; its public keys are asked once.

A token's signature is verified the first time it is seen, and remembered until it expires.
"""

import asyncio
import time
from base64 import urlsafe_b64decode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jwt
import orjson
from jwt.algorithms import OKPAlgorithm
from nacl.exceptions import CryptoError
from nacl.signing import VerifyKey

from contracts.errors import ServiceError
from gateway.errors import Refused
from gateway.revocations import Revocations
from kernel.logging import log

AUDIENCE = "magicpic"
ISSUER = "magicpic"
USER, GUEST = "user", "guest"
MODERATOR_ROLE, ADMIN_ROLE = "moderator", "admin"
MAX_TOKEN_CHARACTERS = 4096
MAX_REMEMBERED = 20_000
REFETCH_PAUSE_S = 3.0
ASK_AGAIN_S = 0.5

FetchKeys = Callable[[], Awaitable[list[dict[str, Any]]]]
"""Asks auth for its JSON Web Keys."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Whom a token speaks for. Times in seconds since 1970. `role`: `guest`, `user`, `moderator` or `admin`."""

    user_id: int
    session_id: str | None
    role: str
    issued_at: float
    expires_at: float


def bearer(authorization: bytes | None) -> str:
    """The token of an Authorization header. Errors: INVALID_TOKEN."""
    kind, _, token = (authorization or b"").partition(b" ")
    token = token.strip()
    if kind.lower() != b"bearer" or not token or len(token) > MAX_TOKEN_CHARACTERS or not token.isascii():
        raise Refused("INVALID_TOKEN")
    return token.decode()


class Ed25519(OKPAlgorithm):
    """PyJWT's EdDSA, which with libsodium's keys checks in half the time."""

    def prepare_key(self, key: Any) -> Any:
        return key if isinstance(key, VerifyKey) else super().prepare_key(key)

    def verify(self, msg: str | bytes, key: Any, sig: str | bytes) -> bool:
        if not isinstance(key, VerifyKey) or isinstance(msg, str) or isinstance(sig, str):
            return super().verify(msg, key, sig)
        try:
            key.verify(msg, sig)
        except CryptoError:
            return False
        return True


jwt.unregister_algorithm("EdDSA")
jwt.register_algorithm("EdDSA", Ed25519())


class Tokens:
    """Verifies access tokens with auth's keys, which it learns at the start and when a new one shows up."""

    def __init__(
        self, fetch_keys: FetchKeys, revocations: Revocations, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._fetch_keys = fetch_keys
        self.revocations = revocations
        self._clock = clock
        self._keys: dict[str, VerifyKey] = {}
        self._published: list[dict[str, Any]] = []
        self._asked_at = float("-inf")
        self._auth_answered = False
        self._asking = asyncio.Lock()
        self._remembered: dict[str, Caller] = {}

    @property
    def ready(self) -> bool:
        return bool(self._keys)

    @property
    def published(self) -> list[dict[str, Any]]:
        """Auth's public keys, as it gave them."""
        return self._published

    async def learn(self) -> None:
        """Ask auth for its keys until it answers: at the start it may be later than we are."""
        while not self.ready:
            try:
                await self._refetch()
            except ServiceError as error:
                log.info("auth's keys are not there yet", code=error.code)
                await asyncio.sleep(ASK_AGAIN_S)

    async def caller(self, authorization: bytes | None) -> Caller:
        """Errors: INVALID_TOKEN; SERVICE_UNAVAILABLE when auth is away and its key or what was revoked is not known."""
        token = bearer(authorization)
        if not self.revocations.known:
            await self.revocations.wait()
        caller = self._remembered.get(token) or await self._verified(token)
        if caller.expires_at <= self._clock() or self.revocations.is_void(
            caller.user_id, caller.session_id, caller.issued_at
        ):
            self._remembered.pop(token, None)
            raise Refused("INVALID_TOKEN")
        return caller

    async def _verified(self, token: str) -> Caller:
        try:
            key = await self._key(_key_id(token))
            claims = jwt.decode(
                token,
                key,  # type: ignore[arg-type]  # of our own algorithm
                algorithms=["EdDSA"],
                audience=AUDIENCE,
                issuer=ISSUER,
                # A clock that is a little behind auth's must not refuse fresh tokens.
                options={"require": ["exp", "sub", "aud", "iss"], "verify_iat": False, "verify_nbf": False},
            )
        except jwt.InvalidTokenError:
            raise Refused("INVALID_TOKEN") from None
        caller = _caller(claims)
        if len(self._remembered) >= MAX_REMEMBERED:
            del self._remembered[next(iter(self._remembered))]  # the one seen first
        self._remembered[token] = caller
        return caller

    async def _key(self, key_id: Any) -> VerifyKey:
        if not isinstance(key_id, str):
            raise Refused("INVALID_TOKEN")
        if key_id not in self._keys:
            async with self._asking:
                if key_id not in self._keys and self._clock() - self._asked_at >= REFETCH_PAUSE_S:
                    await self._refetch()
        if key_id not in self._keys:
            raise Refused("INVALID_TOKEN" if self._auth_answered else "SERVICE_UNAVAILABLE")
        return self._keys[key_id]

    async def _refetch(self) -> None:
        self._asked_at, self._auth_answered = self._clock(), False
        published = await self._fetch_keys()
        self._auth_answered = True
        found = {key["kid"]: VerifyKey(_decoded(key["x"])) for key in published if _signs_tokens(key)}
        self._published, self._keys = published, found


def _key_id(token: str) -> Any:
    """Which key the token says it was signed with: a hint, checked with everything else when the token is verified."""
    try:
        head = orjson.loads(_decoded(token.partition(".")[0]))
    except ValueError:
        return None
    return head.get("kid") if isinstance(head, dict) else None


def _decoded(part: str) -> bytes:
    """Tokens and keys leave the padding out."""
    return urlsafe_b64decode(part + "==")


def claims_to_be_guest(authorization: bytes) -> bool:
    """Whether a token that is not good any more says that it is a guest's."""
    try:
        claims = orjson.loads(_decoded(bearer(authorization).split(".")[1]))
    except (ServiceError, ValueError, IndexError):
        return False
    return isinstance(claims, dict) and claims.get("role") == GUEST


def _signs_tokens(key: Mapping[str, Any]) -> bool:
    return key.get("kty") == "OKP" and key.get("crv") == "Ed25519" and isinstance(key.get("kid"), str)


def _caller(claims: Mapping[str, Any]) -> Caller:
    """Errors: INVALID_TOKEN for a token that is good for something else, such as a refresh token."""
    subject, session_id, role = claims["sub"], claims.get("sid"), claims.get("role")
    if claims.get("use") != "access" or not isinstance(subject, str) or not subject.isdecimal():
        raise Refused("INVALID_TOKEN")
    return Caller(
        int(subject),
        session_id if isinstance(session_id, str) else None,
        role if isinstance(role, str) else USER,
        _issued_at(claims),
        float(claims["exp"]),
    )


def _issued_at(claims: Mapping[str, Any]) -> float:
    """`iat` has whole seconds. Without the milliseconds the token may be as old as its second's beginning."""
    exactly, second = claims.get("iat_ms"), claims.get("iat")
    if isinstance(exactly, int):
        return exactly / 1000
    return float(second) if isinstance(second, int) else 0.0
