"""Refreshing: tokens that rotate when they are used, and thieves."""

import asyncio

import jwt
import nats
import pytest

from contracts.envelope import Envelope
from contracts.errors import ServiceError
from contracts.events.auth import SessionRevoked
from contracts.rpc.auth import Refresh, SignedIn
from kernel.service import Service
from tests.conftest import MakeDatabase
from tests.given import refused
from tests.integration.auth.conftest import OTHER_KEY, Clock, Running, events, fetch, log_in, refresh, sign_up

CUT_CONNECTIONS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = current_user AND pid <> pg_backend_pid()
"""


async def test_a_phone_that_stores_each_new_token_goes_on_for_ever(auth: Service, clock: Clock) -> None:
    tokens = await refresh(auth, (await sign_up(auth)).refresh_token)
    for _ in range(5):
        clock.let_pass(days=29)
        tokens = await refresh(auth, tokens.refresh_token)
    assert (tokens.token_type, tokens.expires_in) == ("bearer", 1800)


async def test_a_phone_that_never_stores_a_new_token_works_until_its_first_expires(auth: Service, clock: Clock) -> None:
    first = (await sign_up(auth)).refresh_token
    for _ in range(3):
        await refresh(auth, first)
        clock.let_pass(days=9.9)
    await refresh(auth, first)
    clock.let_pass(days=1)
    with refused("INVALID_TOKEN"):
        await refresh(auth, first)
    assert await events(auth, "TokenConfirmed") == []


async def test_a_phone_that_loses_an_answer_asks_again_with_the_same_token(auth: Service) -> None:
    token = (await sign_up(auth)).refresh_token
    for _ in range(4):
        await refresh(auth, token)
        token = (await refresh(auth, token)).refresh_token


async def test_the_same_token_many_times_at_once_is_answered_each_time(auth: Service) -> None:
    first = await sign_up(auth)
    for token in (first.refresh_token, (await refresh(auth, first.refresh_token)).refresh_token):
        answers = await asyncio.gather(*[refresh(auth, token) for _ in range(20)])
        assert len({answer.refresh_token for answer in answers}) == 20
    assert len(await events(auth, "TokenConfirmed")) == 1


async def test_a_superseded_token_is_still_good_for_a_moment(auth: Service) -> None:
    first = (await sign_up(auth)).refresh_token
    second, sibling = [(await refresh(auth, first)).refresh_token for _ in range(2)]
    await refresh(auth, second)
    for late in (first, sibling):
        child = (await refresh(auth, late)).refresh_token
        assert claims(child)["parent"] == claims((await refresh(auth, second)).refresh_token)["parent"]
    await refresh(auth, child)


def claims(token: str) -> dict[str, str]:
    found: dict[str, str] = jwt.decode(token, options={"verify_signature": False})
    return found


async def test_a_superseded_token_after_that_ends_the_whole_session_and_no_other(
    running: Running, nats_url: str
) -> None:
    async with running(auth_refresh_grace_s=0) as auth:
        other_phone = await sign_up(auth)
        stolen = (await log_in(auth)).refresh_token
        second = (await refresh(auth, stolen)).refresh_token
        third = (await refresh(auth, second)).refresh_token
        for token in (stolen, second, third, stolen):
            with refused("TOKEN_REUSED"):
                await refresh(auth, token)
        await refresh(auth, other_phone.refresh_token)
        await assert_the_owner_is_told_once(auth, nats_url, other_phone, claims(stolen)["sid"])


async def assert_the_owner_is_told_once(auth: Service, nats_url: str, owner: SignedIn, session_id: str) -> None:
    client = await nats.connect(nats_url)
    heard = await client.jetstream().subscribe("events.auth.session_revoked", ordered_consumer=True)
    envelope = Envelope.model_validate_json((await heard.next_msg(timeout=5)).data)
    assert SessionRevoked.model_validate(envelope.data) == SessionRevoked(
        user_id=owner.user.id, session_id=session_id, reason="theft"
    )
    assert len(await events(auth, "SessionRevoked")) == 1
    await client.close()


async def test_an_expired_token_of_an_ended_session_says_only_that_it_is_invalid(
    running: Running, clock: Clock
) -> None:
    async with running(auth_refresh_grace_s=0) as auth:
        first = (await sign_up(auth)).refresh_token
        await refresh(auth, (await refresh(auth, first)).refresh_token)
        with refused("TOKEN_REUSED"):
            await refresh(auth, first)
        clock.let_pass(days=30)
        with refused("INVALID_TOKEN"):
            await refresh(auth, first)


@pytest.mark.parametrize("token", ["", "null", "a.b.c", "é", "\0", "x" * 100_000])
async def test_what_is_no_token_is_refused(auth: Service, token: str) -> None:
    with refused("INVALID_TOKEN") as caught:
        await auth.bus.caller.ask(Refresh(refresh_token=token))
    assert caught.value.message == "Invalid or expired token"


async def test_an_access_token_cannot_refresh(auth: Service) -> None:
    with refused("INVALID_TOKEN"):
        await refresh(auth, (await sign_up(auth)).access_token)


async def test_a_genuine_token_of_a_session_that_is_not_there_is_refused(
    running: Running, make_database: MakeDatabase
) -> None:
    async with running() as auth:
        token = (await sign_up(auth)).refresh_token
    async with running(auth_database_url=await make_database("auth")) as emptied:
        with refused("INVALID_TOKEN"):
            await refresh(emptied, token)
        assert await fetch(emptied, "SELECT 1 FROM streams") == []


async def test_tokens_stay_good_over_a_restart_with_the_same_key_and_not_with_another(running: Running) -> None:
    async with running() as auth:
        token = (await sign_up(auth)).refresh_token
    async with running() as auth:
        token = (await refresh(auth, token)).refresh_token
    async with running(auth_signing_key=OTHER_KEY) as auth:
        with refused("INVALID_TOKEN"):
            await refresh(auth, token)


async def test_a_database_that_goes_away_for_a_moment_signs_nobody_out(auth: Service) -> None:
    tokens = [(await sign_up(auth, f"user{n}@example.com")).refresh_token for n in range(5)]

    async def cut() -> None:
        for _ in range(5):
            await asyncio.sleep(0.01)
            await fetch(auth, CUT_CONNECTIONS)

    async def go_on(token: str) -> None:
        for _ in range(10):
            token = (await refresh(auth, token)).refresh_token

    await asyncio.gather(cut(), *map(go_on, tokens))
    assert len(await events(auth, "TokenConfirmed")) == 5 * 9


async def test_a_session_whose_database_stays_away_is_told_so(auth: Service) -> None:
    token = (await sign_up(auth)).refresh_token
    await auth.commands.close()
    with pytest.raises(ServiceError) as caught:
        await auth.bus.caller.ask(Refresh(refresh_token=token))
    assert caught.value.code == "SERVICE_UNAVAILABLE"
