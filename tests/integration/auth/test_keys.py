"""Signing keys that rotate, over two processes, without signing anyone out."""

import asyncio
from typing import Any

import jwt
import pytest

from contracts.rpc.auth import Jwks, ListSigningKeys, RotateSigningKeys
from kernel.service import Service
from services.auth.keys import LOOK_EVERY_S, PUBLISHED_BEFORE_S
from tests.given import refused
from tests.integration.auth.conftest import OTHER_KEY, Clock, Running, fetch, log_in, refresh, sign_up
from tests.waiting import until


def kid(token: str) -> str:
    found: str = jwt.get_unverified_header(token)["kid"]
    return found


async def published(auth: Service) -> list[str]:
    return [key["kid"] for key in (await auth.bus.caller.ask(Jwks())).keys]


async def states(auth: Service) -> list[str]:
    return [key.state for key in (await auth.bus.caller.ask(ListSigningKeys())).keys]


async def until_signing(auth: Service, clock: Clock, key_id: str) -> None:
    """Every process of the test has looked again."""
    clock.let_pass(seconds=PUBLISHED_BEFORE_S)
    await asyncio.sleep(LOOK_EVERY_S + 0.3)
    assert kid((await log_in(auth)).access_token) == key_id


async def rotate(auth: Service) -> str:
    before = set(await published(auth))
    found = await auth.bus.caller.ask(RotateSigningKeys())
    [new] = {key.kid for key in found.keys} - before
    return str(new)


async def test_after_a_rotation_old_tokens_work_and_new_ones_name_the_new_key(auth: Service, clock: Clock) -> None:
    old = await sign_up(auth)
    assert await states(auth) == ["signing"]
    new = await rotate(auth)
    assert sorted(await states(auth)) == ["published", "signing"]
    assert kid((await log_in(auth)).access_token) == kid(old.access_token), "published first, signing later"
    await until_signing(auth, clock, new)
    assert await states(auth) == ["signing", "retired"]
    renewed = await refresh(auth, old.refresh_token)
    assert kid(renewed.access_token) == kid(renewed.refresh_token) == new
    assert set(await published(auth)) == {kid(old.access_token), new}
    await refresh(auth, renewed.refresh_token)


async def test_another_process_has_the_new_key_before_it_signs(running: Running, clock: Clock) -> None:
    async with running() as auth, running() as other:
        token = (await sign_up(auth)).refresh_token
        new = await rotate(auth)
        # Requests go to either; both must come to know it by themselves.
        await until(lambda: both_publish(auth, other, new), bool, timeout_s=LOOK_EVERY_S * 3)
        await until_signing(auth, clock, new)
        for _ in range(6):
            renewed = await refresh(auth, token)
            assert kid(renewed.access_token) == new
            token = renewed.refresh_token


async def both_publish(_: Service, other: Service, key_id: str) -> bool:
    answers = [await published(other) for _ in range(12)]
    return all(key_id in answer for answer in answers)


async def test_a_new_key_survives_a_restart_and_is_not_readable_in_the_database(running: Running, clock: Clock) -> None:
    async with running() as auth:
        await sign_up(auth)
        new = await rotate(auth)
        await until_signing(auth, clock, new)
        rows: list[Any] = await fetch(auth, "SELECT seed FROM signing_keys WHERE seed IS NOT NULL")
        assert [len(row["seed"]) for row in rows] == [12 + 32 + 16]
    async with running() as auth:
        assert kid((await log_in(auth)).access_token) == new


async def test_former_keys_verify_until_their_last_token_has_expired_and_are_then_deleted(
    running: Running, clock: Clock
) -> None:
    async with running() as auth:
        first = kid((await sign_up(auth)).access_token)
        second = await rotate(auth)
        await until_signing(auth, clock, second)
        third = await rotate(auth)
        clock.let_pass(days=29)
        await asyncio.sleep(LOOK_EVERY_S + 0.3)
        assert set(await published(auth)) == {first, second, third}
        clock.let_pass(days=2)
        await asyncio.sleep(LOOK_EVERY_S + 0.3)
        assert await published(auth) == [third]
        assert len(await fetch(auth, "SELECT 1 FROM signing_keys")) == 1
    async with running() as auth:  # and the setting's own key does not come back
        assert await published(auth) == [third]


async def test_two_rotations_at_once_leave_one_key_that_signs(running: Running, clock: Clock) -> None:
    async with running() as auth, running():
        await sign_up(auth)
        await asyncio.gather(*[auth.bus.caller.ask(RotateSigningKeys()) for _ in range(4)])
        clock.let_pass(seconds=PUBLISHED_BEFORE_S)
        await asyncio.sleep(LOOK_EVERY_S + 0.3)
        signing = {kid((await log_in(auth, ip="")).access_token) for _ in range(6)}
        assert len(signing) == 1
        unretired = "SELECT kid FROM signing_keys WHERE retired_at IS NULL"
        assert {row["kid"] for row in await fetch(auth, unretired)} == signing


async def test_with_another_setting_every_token_is_invalid_and_signing_in_works(
    running: Running, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    async with running() as auth:
        old = await sign_up(auth)
        await until_signing(auth, clock, await rotate(auth))
    async with running(auth_signing_key=OTHER_KEY) as auth:
        with refused("INVALID_TOKEN"):
            await refresh(auth, old.refresh_token)
        await refresh(auth, (await log_in(auth)).refresh_token)
        new = await rotate(auth)
        await until_signing(auth, clock, new)
    assert "of another setting" in caplog.text
