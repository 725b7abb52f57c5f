"""Only auth's own, living access tokens for us are believed; its keys are learned as they change."""

import asyncio
import base64
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from contracts.errors import ServiceError
from contracts.rpc.auth import RevocationPage
from gateway.revocations import Revocations
from gateway.security import REFETCH_PAUSE_S, Tokens, bearer
from tests.unit.gateway.signing import SigningKey


class Auth:
    """Gives its keys, or does not."""

    def __init__(self, *keys: SigningKey) -> None:
        self.keys = list(keys)
        self.asked = 0
        self.is_away = False

    async def fetch(self) -> list[dict[str, Any]]:
        self.asked += 1
        if self.is_away:
            raise ServiceError("SERVICE_UNAVAILABLE", "away")
        return [key.jwk for key in self.keys]


class Clock:
    def __init__(self) -> None:
        self.now_s = time.time()

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def key() -> SigningKey:
    return SigningKey()


@pytest.fixture
def auth(key: SigningKey) -> Auth:
    return Auth(key)


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def nothing_revoked(_: int) -> RevocationPage:
    return RevocationPage(sessions=[], users={}, next=None)


async def known_revocations(clock: Clock | None = None) -> Revocations:
    revocations = Revocations(nothing_revoked, clock=clock or time.time)
    revocations.missed()
    await revocations.settled()
    return revocations


@pytest.fixture
async def tokens(auth: Auth, clock: Clock) -> Tokens:
    tokens = Tokens(auth.fetch, await known_revocations(clock), clock=clock)
    await tokens.learn()
    return tokens


async def code_of(tokens: Tokens, token: str) -> str:
    with pytest.raises(ServiceError) as refused:
        await tokens.caller(f"Bearer {token}".encode())
    return refused.value.code


async def test_a_good_token_says_who_calls(tokens: Tokens, key: SigningKey) -> None:
    caller = await tokens.caller(f"bearer {key.token(7)}".encode())
    assert (caller.user_id, caller.session_id) == (7, "session-of-7")


@pytest.mark.parametrize(
    "header",
    [None, b"", b"Bearer", b"Bearer ", b"Basic abc", b"Bearer " + b"x" * 5000, "Bearer tökén".encode(), b"abc"],
)
def test_a_header_without_a_bearer_token_is_refused(header: bytes | None) -> None:
    with pytest.raises(ServiceError) as refused:
        bearer(header)
    assert refused.value.code == "INVALID_TOKEN"


@pytest.mark.parametrize("token", ["null", "undefined", "a.b.c", "....", "e30.e30.e30", "\0", "a b c"])
async def test_what_is_no_token_is_refused(tokens: Tokens, token: str) -> None:
    assert await code_of(tokens, token) == "INVALID_TOKEN"


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": int(time.time()) - 1},
        {"exp": None},
        {"aud": "magicpic-refresh"},
        {"aud": None},
        {"iss": "someone-else"},
        {"iss": None},
        {"use": "refresh"},
        {"use": None},
        {"sub": None},
        {"sub": "admin"},
        {"sub": "-1"},
    ],
)
async def test_a_token_for_another_purpose_is_refused(tokens: Tokens, key: SigningKey, claims: dict[str, Any]) -> None:
    assert await code_of(tokens, key.token(**claims)) == "INVALID_TOKEN"


async def test_a_token_of_another_key_under_the_same_name_is_refused(tokens: Tokens) -> None:
    assert await code_of(tokens, SigningKey("key-1").token()) == "INVALID_TOKEN"


async def test_a_changed_token_is_refused(tokens: Tokens, key: SigningKey) -> None:
    head, _, signature = key.token(7).split(".")
    claims = key.token(8).split(".")[1]
    assert await code_of(tokens, f"{head}.{claims}.{signature}") == "INVALID_TOKEN"


async def test_a_signature_of_another_length_is_refused(tokens: Tokens, key: SigningKey) -> None:
    head, claims, signature = key.token().split(".")
    for given in (signature[:-2], signature[:40], "", signature + "AA", signature * 2):
        assert await code_of(tokens, f"{head}.{claims}.{given}") == "INVALID_TOKEN"


async def test_an_unsigned_token_is_refused(tokens: Tokens, key: SigningKey) -> None:
    _, claims, signature = key.token().split(".")
    for algorithm in ("none", "None", "HS256", "RS256", "ES256"):
        head = base64.urlsafe_b64encode(json.dumps({"alg": algorithm, "kid": "key-1"}).encode()).rstrip(b"=").decode()
        assert await code_of(tokens, f"{head}.{claims}.") == "INVALID_TOKEN"
        assert await code_of(tokens, f"{head}.{claims}.{signature}") == "INVALID_TOKEN"


async def test_a_token_signed_with_the_public_key_as_a_password_is_refused(tokens: Tokens, key: SigningKey) -> None:
    claims = jwt.decode(key.token(), options={"verify_signature": False})
    public = key.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    assert await code_of(tokens, jwt.encode(claims, public, "HS256", headers={"kid": "key-1"})) == "INVALID_TOKEN"


async def test_a_token_that_names_no_key_or_a_strange_one_is_refused(tokens: Tokens, key: SigningKey) -> None:
    _, claims, signature = key.token().split(".")
    for header in ({"alg": "EdDSA"}, {"alg": "EdDSA", "kid": 5}, {"alg": "EdDSA", "kid": None}):
        head = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
        assert await code_of(tokens, f"{head}.{claims}.{signature}") == "INVALID_TOKEN"


async def test_a_remembered_token_is_refused_once_it_has_expired(tokens: Tokens, key: SigningKey, clock: Clock) -> None:
    token = key.token(7, life_s=60)
    await tokens.caller(f"Bearer {token}".encode())
    clock.now_s += 61
    assert await code_of(tokens, token) == "INVALID_TOKEN"


async def test_a_new_key_is_learned_when_its_first_token_comes(tokens: Tokens, auth: Auth, clock: Clock) -> None:
    new = SigningKey("key-2")
    auth.keys.append(new)
    clock.now_s += REFETCH_PAUSE_S
    assert (await tokens.caller(f"Bearer {new.token(9)}".encode())).user_id == 9


async def test_unknown_keys_cannot_make_us_ask_auth_more_often_than_every_few_seconds(
    tokens: Tokens, auth: Auth, clock: Clock
) -> None:
    clock.now_s += REFETCH_PAUSE_S
    asked = auth.asked
    strangers = [SigningKey(f"stranger-{n}").token() for n in range(20)]
    codes = await asyncio.gather(*[code_of(tokens, token) for token in strangers])
    assert set(codes) == {"INVALID_TOKEN"}
    assert auth.asked == asked + 1


async def test_while_auth_is_away_a_token_of_an_unknown_key_is_not_called_invalid(
    tokens: Tokens, auth: Auth, clock: Clock
) -> None:
    new = SigningKey("key-2")
    auth.is_away = True
    clock.now_s += REFETCH_PAUSE_S
    assert [await code_of(tokens, new.token()) for _ in range(2)] == ["SERVICE_UNAVAILABLE"] * 2


async def test_without_any_key_nobody_is_sent_away_as_a_stranger(key: SigningKey) -> None:
    auth = Auth(key)
    auth.is_away = True
    assert await code_of(Tokens(auth.fetch, await known_revocations()), key.token()) == "SERVICE_UNAVAILABLE"


async def test_keys_of_other_kinds_are_passed_over(key: SigningKey) -> None:
    async def fetch() -> list[dict[str, Any]]:
        return [{"kty": "oct", "k": "c2VjcmV0", "kid": "key-9"}, {"kty": "OKP", "crv": "X25519", "kid": "x"}, key.jwk]

    tokens = Tokens(fetch, await known_revocations())
    await tokens.learn()
    assert (await tokens.caller(f"Bearer {key.token(7)}".encode())).user_id == 7


async def test_a_revoked_session_is_refused_even_when_its_token_was_remembered(tokens: Tokens, key: SigningKey) -> None:
    remembered, unseen, other = key.token(7), key.token(7, life_s=900), key.token(8)
    for token in (remembered, other):
        await tokens.caller(f"Bearer {token}".encode())
    tokens.revocations.end_session("session-of-7")
    assert [await code_of(tokens, token) for token in (remembered, unseen)] == ["INVALID_TOKEN"] * 2
    assert (await tokens.caller(f"Bearer {other}".encode())).user_id == 8


async def test_what_a_user_was_given_up_to_a_moment_is_void_and_what_came_later_is_not(
    tokens: Tokens, key: SigningKey, clock: Clock
) -> None:
    second = int(clock.now_s)
    cut_ms = second * 1000 + 500
    before, at_once, after = [key.token(7, iat=second, iat_ms=cut_ms + ms) for ms in (-1, 0, 1)]
    await tokens.caller(f"Bearer {before}".encode())  # remembered
    tokens.revocations.end_access(7, cut_ms / 1000)
    assert [await code_of(tokens, token) for token in (before, at_once)] == ["INVALID_TOKEN"] * 2
    assert (await tokens.caller(f"Bearer {after}".encode())).user_id == 7
    tokens.revocations.end_access(7, cut_ms / 1000 - 60)  # heard late
    assert await code_of(tokens, before) == "INVALID_TOKEN"


async def test_a_token_without_milliseconds_is_as_old_as_its_second(
    tokens: Tokens, key: SigningKey, clock: Clock
) -> None:
    second = int(clock.now_s)
    tokens.revocations.end_access(7, second + 0.5)
    assert await code_of(tokens, key.token(7, iat=second)) == "INVALID_TOKEN"
    assert await code_of(tokens, key.token(7, iat=None)) == "INVALID_TOKEN"
    assert (await tokens.caller(f"Bearer {key.token(7, iat=second + 1)}".encode())).user_id == 7


async def test_revocations_are_forgotten_when_no_token_can_be_left(clock: Clock) -> None:
    revocations = await known_revocations(clock)
    for n in range(3):
        revocations.end_session(f"s{n}")
        revocations.end_access(n, clock.now_s)
    clock.now_s += 24 * 3600 + 1
    revocations.end_session("s9")
    revocations.end_access(9, clock.now_s)
    assert not revocations.is_void(1, "s1", 0)
    assert revocations.is_void(9, "s9", 0)
    assert (len(revocations._sessions), len(revocations._users)) == (1, 1)


async def test_after_a_gap_all_pages_are_asked_for_and_nobody_is_let_in_before(key: SigningKey, auth: Auth) -> None:
    answering = asyncio.Event()
    asked: list[int] = []

    async def fetch(after: int) -> RevocationPage:
        asked.append(after)
        await answering.wait()
        if after == 0:
            return RevocationPage(sessions=["session-of-8"], users={}, next=5)
        return RevocationPage(sessions=[], users={9: "2100-01-01T00:00:00.000Z"}, next=None)

    tokens = Tokens(auth.fetch, Revocations(fetch))
    await tokens.learn()
    tokens.revocations.missed()
    assert await code_of(tokens, key.token(8)) == "SERVICE_UNAVAILABLE"
    tokens.revocations.missed()  # again, while the first answer is under way: so that one is not enough
    answering.set()
    await tokens.revocations.settled()
    assert asked == [0, 5, 0, 5]
    assert [await code_of(tokens, key.token(user)) for user in (8, 9)] == ["INVALID_TOKEN"] * 2
    assert (await tokens.caller(f"Bearer {key.token(7)}".encode())).user_id == 7


async def test_a_refusal_to_say_what_was_revoked_is_asked_again(key: SigningKey, auth: Auth) -> None:
    asked = 0

    async def fetch(_: int) -> RevocationPage:
        nonlocal asked
        asked += 1
        if asked == 1:
            raise ServiceError("SERVICE_UNAVAILABLE", "away")
        return RevocationPage(sessions=[], users={}, next=None)

    tokens = Tokens(auth.fetch, Revocations(fetch))
    await tokens.learn()
    tokens.revocations.missed()
    assert (await tokens.caller(f"Bearer {key.token(7)}".encode())).user_id == 7
    assert asked == 2


async def test_a_role_is_what_the_signed_token_says(tokens: Tokens, key: SigningKey) -> None:
    assert (await tokens.caller(f"Bearer {key.token(7, role='admin')}".encode())).role == "admin"
    assert (await tokens.caller(f"Bearer {key.token(8)}".encode())).role == "user"
    head, _, signature = key.token(7, role="user").split(".")
    forged = f"{head}.{key.token(7, role='admin').split('.')[1]}.{signature}"
    assert await code_of(tokens, forged) == "INVALID_TOKEN"
    assert await code_of(tokens, SigningKey("key-1").token(7, role="admin")) == "INVALID_TOKEN"
