"""Access and refresh tokens: JWTs signed with Ed25519 (RFC 8037), whose public key everyone may have.

A token's header names its key by the key's thumbprint. Refresh tokens have an audience of their own, so neither kind
can stand in for the other.
"""

import base64
import binascii
import hashlib
import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kernel.clock import Clock
from services.auth.domain import USER, InvalidToken

ISSUER = "magicpic"
ACCESS_AUDIENCE = "magicpic"
REFRESH_AUDIENCE = "magicpic-refresh"
ALGORITHM = "EdDSA"
SEED_BYTES = 32
JTI_BYTES = 16
LONGEST_TOKEN = 2048
"""Bytes; a phone's secure store takes no more."""


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """`text` is for the phone; of the token itself auth keeps only `fingerprint`, the SHA-256 of its id."""

    text: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Presented:
    """A refresh token that came back and is genuine, for us, and not expired. Tokens by fingerprint."""

    user_id: int
    session_id: str
    token: str
    parent: str | None


class SigningKey:
    """An Ed25519 key pair and its name. `seed`: the 32 bytes of the private key."""

    def __init__(self, seed: bytes) -> None:
        self.private = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = self.private.public_key()
        self.kid = thumbprint(self.public)


class KeyRing:
    """One key signs; it and the others verify, and are published."""

    def __init__(self, signing: SigningKey, others: Iterable[SigningKey] = ()) -> None:
        self.signing = signing
        self.by_kid = {key.kid: key for key in [signing, *others]}

    def published(self) -> list[dict[str, Any]]:
        """The public keys as a JSON Web Key Set has them (RFC 7517, RFC 8037 §2)."""
        return [{**_jwk(key.public), "kid": kid, "use": "sig", "alg": ALGORITHM} for kid, key in self.by_kid.items()]


class Tokens:
    """Issues and reads tokens; lives in seconds. `ring` may be replaced at any time. `seed`: of its first key."""

    def __init__(self, seed: bytes, *, clock: Clock, access_life_s: int, refresh_life_s: int) -> None:
        self.ring = KeyRing(SigningKey(seed))
        self._clock = clock
        self.access_life_s = access_life_s
        self.refresh_life_s = refresh_life_s

    def access(self, user_id: int, session_id: str, *, role: str = USER, at: datetime | None = None) -> str:
        """`at`: when it was known what the token says; by default now. `iat_ms` tells it to the millisecond."""
        at = at or self._clock()
        claims = {"aud": ACCESS_AUDIENCE, "sub": str(user_id), "sid": session_id, "use": "access", "role": role}
        return self._signed({**claims, "iat_ms": int(at.timestamp() * 1000)}, self.access_life_s, at)

    def refresh(self, user_id: int, session_id: str, parent: str | None) -> RefreshToken:
        """A new refresh token; `parent`: the fingerprint of the one that it is issued from."""
        jti = secrets.token_urlsafe(JTI_BYTES)
        claims = {"aud": REFRESH_AUDIENCE, "sub": str(user_id), "sid": session_id, "use": "refresh", "jti": jti}
        if parent is not None:
            claims["parent"] = parent
        return RefreshToken(self._signed(claims, self.refresh_life_s, self._clock()), _fingerprint(jti))

    def read_refresh(self, text: str) -> Presented:
        """Errors: INVALID_TOKEN."""
        if len(text) > LONGEST_TOKEN:
            raise InvalidToken
        try:
            claims = jwt.decode(
                text,
                self._key_of(text).public,
                algorithms=[ALGORITHM],
                audience=REFRESH_AUDIENCE,
                issuer=ISSUER,
                # The times are checked below, against the clock that this service is given.
                options={"require": ["exp", "sub", "sid", "jti"], "verify_exp": False, "verify_iat": False},
            )
        except (jwt.PyJWTError, ValueError):
            raise InvalidToken from None
        if self._clock().timestamp() >= claims["exp"]:
            raise InvalidToken
        return Presented(int(claims["sub"]), claims["sid"], _fingerprint(claims["jti"]), claims.get("parent"))

    def _key_of(self, text: str) -> SigningKey:
        kid = jwt.get_unverified_header(text).get("kid")
        key = self.ring.by_kid.get(kid) if isinstance(kid, str) else None
        if key is None:
            raise InvalidToken
        return key

    def _signed(self, claims: dict[str, Any], life_s: int, at: datetime) -> str:
        key = self.ring.signing
        times = {"iat": int(at.timestamp()), "exp": int((at + timedelta(seconds=life_s)).timestamp())}
        return jwt.encode({"iss": ISSUER, **claims, **times}, key.private, ALGORITHM, headers={"kid": key.kid})


def seed_of(text: str) -> bytes:
    """The Ed25519 seed that the setting holds in base64. Errors: ValueError, which never repeats the text."""
    try:
        seed = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"must be the base64 of {SEED_BYTES} random bytes, but is not base64") from None
    if len(seed) != SEED_BYTES:
        raise ValueError(f"must be the base64 of {SEED_BYTES} random bytes, but holds {len(seed)}")
    return seed


def thumbprint(key: Ed25519PublicKey) -> str:
    """RFC 7638: the SHA-256 of the key's required members, in order, without white space."""
    canonical = json.dumps(_jwk(key), sort_keys=True, separators=(",", ":"))
    return _base64url(hashlib.sha256(canonical.encode()).digest())


def _jwk(key: Ed25519PublicKey) -> dict[str, str]:
    return {"crv": "Ed25519", "kty": "OKP", "x": _base64url(key.public_bytes(Encoding.Raw, PublicFormat.Raw))}


def _fingerprint(jti: str) -> str:
    return _base64url(hashlib.sha256(jti.encode()).digest())


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
