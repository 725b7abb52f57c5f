"""Signing in with a password, and guessing at one."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from contracts.errors import ServiceError
from contracts.rpc.auth import SignedIn
from kernel.service import Service
from services.auth.guesses import SWEEP_EVERY
from tests.given import refused
from tests.integration.auth.conftest import (
    Clock,
    Running,
    argon2_runs,
    events,
    fetch,
    log_in,
    refresh,
    sign_up,
)

WRONG = "WrongPass123"
GUESSES = "SELECT tries, locks FROM guesses ORDER BY tries DESC"


def outcome(answer: Any) -> str:
    return answer.code if isinstance(answer, ServiceError) else "signed in"


async def guess(auth: Service, email: str = "ana@example.com", *, ip: str = "203.0.113.7") -> ServiceError:
    try:
        await log_in(auth, email, WRONG, ip=ip)
    except ServiceError as error:
        return error
    raise AssertionError("a wrong password was right")


async def codes_of_guesses(auth: Service, number: int, email: str = "ana@example.com", *, ip: str = "") -> list[str]:
    return [(await guess(auth, email, ip=ip)).code for _ in range(number)]


async def test_the_right_password_signs_in_whatever_the_case_of_the_address(auth: Service) -> None:
    user = (await sign_up(auth, "Ana@example.com")).user
    assert (await log_in(auth, " aNA@EXAMPLE.com")).user == user


async def test_signing_in_on_a_second_phone_leaves_the_first_signed_in(auth: Service) -> None:
    first = await sign_up(auth)
    second = await log_in(auth)
    for signed_in in (first, second, first, second):
        await refresh(auth, signed_in.refresh_token)
    assert len(await events(auth, "SessionStarted")) == 2


async def test_an_unknown_address_and_a_wrong_password_cannot_be_told_apart(auth: Service) -> None:
    await sign_up(auth)
    answers = []
    for email in ("ana@example.com", "nobody@example.com"):
        before = argon2_runs("verify")
        error = await guess(auth, email)
        answers.append((error.code, error.message, error.details, argon2_runs("verify") - before))
    assert answers == [("INVALID_CREDENTIALS", "Email or password is incorrect", None, 1)] * 2


@pytest.mark.parametrize("email", ["", "\0", "a\0na@example.com", "ana", "x" * 200_000, "\u202eana@example.com"])
async def test_any_text_can_be_tried_as_an_address(auth: Service, email: str) -> None:
    assert (await guess(auth, email)).code == "INVALID_CREDENTIALS"


async def test_any_text_can_be_tried_as_a_password(auth: Service) -> None:
    await sign_up(auth)
    for password in ("", "\0", "e\u0301" * 100_000):
        with refused("INVALID_CREDENTIALS"):
            await log_in(auth, password=password)


@pytest.mark.parametrize("email", ["ana@example.com", "nobody@example.com"])
async def test_of_200_guesses_at_once_five_are_looked_at_and_all_are_counted(running: Running, email: str) -> None:
    """Two processes share the counts: the store decides, not the process."""
    async with running() as auth, running() as other:
        await sign_up(auth)
        before = argon2_runs("verify")
        both = [auth, other] * 100
        answers = await asyncio.gather(*[guess(process, email, ip="") for process in both])
        assert Counter(answer.code for answer in answers) == {"INVALID_CREDENTIALS": 5, "ACCOUNT_LOCKED": 195}
        assert argon2_runs("verify") - before == 5
        assert [tuple(row) for row in await fetch(auth, GUESSES)] == [(200, 1)]
        with refused("ACCOUNT_LOCKED"):
            await log_in(auth, email, ip="")


async def test_a_locked_account_says_how_long_to_wait_and_opens_again(auth: Service, clock: Clock) -> None:
    await sign_up(auth)
    await codes_of_guesses(auth, 5)
    error = await guess(auth, ip="")
    assert error.code == "ACCOUNT_LOCKED"
    assert error.details is not None
    assert 0 < error.details["retry_after"] <= 60
    clock.let_pass(seconds=error.details["retry_after"])
    await log_in(auth)


async def test_each_lock_in_a_row_is_longer_up_to_a_longest(auth: Service, clock: Clock) -> None:
    await sign_up(auth)
    for minutes in (1, 5, 15, 15):
        assert await codes_of_guesses(auth, 6) == ["INVALID_CREDENTIALS"] * 5 + ["ACCOUNT_LOCKED"]
        clock.let_pass(minutes=minutes, seconds=-5)
        assert await codes_of_guesses(auth, 1) == ["ACCOUNT_LOCKED"], minutes
        clock.let_pass(seconds=5)


async def test_the_right_password_wipes_the_count(auth: Service, clock: Clock) -> None:
    await sign_up(auth)
    await codes_of_guesses(auth, 5)
    clock.let_pass(minutes=1)
    await codes_of_guesses(auth, 4)
    await log_in(auth)
    assert await codes_of_guesses(auth, 5) == ["INVALID_CREDENTIALS"] * 5
    error = await guess(auth)
    assert error.details is not None
    assert error.details["retry_after"] <= 60, "the locks in a row begin anew as well"


async def test_the_right_password_as_the_last_try_locks_nothing(auth: Service) -> None:
    await sign_up(auth)
    await codes_of_guesses(auth, 4)
    await log_in(auth)
    await log_in(auth)


async def test_who_is_locked_is_told_of_once_and_nobody_is_never(auth: Service) -> None:
    user_id = (await sign_up(auth)).user.id
    await codes_of_guesses(auth, 8)
    await codes_of_guesses(auth, 8, "nobody@example.com")
    [locked] = await events(auth, "AccountLocked")
    assert locked["stream_id"] == f"user-{user_id}"


async def test_guesses_at_many_addresses_lock_their_ip_and_no_address(running: Running, clock: Clock) -> None:
    async with running(auth_wrong_passwords_per_ip=6) as auth:
        await sign_up(auth)
        codes = [(await guess(auth, f"user{n}@example.com")).code for n in range(8)]
        assert codes == ["INVALID_CREDENTIALS"] * 6 + ["ACCOUNT_LOCKED"] * 2
        for _ in range(6):
            assert (await guess(auth)).code == "ACCOUNT_LOCKED"
        await log_in(auth, ip="203.0.113.8")
        clock.let_pass(minutes=1)
        await log_in(auth)


async def test_right_passwords_do_not_count_against_an_ip(running: Running) -> None:
    async with running(auth_wrong_passwords_per_ip=3) as auth:
        await sign_up(auth)
        for _ in range(5):
            await log_in(auth)
        await guess(auth)
        await guess(auth)
        await log_in(auth)
        await guess(auth)
        with refused("ACCOUNT_LOCKED"):
            await log_in(auth)


async def test_whom_we_have_no_time_for_is_told_so_and_not_counted(running: Running) -> None:
    async with running(auth_hash_workers=1, auth_hash_waiting=1, auth_wrong_passwords=100) as auth:
        await sign_up(auth)
        before = argon2_runs("verify")
        answers = await asyncio.gather(*[guess(auth) for _ in range(30)])
        looked_at = argon2_runs("verify") - before
        assert Counter(answer.code for answer in answers) == {
            "INVALID_CREDENTIALS": looked_at,
            "SERVICE_UNAVAILABLE": 30 - looked_at,
        }
        assert [row["tries"] for row in await fetch(auth, GUESSES)] == [looked_at] * 2


async def test_a_days_guesses_are_forgotten(auth: Service, clock: Clock) -> None:
    for n in range(6):
        await guess(auth, f"user{n}@example.com", ip=f"203.0.113.{n}")
    assert len(await fetch(auth, GUESSES)) == 12
    clock.let_pass(hours=25)
    for n in range(SWEEP_EVERY):
        await guess(auth, f"other{n}@example.com")
    assert len(await fetch(auth, GUESSES)) == SWEEP_EVERY + 1  # of the addresses, and of the IP


@pytest.mark.parametrize("before", [4, 5])
async def test_an_address_that_was_left_in_peace_for_a_day_begins_anew(
    auth: Service, clock: Clock, before: int
) -> None:
    for n in range(5):  # older counts, which are swept away first
        await guess(auth, f"user{n}@example.com", ip="")
    await codes_of_guesses(auth, before)
    clock.let_pass(hours=25)
    assert await codes_of_guesses(auth, 5) == ["INVALID_CREDENTIALS"] * 5
    error = await guess(auth)
    assert error.details is not None
    assert error.details["retry_after"] <= 60


async def test_a_hash_of_old_parameters_is_renewed_when_its_owner_signs_in(running: Running) -> None:
    kept = "SELECT password_hash FROM people"
    async with running() as auth:
        await sign_up(auth)
    async with running(auth_hash_passes=3) as auth:
        await guess(auth)
        [[before]] = await fetch(auth, kept)
        await log_in(auth)
        [[after]] = await fetch(auth, kept)
        assert ("t=2" in before, "t=3" in after) == (True, True)
        await log_in(auth)
        assert [row[0] for row in await fetch(auth, kept)] == [after]


async def test_many_can_sign_in_at_once(auth: Service) -> None:
    await sign_up(auth)
    answers = await asyncio.gather(*[log_in(auth, ip="") for _ in range(5)], return_exceptions=True)
    assert [outcome(answer) for answer in answers] == ["signed in"] * 5
    assert len({answer.refresh_token for answer in answers if isinstance(answer, SignedIn)}) == 5
