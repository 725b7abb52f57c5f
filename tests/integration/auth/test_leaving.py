"""Deleting an account: proved, put off, thought better of, done."""

import asyncio

import pytest

from contracts.errors import ServiceError
from contracts.rpc.auth import DeletionDue, Me, PeopleByIds, RequestDeletion, SignedIn
from kernel.objects import Objects
from kernel.service import Service
from tests.given import refused
from tests.integration.auth.conftest import (
    PASSWORD,
    Clock,
    Running,
    events,
    fetch,
    log_in,
    refresh,
    sign_up,
)
from tests.integration.auth.test_profiles import update, uploaded
from tests.waiting import until

WRONG = "WrongPass123"


async def leave(auth: Service, user_id: int, password: str | None = PASSWORD) -> DeletionDue:
    found: DeletionDue = await auth.bus.caller.ask(
        RequestDeletion(user_id=user_id, password=password, ip="203.0.113.7")
    )
    return found


async def gone(auth: Service, user_id: int) -> bool:
    return not await fetch(auth, "SELECT 1 FROM people WHERE user_id = $1", user_id)


async def has_ended(auth: Service, signed_in: SignedIn) -> bool:
    try:
        await refresh(auth, signed_in.refresh_token)
    except ServiceError as error:
        return error.status == 401
    return False


async def test_without_grace_the_person_is_gone_at_once_with_every_trace(running: Running, objects: Objects) -> None:
    async with running(auth_deletion_grace_s=0) as auth:
        first = await sign_up(auth)
        user_id = first.user.id
        second = await log_in(auth)
        with refused("INVALID_CREDENTIALS"):
            await log_in(auth, password=WRONG)
        await update(auth, user_id, phone="+919876543210", avatar_folder=await uploaded(objects))
        await leave(auth, user_id)
        await until(lambda: gone(auth, user_id), bool)
        for signed_in in (first, second):
            await until(lambda: has_ended(auth, signed_in), bool)  # noqa: B023  (awaited in the same turn)
        await until(lambda: objects.keys("avatars/"), lambda keys: keys == [])
        guesses = await fetch(auth, "SELECT 1 FROM guesses WHERE tries > 0")
        assert len(guesses) == 1  # of the IP, for a day; the address's are gone
        with refused("USER_NOT_FOUND"):
            await auth.bus.caller.ask(Me(user_id=user_id))
        with refused("INVALID_CREDENTIALS"):
            await log_in(auth)
        assert (await auth.bus.caller.ask(PeopleByIds(user_ids=[user_id]))).people == {}
        for name in ("people", "places", "exports"):
            sql = f"SELECT t::text FROM {name} t WHERE user_id = $1 AND t::text LIKE '%98765%'"  # noqa: S608
            assert await fetch(auth, sql, user_id) == []
        again = await sign_up(auth)  # the address is free, and belongs to someone new
        assert again.user.id != user_id


async def test_a_wrong_password_is_a_400_and_counts_as_a_guess_until_the_account_locks(auth: Service) -> None:
    user_id = (await sign_up(auth)).user.id
    outcomes = []
    for _ in range(6):
        with pytest.raises(ServiceError) as caught:
            await leave(auth, user_id, WRONG)
        outcomes.append((caught.value.code, caught.value.status))
    assert outcomes == [("VALIDATION_ERROR", 400)] * 5 + [("ACCOUNT_LOCKED", 429)]
    assert len(await events(auth, "AccountLocked")) == 1
    with refused("ACCOUNT_LOCKED"):
        await log_in(auth)
    assert await events(auth, "DeletionRequested") == []


async def test_no_proof_at_all_is_refused(auth: Service) -> None:
    user_id = (await sign_up(auth)).user.id
    with refused("VALIDATION_ERROR"):
        await leave(auth, user_id, None)
    with refused("USER_NOT_FOUND"):
        await leave(auth, 4711)


async def test_the_grace_passes_before_anything_goes(auth: Service, clock: Clock) -> None:
    user_id = (await sign_up(auth)).user.id
    due = await leave(auth, user_id)
    assert await leave(auth, user_id) == due
    clock.let_pass(days=13)
    await asyncio.sleep(0.8)
    assert not await gone(auth, user_id)
    clock.let_pass(days=1, seconds=5)
    await until(lambda: gone(auth, user_id), bool)


async def test_signing_in_cancels_and_refreshing_does_not(auth: Service, clock: Clock) -> None:
    signed_in = await sign_up(auth)
    await leave(auth, signed_in.user.id)
    await refresh(auth, signed_in.refresh_token)
    assert await events(auth, "DeletionCancelled") == []
    await log_in(auth)
    assert len(await events(auth, "DeletionCancelled")) == 1
    assert await fetch(auth, "SELECT 1 FROM timers") == []
    clock.let_pass(days=15)
    await asyncio.sleep(0.8)
    assert not await gone(auth, signed_in.user.id)
    await leave(auth, signed_in.user.id)  # and one can think better of that, too
    assert len(await events(auth, "DeletionRequested")) == 2


async def test_a_deletion_that_falls_due_while_auth_is_down_happens_when_it_is_back(
    running: Running, clock: Clock
) -> None:
    async with running() as auth:
        user_id = (await sign_up(auth)).user.id
        await leave(auth, user_id)
    clock.let_pass(days=20)
    async with running() as auth, running():
        await until(lambda: gone(auth, user_id), bool)
        assert len(await events(auth, "AccountDeleted")) == 1


async def test_whoever_signs_in_as_it_falls_due_is_in_or_out_but_never_half(running: Running) -> None:
    async with running(auth_deletion_grace_s=0.2) as auth:
        for number in range(6):
            email = f"u{number}@example.com"
            user_id = (await sign_up(auth, email)).user.id
            await leave(auth, user_id)
            await asyncio.sleep(0.05 * number)
            try:
                signed_in = await log_in(auth, email)
            except ServiceError as error:
                if error.code != "INVALID_CREDENTIALS":
                    raise
                await until(lambda: gone(auth, user_id), bool)  # noqa: B023  (awaited in the same turn)
                continue
            await asyncio.sleep(0.8)
            is_gone = await gone(auth, user_id)
            assert is_gone == await has_ended(auth, signed_in)
