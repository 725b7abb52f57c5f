"""Sessions as their owner sees them, and their end."""

import asyncio

import jwt
import pytest

from contracts.errors import ServiceError
from contracts.rpc.auth import Device, EndSession, EndSessions, ListSessions, LogIn, Revocations, Session, SignedIn
from kernel.service import Service
from services.auth.sessions import Sessions
from services.auth.tokens import Tokens
from services.auth.visits import Visits
from tests.given import refused
from tests.integration.auth.conftest import (
    PASSWORD,
    Clock,
    Running,
    argon2_runs,
    events,
    fetch,
    log_in,
    refresh,
    sign_up,
)
from tests.waiting import until

PHONE = Device(device_id="8C0F", device_name="Ana's phone", platform="ios")


def sid(signed_in: SignedIn) -> str:
    found: str = jwt.decode(signed_in.access_token, options={"verify_signature": False})["sid"]
    return found


async def sessions(auth: Service, user_id: int) -> list[Session]:
    found: list[Session] = (await auth.bus.caller.ask(ListSessions(user_id=user_id))).items
    return found


async def log_in_on(auth: Service, device: Device) -> SignedIn:
    found: SignedIn = await auth.bus.caller.ask(LogIn(email="ana@example.com", password=PASSWORD, device=device))
    return found


def sessions_of(auth: Service, clock: Clock) -> Sessions:
    """The part that others call: password resets, suspensions, deletions."""
    tokens = Tokens(b"k" * 32, clock=clock, access_life_s=1800, refresh_life_s=2592000)
    return Sessions(auth.database, auth.commands, tokens, Visits(auth.commands, clock), grace_s=30, clock=clock)


async def test_sessions_are_listed_with_their_device_the_last_used_first(auth: Service, clock: Clock) -> None:
    first = await sign_up(auth)
    second = await log_in_on(auth, PHONE)
    listed = await sessions(auth, first.user.id)
    assert [(item.session_id, item.device.device_name) for item in listed] == [
        (sid(second), "Ana's phone"),
        (sid(first), ""),
    ]
    clock.let_pass(minutes=2)
    await refresh(auth, first.refresh_token)
    assert [item.session_id for item in await sessions(auth, first.user.id)] == [sid(first), sid(second)]


async def test_the_last_use_is_written_once_a_minute(auth: Service, clock: Clock) -> None:
    person = await sign_up(auth)
    seen = []
    for seconds in (1, 62, 5):
        clock.let_pass(seconds=seconds)
        await refresh(auth, person.refresh_token)
        seen.append((await sessions(auth, person.user.id))[0].last_used_at)
    assert seen[0] < seen[1] == seen[2]


async def test_a_device_name_of_any_length_is_cut(auth: Service) -> None:
    user_id = (await sign_up(auth)).user.id
    await log_in_on(auth, Device(device_id="x" * 9999, device_name="é" * 9999, platform="web"))
    assert len((await sessions(auth, user_id))[0].device.device_name) == 200


async def test_an_ended_session_is_gone_and_its_token_is_invalid_not_stolen(auth: Service) -> None:
    first, second = await sign_up(auth), await log_in(auth)
    assert (await auth.bus.caller.ask(EndSession(user_id=first.user.id, session_id=sid(second)))).ended == 1
    with refused("INVALID_TOKEN"):
        await refresh(auth, second.refresh_token)
    assert [item.session_id for item in await sessions(auth, first.user.id)] == [sid(first)]
    assert (await auth.bus.caller.ask(EndSession(user_id=first.user.id, session_id=sid(second)))).ended == 0
    [event] = await events(auth, "SessionRevoked")
    assert '"signed_out"' in event["data"]
    await refresh(auth, first.refresh_token)


async def test_another_persons_session_cannot_be_told_from_one_that_is_not_there(auth: Service) -> None:
    ana, eve = await sign_up(auth), await sign_up(auth, "eve@example.com")
    faults = []
    for session_id in (sid(ana), "f" * 32):
        with pytest.raises(ServiceError) as caught:
            await auth.bus.caller.ask(EndSession(user_id=eve.user.id, session_id=session_id))
        faults.append((caught.value.code, caught.value.message, caught.value.details))
    assert faults[0] == faults[1] == ("SESSION_NOT_FOUND", "There is no such session.", None)
    await refresh(auth, ana.refresh_token)


async def test_all_others_or_all_can_be_ended(auth: Service) -> None:
    first = await sign_up(auth)
    others = [await log_in(auth) for _ in range(3)]
    user_id = first.user.id
    assert (await auth.bus.caller.ask(EndSessions(user_id=user_id, keep=sid(first)))).ended == 3
    await refresh(auth, first.refresh_token)
    for other in others:
        with refused("INVALID_TOKEN"):
            await refresh(auth, other.refresh_token)
    assert (await auth.bus.caller.ask(EndSessions(user_id=user_id))).ended == 1
    assert await sessions(auth, user_id) == []
    await log_in(auth)
    assert len(await sessions(auth, user_id)) == 1


async def test_a_password_that_was_right_before_all_sessions_ended_begins_none_after(
    running: Running, clock: Clock
) -> None:
    """The other phone verifies the old password at the very moment in which it is reset."""
    async with running(auth_hash_passes=40) as auth:
        user_id = (await sign_up(auth)).user.id
        before = argon2_runs("verify")
        logging_in = asyncio.create_task(log_in(auth, ip=""))
        await until(lambda: fetch(auth, "SELECT 1 FROM guesses"), bool)
        assert await sessions_of(auth, clock).end_all(user_id, reason="password") == 1
        assert argon2_runs("verify") == before, "verifying was to take longer than this"
        with refused("INVALID_TOKEN"):
            await logging_in
        assert await sessions(auth, user_id) == []


async def test_of_sessions_that_begin_while_all_end_none_is_left_that_is_not_known(auth: Service, clock: Clock) -> None:
    """Whoever was told of a session has one that is listed; whoever was refused has left none."""
    user_id = (await sign_up(auth)).user.id
    own = sessions_of(auth, clock)
    for _ in range(10):
        results = await asyncio.gather(
            *[own.start(user_id) for _ in range(4)],
            own.end_all(user_id, reason="password"),
            *[own.start(user_id) for _ in range(4)],
            return_exceptions=True,
        )
        faults = [result for result in results if isinstance(result, BaseException)]
        assert all(isinstance(fault, ServiceError) and fault.code == "INVALID_TOKEN" for fault in faults)
        assert await own.end_all(user_id, reason="password") <= 8 - len(faults)
        assert await sessions(auth, user_id) == []


async def test_sessions_whose_tokens_have_expired_are_not_shown_and_go(auth: Service, clock: Clock) -> None:
    user_id = (await sign_up(auth)).user.id
    clock.let_pass(days=30, hours=2)
    assert await sessions(auth, user_id) == []
    await log_in(auth)
    assert len(await fetch(auth, "SELECT 1 FROM sessions")) == 1


async def test_what_was_revoked_within_an_access_tokens_life_can_be_asked_for(auth: Service, clock: Clock) -> None:
    first = await sign_up(auth)
    await auth.bus.caller.ask(EndSession(user_id=first.user.id, session_id=sid(first)))
    page = await auth.bus.caller.ask(Revocations())
    assert (page.sessions, page.users, page.next) == ([sid(first)], {}, None)
    clock.let_pass(minutes=32)
    assert (await auth.bus.caller.ask(Revocations())).sessions == []


async def test_a_long_list_of_revocations_comes_in_pages(auth: Service) -> None:
    rows = "SELECT n, now(), 1, lpad(n::text, 32, '0'), NULL FROM generate_series(1, 12000) n"
    await fetch(auth, f"INSERT INTO revocations {rows}")
    found: list[str] = []
    after: int | None = 0
    while after is not None:
        page = await auth.bus.caller.ask(Revocations(after=after))
        assert len(page.model_dump_json()) < 500_000
        found += page.sessions
        after = page.next
    assert len(set(found)) == len(found) == 12000
