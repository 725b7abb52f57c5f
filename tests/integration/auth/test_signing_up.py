"""Signing up, on real PostgreSQL and NATS."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import jwt
import nats
import pytest

from contracts.envelope import Envelope
from contracts.errors import ServiceError
from contracts.events.auth import UserSignedUp
from contracts.rpc.auth import Jwks, KeySet, Me, People, PeopleByIds, SignedIn, SignUp, User
from kernel.projection import rebuild
from kernel.service import Service
from services.auth import projections, tables
from services.auth.app import CODEC
from tests.given import refused
from tests.integration.auth.conftest import PASSWORD, events, fetch, sign_up

OwnerOf = Callable[[str], Awaitable[asyncpg.Connection]]


async def test_signing_up_answers_with_the_user_and_tokens_of_a_first_session(auth: Service) -> None:
    signed_in = await sign_up(auth, " Ana+App@Example.com ", name=" Ana María ")
    user = signed_in.user
    assert (user.email, user.name, user.avatar_url, user.is_verified) == (
        "Ana+App@Example.com",
        "Ana María",
        None,
        False,
    )
    assert user.created_at.endswith("Z")
    assert (signed_in.token_type, signed_in.expires_in) == ("bearer", 1800)
    me: User = await auth.bus.caller.ask(Me(user_id=user.id))
    assert me == user


async def test_the_access_token_can_be_verified_with_the_published_keys(auth: Service) -> None:
    signed_in = await sign_up(auth)
    keys: KeySet = await auth.bus.caller.ask(Jwks())
    [key] = jwt.PyJWKSet.from_dict(keys.model_dump()).keys
    claims = jwt.decode(signed_in.access_token, key, algorithms=["EdDSA"], audience="magicpic", issuer="magicpic")
    assert claims["sub"] == str(signed_in.user.id)
    [session] = await events(auth, "SessionStarted")
    assert session["stream_id"] == f"session-{claims['sid']}"


async def test_the_others_hear_of_a_new_user_by_id_alone(auth: Service, nats_url: str) -> None:
    client = await nats.connect(nats_url)
    heard = await client.jetstream().subscribe("events.auth.user_signed_up", ordered_consumer=True)
    user_id = (await sign_up(auth)).user.id
    envelope = Envelope.model_validate_json((await heard.next_msg(timeout=5)).data)
    assert (envelope.type, envelope.data) == (UserSignedUp.TYPE, {"user_id": user_id})
    await client.close()


REFUSED = {
    "a short name": ({"name": "A"}, "VALIDATION_ERROR"),
    "a long name": ({"name": "x" * 10_000}, "VALIDATION_ERROR"),
    "a control character": ({"name": "An\u0000a"}, "VALIDATION_ERROR"),
    "no address": ({"email": "ana"}, "INVALID_EMAIL"),
    "a weak password": ({"password": "weak"}, "WEAK_PASSWORD"),
    "a weak password for a taken address": ({"email": "TAKEN@example.com", "password": "weak"}, "WEAK_PASSWORD"),
    "a taken address": ({"email": "TAKEN@example.com"}, "EMAIL_EXISTS"),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_a_refused_sign_up_leaves_nothing_behind(auth: Service, case: str) -> None:
    await sign_up(auth, "taken@example.com")
    changes, code = REFUSED[case]
    request = SignUp(**({"email": "ana@example.com", "password": PASSWORD, "name": "Ana"} | changes))
    with refused(code) as caught:
        await auth.bus.caller.ask(request)
    assert set(caught.value.details or {}) == (changes.keys() if len(changes) == 1 else {"password"})
    assert len(await fetch(auth, "SELECT 1 FROM people")) == 1
    assert len(await fetch(auth, "SELECT 1 FROM events WHERE type <> 'Visited'")) == 3


async def test_of_many_who_sign_up_at_once_with_one_address_exactly_one_wins(auth: Service) -> None:
    spellings = ["ana@example.com", "Ana@example.com", "ANA@EXAMPLE.COM", "ana@Example.com"] * 5
    answers = await asyncio.gather(*[sign_up(auth, email) for email in spellings], return_exceptions=True)
    assert Counter(map(outcome, answers)) == {"signed up": 1, "EMAIL_EXISTS": 19}
    assert len(await fetch(auth, "SELECT 1 FROM people")) == 1
    assert len(await events(auth, "UserSignedUp")) == 1


async def test_others_who_sign_up_at_the_same_moment_are_not_disturbed(auth: Service) -> None:
    emails = [f"user{n}@example.com" for n in range(20)] + ["USER7@example.com"]
    answers = await asyncio.gather(*[sign_up(auth, email) for email in emails], return_exceptions=True)
    assert Counter(map(outcome, answers)) == {"signed up": 20, "EMAIL_EXISTS": 1}
    ids = {answer.user.id for answer in answers if isinstance(answer, SignedIn)}
    assert len(ids) == 20


def outcome(answer: Any) -> str:
    return answer.code if isinstance(answer, ServiceError) else "signed up"


async def test_a_user_who_does_not_exist_is_not_found(auth: Service) -> None:
    with refused("USER_NOT_FOUND"):
        await auth.bus.caller.ask(Me(user_id=404))


async def test_people_have_public_faces_without_addresses(auth: Service) -> None:
    ana = (await sign_up(auth)).user.id
    ben = (await sign_up(auth, "ben@example.com", name="Ben")).user.id
    found: People = await auth.bus.caller.ask(PeopleByIds(user_ids=[ana, ben, ana, 404]))
    assert found.people == {
        ana: {"id": ana, "name": "Ana", "avatar_url": None},
        ben: {"id": ben, "name": "Ben", "avatar_url": None},
    }
    nobody: People = await auth.bus.caller.ask(PeopleByIds(user_ids=[]))
    assert nobody.people == {}
    with refused("VALIDATION_ERROR"):
        await auth.bus.caller.ask(PeopleByIds(user_ids=list(range(1001))))


async def test_a_rebuild_of_what_follows_from_events_leaves_people_alone(auth: Service, owner_of: OwnerOf) -> None:
    await sign_up(auth)
    found = await rebuild(await owner_of(auth.database.url), CODEC, tables.metadata, projections.project)
    assert not [table for table in found if table.only_live or table.only_rebuilt]
    assert len(await fetch(auth, "SELECT 1 FROM people")) == 1
