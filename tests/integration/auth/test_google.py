"""Signing in with Google: whose word is believed, and whose account it opens."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from contracts.errors import ServiceError
from contracts.rpc import auth as rpc
from kernel.service import Service
from tests.fakes.google import CLIENT_ID, KEY_ID, FakeGoogle
from tests.given import refused
from tests.integration.auth.conftest import PASSWORD, Running, events, fetch, log_in, refresh, sign_up
from tests.integration.auth.letters import ask, last_letter, sign_in_by_mail

OTHER_KEY = rsa.generate_private_key(65537, 2048)


@pytest.fixture
async def google() -> AsyncIterator[FakeGoogle]:
    async with FakeGoogle() as fake:
        yield fake


@pytest.fixture
def patience_s() -> float:
    """For Google's answer. Long: under load even a server of this very process is late."""
    return 5


@pytest.fixture
async def auth(running: Running, google: FakeGoogle, patience_s: float) -> AsyncIterator[Service]:
    apps = ("another-app", CLIENT_ID)
    async with running(
        auth_google_client_ids=apps, auth_google_keys_url=google.url, auth_google_timeout_s=patience_s
    ) as service:
        yield service


async def enter(auth: Service, token: str, **fields: Any) -> rpc.Entered:
    found: rpc.Entered = await ask(auth, rpc.SignInWithGoogle(id_token=token, **fields))
    return found


async def test_a_new_person_gets_a_verified_account_without_a_password(auth: Service, google: FakeGoogle) -> None:
    entered = await enter(auth, google.token())
    assert (entered.is_new, entered.user.name, entered.user.email) == (True, "Ana María", "ana@example.com")
    assert entered.user.is_verified
    assert [row[0] for row in await fetch(auth, "SELECT password_hash FROM people")] == [None]
    again = await enter(auth, google.token(email="moved@example.com"))
    assert (again.is_new, again.user.id) == (False, entered.user.id), "the subject counts, whatever the address"
    assert len(await events(auth, "UserSignedUp")) == len(await events(auth, "EmailVerified")) == 1
    assert google.asked == 1, "keys are kept as long as they may be"


def tampered(google: FakeGoogle) -> dict[str, str]:
    def by_hand(payload: Any, key: Any, algorithm: str, **head: Any) -> str:
        return jwt.encode(payload, key, algorithm, headers={"kid": KEY_ID} | head)

    good = google.token()
    return {
        "another audience": google.token(aud="someone-else"),
        "several audiences": google.token(aud=[CLIENT_ID]),
        "no audience": google.token(aud=None),
        "expired": google.token(iat=1_700_000_000, exp=1_700_003_600),
        "no end": google.token(exp=None),
        "from the future": google.token(iat=4_000_000_000, exp=4_000_003_600),
        "another issuer": google.token(iss="https://accounts.example.com"),
        "no issuer": google.token(iss=None),
        "unverified": google.token(email_verified=False),
        "not said to be verified": google.token(email_verified=None),
        "verified in words": google.token(email_verified="yes"),
        "no address": google.token(email=None),
        "an address that is a number": google.token(email=5),
        "no subject": google.token(sub=None),
        "an empty subject": google.token(sub=""),
        "alg none": by_hand(google.claims(), None, "none"),
        "a symmetric signature": by_hand(google.claims(), "x" * 64, "HS256"),
        "another's key": by_hand(google.claims(), OTHER_KEY, "RS256"),
        "an unknown key": by_hand(google.claims(), google.key, "RS256", kid="key-2"),
        "a changed claim": ".".join([good.split(".")[0], google.token(sub="2").split(".")[1], good.split(".")[2]]),
        "no signature": good.rpartition(".")[0] + ".",
        "lists for objects": "W10.W10.W10",
        "nothing": "",
        "no token": "ünïcode",
        "dots": "...",
        "huge": "a" * 60_000,
    }


async def test_nothing_but_googles_own_living_word_for_us_is_believed(auth: Service, google: FakeGoogle) -> None:
    outcomes = {}
    for case, token in tampered(google).items():
        try:
            await enter(auth, token)
            outcomes[case] = "believed"
        except ServiceError as error:
            outcomes[case] = error.code
    assert outcomes == dict.fromkeys(outcomes, "INVALID_TOKEN")
    assert await fetch(auth, "SELECT 1 FROM people") == []


@pytest.mark.parametrize(
    ("fault", "patience_s"),
    [
        ({"status": 500}, 5),
        ({"body": b"<html>502</html>"}, 5),
        ({"body": b"[]"}, 5),
        ({"body": b"null"}, 5),
        ({"hang": True}, 1),
    ],
    ids=["500", "HTML", "a list", "null", "silence"],
)
async def test_without_googles_keys_nobody_is_judged(auth: Service, google: FakeGoogle, fault: dict[str, Any]) -> None:
    for name, value in fault.items():
        setattr(google, name, value)
    answers = await asyncio.gather(*[enter(auth, google.token()) for _ in range(3)], return_exceptions=True)
    assert [answer.code for answer in answers if isinstance(answer, ServiceError)] == ["SERVICE_UNAVAILABLE"] * 3
    assert google.asked == 1, "what just failed is not asked again by everyone"
    google.status, google.body, google.hang = 200, None, False
    await asyncio.sleep(1.05)
    await enter(auth, google.token())


async def test_keys_without_a_life_are_asked_for_each_time(auth: Service, google: FakeGoogle) -> None:
    google.cache_control = "no-store, max-age=3600"
    await enter(auth, google.token())
    await enter(auth, google.token())
    assert google.asked == 2


async def test_a_verified_account_of_that_address_is_linked_and_keeps_its_password(
    auth: Service, google: FakeGoogle
) -> None:
    user = (await sign_up(auth, "Ana@Example.com")).user
    await ask(auth, rpc.VerifyEmail(token=(await last_letter(auth, "verify_email")).token))
    entered = await enter(auth, google.token())
    assert (entered.user.id, entered.is_new) == (user.id, False)
    await log_in(auth)


@pytest.mark.parametrize("way", ["google", "mail"])
async def test_who_opened_an_account_on_anothers_address_is_put_out_by_its_owner(
    auth: Service, google: FakeGoogle, way: str
) -> None:
    squatter = await sign_up(auth)
    if way == "google":
        entered = await enter(auth, google.token())
    else:
        await ask(auth, rpc.AskToSignIn(email="ana@example.com"))
        entered = await sign_in_by_mail(auth, token=(await last_letter(auth, "sign_in")).token)
    assert (entered.user.id, entered.user.is_verified) == (squatter.user.id, True)
    with refused("INVALID_CREDENTIALS"):
        await log_in(auth, password=PASSWORD)
    with refused("INVALID_TOKEN"):
        await refresh(auth, squatter.refresh_token)
    await refresh(auth, entered.refresh_token)


async def test_one_person_who_comes_many_times_at_once_gets_one_account(auth: Service, google: FakeGoogle) -> None:
    answers = await asyncio.gather(*[enter(auth, google.token()) for _ in range(10)])
    assert Counter(answer.is_new for answer in answers) == {True: 1, False: 9}
    assert len({answer.user.id for answer in answers}) == 1


@pytest.mark.parametrize("name", [None, "", "x", "\u202eevil", "ष" * 10_000, 5])
async def test_any_name_is_made_to_fit(auth: Service, google: FakeGoogle, name: Any) -> None:
    with_name = google.token(name=name) if name != "ष" * 10_000 else google.token(name="ष" * 500)
    assert 2 <= len((await enter(auth, with_name)).user.name) <= 50


async def test_without_client_ids_it_is_off(running: Running, google: FakeGoogle) -> None:
    async with running(auth_google_keys_url=google.url) as service:
        with refused("SIGN_IN_METHOD_OFF"):
            await enter(service, google.token())
    assert google.asked == 0
