"""Codes by mail: good once and not for long, bound to purpose and address, counted, never telling who has one."""

import asyncio
import statistics
import time
from collections import Counter
from collections.abc import Awaitable
from typing import Any

import pytest

from contracts.errors import ServiceError
from contracts.rpc import auth as rpc
from kernel.service import Service
from tests.given import refused
from tests.integration.auth.conftest import PASSWORD, Clock, Running, argon2_runs, events, fetch, log_in, sign_up
from tests.integration.auth.letters import (
    another,
    ask,
    ask_to_sign_in,
    code_ids,
    forgot,
    last_letter,
    letter_of,
    reset,
    sign_in_by_mail,
)

TRIES = "SELECT tries FROM codes WHERE purpose = 'reset_password'"


async def outcome(doing: Awaitable[Any]) -> str:
    try:
        await doing
    except ServiceError as error:
        return error.code
    return "done"


async def test_a_code_and_a_token_come_with_sign_up_and_are_nowhere_kept(auth: Service) -> None:
    await sign_up(auth)
    letter = await last_letter(auth, "verify_email")
    assert (letter.to, letter.name, letter.locale, letter.minutes) == ("ana@example.com", "Ana", "en", 24 * 60)
    assert len(letter.code) == 6
    assert letter.code.isdecimal()
    [[kept]] = await fetch(auth, "SELECT c::text FROM codes c")
    told = str([dict(row) for row in await fetch(auth, "SELECT * FROM events")])
    secret_of_token = letter.token.split(".")[1]
    for text in (kept, told):
        assert not [word for word in (letter.code, secret_of_token, "ana@") if word in text.split("\\x")[0]]


async def test_a_code_is_good_once(auth: Service) -> None:
    await sign_up(auth)
    await forgot(auth)
    code = (await last_letter(auth, "reset_password")).code
    await reset(auth, code)
    with refused("INVALID_OTP"):
        await reset(auth, code)


async def test_a_link_is_good_once_and_so_is_the_code_beside_it(auth: Service) -> None:
    await sign_up(auth)
    letter = await last_letter(auth, "verify_email")
    await ask(auth, rpc.VerifyEmail(token=letter.token))
    for again in (rpc.VerifyEmail(token=letter.token), rpc.VerifyEmail(code=letter.code, email=letter.to)):
        with refused("INVALID_OTP"):
            await ask(auth, again)
    assert len(await events(auth, "EmailVerified")) == 1


async def test_an_old_code_is_void_and_gets_no_letter(auth: Service, clock: Clock) -> None:
    await sign_up(auth)
    await forgot(auth)
    letter = await last_letter(auth, "reset_password")
    clock.let_pass(minutes=15)
    with refused("INVALID_OTP"):
        await reset(auth, letter.code)
    assert await letter_of(auth, (await code_ids(auth, "reset_password"))[-1]) is None


async def test_a_new_code_supersedes_the_former(auth: Service, clock: Clock) -> None:
    await sign_up(auth)
    await forgot(auth)
    first = await last_letter(auth, "reset_password")
    clock.let_pass(seconds=30)
    await forgot(auth)
    second = await last_letter(auth, "reset_password")
    assert second.code != first.code
    assert await letter_of(auth, (await code_ids(auth, "reset_password"))[0]) is None
    with refused("INVALID_OTP"):
        await reset(auth, first.code)
    await reset(auth, second.code)


async def test_a_code_of_another_purpose_or_address_is_wrong(auth: Service) -> None:
    await sign_up(auth)
    await sign_up(auth, "ben@example.com", name="Ben")
    await ask_to_sign_in(auth)
    letter = await last_letter(auth, "sign_in")
    await forgot(auth)
    await forgot(auth, "ben@example.com")
    with refused("INVALID_OTP"):
        await reset(auth, letter.code)
    with refused("INVALID_OTP"):
        await reset(auth, letter.code, email="ben@example.com")
    with refused("INVALID_OTP"):
        await ask(auth, rpc.VerifyEmail(token=letter.token))
    with refused("INVALID_CREDENTIALS"):
        await sign_in_by_mail(auth, email="ben@example.com", code=letter.code)
    await sign_in_by_mail(auth, token=letter.token)


@pytest.mark.parametrize("code", ["", "\0", "12345", "x" * 50_000, "\u0661\u0662\u0663\u0664\u0665\u0666", " "])
async def test_any_text_can_be_tried_as_a_code(auth: Service, code: str) -> None:
    await sign_up(auth)
    await forgot(auth)
    with refused("INVALID_OTP"):
        await reset(auth, code)
    with refused("INVALID_OTP"):
        await ask(auth, rpc.VerifyEmail(token=code))
    with refused("INVALID_CREDENTIALS"):
        await sign_in_by_mail(auth, token=f"{code}.{code}")


async def test_of_200_wrong_codes_at_once_all_are_counted_and_then_the_right_one_is_void(running: Running) -> None:
    async with running() as auth, running() as other:
        await sign_up(auth)
        await forgot(auth)
        code = (await last_letter(auth, "reset_password")).code
        tries = [outcome(reset(process, another(code))) for process in [auth, other] * 100]
        assert Counter(await asyncio.gather(*tries)) == {"INVALID_OTP": 200}
        assert [row[0] for row in await fetch(auth, TRIES)] == [200]
        with refused("INVALID_OTP"):
            await reset(auth, code)


@pytest.mark.parametrize(("wrong", "then"), [(4, "done"), (5, "INVALID_OTP")])
async def test_exactly_five_tries_are_looked_at(auth: Service, wrong: int, then: str) -> None:
    await sign_up(auth)
    await forgot(auth)
    code = (await last_letter(auth, "reset_password")).code
    for _ in range(wrong):
        with refused("INVALID_OTP"):
            await reset(auth, another(code))
    assert await outcome(reset(auth, code)) == then


async def test_a_right_code_that_is_used_many_times_at_once_succeeds_once(running: Running) -> None:
    async with running() as auth, running() as other:
        await sign_up(auth)
        await ask_to_sign_in(auth)
        letter = await last_letter(auth, "sign_in")
        both = [sign_in_by_mail(process, token=letter.token) for process in (auth, other) for _ in range(5)]
        typed = [sign_in_by_mail(auth, email=letter.to, code=letter.code) for _ in range(3)]
        answers = Counter(await asyncio.gather(*map(outcome, [*both, *typed])))
        assert answers == {"done": 1, "INVALID_CREDENTIALS": 12}


async def test_asking_is_limited_for_each_address_alike_whether_or_not_it_is_anyones(
    auth: Service, clock: Clock
) -> None:
    await sign_up(auth)
    told = []
    for email in ("ana@example.com", "nobody@example.com"):
        answers = []
        for pause_s in (0, 0, 31, 31, 31, 31, 31):
            clock.let_pass(seconds=pause_s)
            wait_s = 0
            try:
                await forgot(auth, email)
            except ServiceError as error:
                wait_s = (error.details or {})["retry_after"]
            answers.append("granted" if not wait_s else "soon" if wait_s <= 30 else "later")
            assert wait_s <= 3600
        told.append(answers)
    assert told == [["granted", "soon", "granted", "granted", "granted", "granted", "later"]] * 2
    clock.let_pass(hours=1)
    await forgot(auth)


async def test_asking_is_limited_for_each_ip_and_one_that_is_refused_uses_up_nobodys_turn(running: Running) -> None:
    async with running(auth_codes_per_ip=3) as auth:
        for n in range(3):
            await forgot(auth, f"user{n}@example.com", ip="203.0.113.7")
        for _ in range(9):
            with refused("RATE_LIMITED"):
                await forgot(auth, "victim@example.com", ip="203.0.113.7")
        await forgot(auth, "victim@example.com", ip="203.0.113.8")


async def test_of_many_who_ask_at_once_for_one_address_one_is_granted(running: Running) -> None:
    async with running() as auth, running() as other:
        answers = await asyncio.gather(*[outcome(forgot(process)) for process in [auth, other] * 20])
        assert Counter(answers) == {"done": 1, "RATE_LIMITED": 39}


async def test_for_an_unknown_address_the_same_is_done_but_no_letter_is_written(auth: Service) -> None:
    await sign_up(auth)
    kept = ("events WHERE type <> 'Visited'", "codes", "counts")  # a visit is counted in the background, whenever
    found = []
    for email in ("ana@example.com", "nobody@example.com"):
        before = [len(await fetch(auth, f"SELECT 1 FROM {rows}")) for rows in kept]  # noqa: S608
        runs = argon2_runs("hash"), argon2_runs("verify")
        await forgot(auth, email)
        with refused("INVALID_OTP") as caught:
            await reset(auth, "000000", email=email)
        after = [len(await fetch(auth, f"SELECT 1 FROM {rows}")) for rows in kept]  # noqa: S608
        changes = [now - then for now, then in zip(after, before, strict=True)]
        work = argon2_runs("hash") - runs[0], argon2_runs("verify") - runs[1]
        found.append((changes, work, caught.value.message, caught.value.details))
    assert found[0] == found[1]
    assert await letter_of(auth, (await code_ids(auth, "reset_password"))[-1]) is None


async def test_an_unknown_address_takes_as_long_as_a_known_one(running: Running) -> None:
    async with running(auth_codes_per_address=1000, auth_code_pause_s=1) as auth:
        emails = [f"user{n}@example.com" for n in range(40)]
        for email in emails:
            await sign_up(auth, email, name="Somebody")
        seconds: dict[bool, list[float]] = {True: [], False: []}
        for n, email in enumerate(emails):
            for known, address in ((True, email), (False, f"nobody{n}@example.com")):
                began = time.perf_counter()
                await forgot(auth, address)
                await outcome(reset(auth, "000000", email=address))
                seconds[known].append(time.perf_counter() - began)
        known_s, unknown_s = statistics.median(seconds[True]), statistics.median(seconds[False])
        assert abs(known_s - unknown_s) < 0.35 * max(known_s, unknown_s)


async def test_an_account_without_a_password_refuses_any_in_the_same_work(auth: Service) -> None:
    await ask_to_sign_in(auth, "eva@example.com")
    await sign_in_by_mail(auth, token=(await last_letter(auth, "sign_in")).token)
    await sign_up(auth)
    for email in ("eva@example.com", "ana@example.com", "nobody@example.com"):
        before = argon2_runs("verify")
        with refused("INVALID_CREDENTIALS"):
            await log_in(auth, email, "Wrong-Pass-9")
        assert argon2_runs("verify") - before == 1


async def test_an_addressee_is_told_to_those_who_write_to_people(auth: Service) -> None:
    user_id = (await sign_up(auth)).user.id
    found: rpc.MaybeAddressee = await ask(auth, rpc.GetAddressee(user_id=user_id))
    assert found.addressee == rpc.Addressee(to="ana@example.com", name="Ana", locale="en")
    nobody: rpc.MaybeAddressee = await ask(auth, rpc.GetAddressee(user_id=404))
    assert nobody.addressee is None
    assert await letter_of(auth, "0" * 32) is None


async def test_codes_that_are_too_old_do_not_stay(auth: Service, clock: Clock) -> None:
    for n in range(6):
        await ask_to_sign_in(auth, f"user{n}@example.com")
    clock.let_pass(hours=2)
    for n in range(6, 9):
        await ask_to_sign_in(auth, f"user{n}@example.com")
    assert len(await fetch(auth, "SELECT 1 FROM codes")) == 3
    assert len(await fetch(auth, "SELECT 1 FROM counts WHERE ends_at < now()")) == 0


async def test_a_password_is_still_right_after_someone_else_asked_for_a_code(auth: Service) -> None:
    await sign_up(auth)
    await forgot(auth)
    await log_in(auth, password=PASSWORD)
