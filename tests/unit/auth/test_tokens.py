"""Tokens: what they say, who can read them, and what is not taken for one."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given as for_any
from hypothesis import strategies as st

from services.auth.tokens import LONGEST_TOKEN, KeyRing, SigningKey, Tokens, seed_of, thumbprint
from tests.given import NOW, refused

# RFC 8037, appendix A: the private key, its public half, and the thumbprint of A.3.
RFC_SEED = base64.urlsafe_b64decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=")
RFC_PUBLIC = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
RFC_THUMBPRINT = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
RFC_HEADER = {"kid": RFC_THUMBPRINT}
MONTH_S = 30 * 24 * 3600


@dataclass
class Clock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


def tokens(clock: Clock | None = None, seed: bytes = RFC_SEED) -> Tokens:
    return Tokens(seed, clock=clock or Clock(), access_life_s=1800, refresh_life_s=MONTH_S)


def unverified(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def forged(seed: bytes = RFC_SEED, **claims: Any) -> str:
    good = unverified(tokens().refresh(7, "s", parent=None).text)
    return jwt.encode({**good, **claims}, Ed25519PrivateKey.from_private_bytes(seed), "EdDSA", headers=RFC_HEADER)


def test_the_key_is_published_as_the_standard_has_it() -> None:
    [key] = tokens().ring.published()
    assert key == {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": RFC_PUBLIC,
        "kid": RFC_THUMBPRINT,
        "use": "sig",
        "alg": "EdDSA",
    }


def test_a_keys_name_is_its_thumbprint() -> None:
    assert thumbprint(Ed25519PrivateKey.from_private_bytes(RFC_SEED).public_key()) == RFC_THUMBPRINT


def test_an_access_token_can_be_verified_with_the_published_key_alone() -> None:
    issuer = tokens(Clock(datetime.now(UTC)))
    token = issuer.access(7, "s")
    key = jwt.PyJWKSet.from_dict({"keys": issuer.ring.published()})[jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(token, key, algorithms=["EdDSA"], audience="magicpic", issuer="magicpic")
    assert (claims["sub"], claims["sid"], claims["use"]) == ("7", "s", "access")
    assert claims["exp"] - claims["iat"] == 1800


def test_the_control_of_the_forgeries_below_is_a_good_token() -> None:
    assert tokens().read_refresh(forged()).user_id == 7


def test_an_access_token_says_when_it_was_issued_to_the_millisecond_and_the_role() -> None:
    claims = unverified(tokens().access(7, "s", role="admin", at=NOW + timedelta(milliseconds=482.9)))
    assert (claims["role"], claims["iat_ms"] - claims["iat"] * 1000) == ("admin", 482)


def test_the_tokens_of_a_former_key_stay_good_and_new_ones_name_the_new_key() -> None:
    issuer = tokens()
    former = issuer.refresh(7, "s", parent=None).text
    new = SigningKey(b"n" * 32)
    issuer.ring = KeyRing(new, [SigningKey(RFC_SEED)])
    assert issuer.read_refresh(former).user_id == 7
    assert jwt.get_unverified_header(issuer.access(7, "s"))["kid"] == new.kid
    assert {key["kid"] for key in issuer.ring.published()} == {new.kid, RFC_THUMBPRINT}


def test_a_refresh_token_comes_back_as_it_was_issued() -> None:
    issuer = tokens()
    first = issuer.refresh(7, "s", parent=None)
    second = issuer.refresh(7, "s", parent=first.fingerprint)
    presented = issuer.read_refresh(second.text)
    assert (presented.user_id, presented.session_id) == (7, "s")
    assert (presented.token, presented.parent) == (second.fingerprint, first.fingerprint)
    assert issuer.read_refresh(first.text).parent is None


def test_no_two_tokens_are_alike_and_their_ids_have_128_bits() -> None:
    issuer = tokens()
    ids = {unverified(issuer.refresh(7, "s", parent=None).text)["jti"] for _ in range(100)}
    assert len(ids) == 100
    assert {len(base64.urlsafe_b64decode(jti + "==")) for jti in ids} == {16}


def test_what_auth_keeps_of_a_token_is_not_its_id() -> None:
    token = tokens().refresh(7, "s", parent=None)
    assert unverified(token.text)["jti"] not in token.fingerprint


def test_a_refresh_token_is_good_until_its_expiry_and_not_after() -> None:
    clock = Clock()
    issuer = tokens(clock)
    token = issuer.refresh(7, "s", parent=None).text
    clock.now = NOW + timedelta(seconds=MONTH_S - 1)
    assert issuer.read_refresh(token).user_id == 7
    clock.now = NOW + timedelta(seconds=MONTH_S)
    with refused("INVALID_TOKEN"):
        issuer.read_refresh(token)


def test_tokens_fit_into_a_phones_secure_store() -> None:
    issuer = tokens()
    parent = issuer.refresh(2**62, "f" * 32, parent=None)
    assert len(issuer.refresh(2**62, "f" * 32, parent=parent.fingerprint).text) <= LONGEST_TOKEN
    assert len(issuer.access(2**62, "f" * 32)) <= LONGEST_TOKEN


NOT_OURS: dict[str, Callable[[], str]] = {
    "an access token": lambda: tokens().access(7, "s"),
    "another key's": lambda: forged(b"x" * 32),
    "another audience's": lambda: forged(aud="elsewhere"),
    "for those who take access tokens": lambda: forged(aud="magicpic"),
    "another issuer's": lambda: forged(iss="elsewhere"),
    "unsigned": lambda: jwt.encode(unverified(forged()), "", "none", headers=RFC_HEADER),
    "signed with the public key as a secret": lambda: jwt.encode(
        unverified(forged()), base64.urlsafe_b64decode(RFC_PUBLIC + "="), "HS256", headers=RFC_HEADER
    ),
    "without a key's name": lambda: jwt.encode(
        unverified(forged()), Ed25519PrivateKey.from_private_bytes(RFC_SEED), "EdDSA"
    ),
    "with another key's name": lambda: jwt.encode(
        unverified(forged()), Ed25519PrivateKey.from_private_bytes(RFC_SEED), "EdDSA", headers={"kid": "other"}
    ),
    "cut short": lambda: forged()[:-1],
    "with other claims under the same signature": lambda: ".".join(
        [forged().split(".")[0], forged(sub="8").split(".")[1], forged().split(".")[2]]
    ),
    "without a session": lambda: jwt.encode(
        {key: value for key, value in unverified(forged()).items() if key != "sid"},
        Ed25519PrivateKey.from_private_bytes(RFC_SEED),
        "EdDSA",
        headers=RFC_HEADER,
    ),
    "longer than any of ours": lambda: forged(more="x" * LONGEST_TOKEN),
    "null": lambda: "null",
    "empty": lambda: "",
    "not ASCII": lambda: "é.é.é",
}


@pytest.mark.parametrize("kind", NOT_OURS)
def test_what_is_not_one_of_our_refresh_tokens_is_refused(kind: str) -> None:
    with refused("INVALID_TOKEN"):
        tokens().read_refresh(NOT_OURS[kind]())


@for_any(st.text(alphabet=st.characters(codec="utf-8"), max_size=80) | st.from_regex(r"[\w-]*\.[\w-]*\.[\w-]*"))
def test_no_text_makes_the_reader_fail_otherwise(text: str) -> None:
    with refused("INVALID_TOKEN"):
        tokens().read_refresh(text)


def test_a_seed_is_read_from_base64() -> None:
    assert seed_of(base64.b64encode(RFC_SEED).decode() + "\n") == RFC_SEED


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "holds 0"),
        ("secret!", "is not base64"),
        ("é" * 44, "is not base64"),
        (base64.b64encode(b"x" * 31).decode(), "holds 31"),
        (base64.b64encode(b"x" * 64).decode(), "holds 64"),
        ("-----BEGIN PRIVATE KEY-----", "is not base64"),
    ],
)
def test_a_malformed_seed_is_named_without_being_shown(text: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault) as caught:
        seed_of(text)
    assert not text or text not in str(caught.value)
