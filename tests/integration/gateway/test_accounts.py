"""Signing up, in and on."""

import asyncio
import time
from typing import Any

import pytest

from contracts.envelope import Message
from contracts.errors import ServiceError
from contracts.events.ledger import CreditsGranted
from contracts.rpc import auth, ledger
from tests.integration.gateway.conftest import Running
from tests.integration.gateway.fakes import Fakes, balance
from tests.integration.gateway.test_envelope import assert_error

JANE = {"email": "jane@example.com", "password": "Correct-Horse-1", "name": "Jane"}


def nothing_yet() -> ledger.Balance:
    return balance(0)


async def test_signing_up_answers_with_a_session_and_the_bonus(gateway: Running, fakes: Fakes) -> None:
    answer = await gateway.anonymous.post("/api/auth/signup", json=JANE | {"phone": "+911234567890", "extra": 1})
    assert answer.status_code == 200
    body = answer.json()
    assert body["success"] is True
    assert body["message"] == "Account created successfully. Please verify your email."
    assert body["data"]["user"]["credits"] == 2500
    assert body["data"]["user"]["email"] == "jane@example.com"
    assert set(body["data"]) == {"user", "access_token", "refresh_token", "token_type", "expires_in"}
    assert answer.headers["cache-control"] == "no-store"
    assert fakes.asked[auth.SignUp][0].name == "Jane"
    own = {"Authorization": f"Bearer {body['data']['access_token']}"}
    assert (await gateway.anonymous.get("/api/auth/me", headers=own)).json()["data"]["credits"] == 2500


async def test_signing_up_waits_until_the_bonus_is_there(gateway: Running, fakes: Fakes) -> None:
    fakes.balances[7] = nothing_yet()
    signing_up = asyncio.create_task(gateway.anonymous.post("/api/auth/signup", json=JANE))
    await fakes.until_asked(ledger.GetBalance)
    fakes.balances[7] = balance(2500)
    await fakes.say(CreditsGranted(user_id=7, credits=2500, reason="signup_bonus", balance=2500))
    assert (await signing_up).json()["data"]["user"]["credits"] == 2500
    assert len(fakes.asked[ledger.GetBalance]) == 2


async def test_signing_up_works_while_ledger_is_away(gateway: Running, fakes: Fakes) -> None:
    fakes.on(ledger.GetBalance, ServiceError("SERVICE_UNAVAILABLE", "away"))
    began = time.monotonic()
    answer = await gateway.anonymous.post("/api/auth/signup", json=JANE)
    assert answer.status_code == 200
    assert answer.json()["data"]["user"]["credits"] == 0
    assert time.monotonic() - began < 4


async def test_logging_in_tells_auth_the_address_and_the_user_their_credits(gateway: Running, fakes: Fakes) -> None:
    fakes.balances[7] = balance(120)
    device = {"device_id": "1a2b", "device_name": "Jane's phone", "platform": "ios"}
    info = device | {"push_token": "kept by another"}
    credentials = {"email": "jane@example.com", "password": "Correct-Horse-1", "device_info": info}
    answer = await gateway.anonymous.post("/api/auth/login", json=credentials)
    assert answer.json()["data"]["user"]["credits"] == 120
    asked = fakes.asked[auth.LogIn][0]
    assert (asked.ip, asked.device) == ("127.0.0.1", auth.Device(**device))


@pytest.mark.parametrize(
    ("code", "status"),
    [("INVALID_CREDENTIALS", 401), ("EMAIL_EXISTS", 409), ("WEAK_PASSWORD", 400), ("INVALID_EMAIL", 400)],
)
async def test_auths_refusals_are_passed_on(gateway: Running, fakes: Fakes, code: str, status: int) -> None:
    for request_type in (auth.SignUp, auth.LogIn):
        fakes.on(request_type, ServiceError(code, "No."))
    for path in ("signup", "login"):
        assert_error(await gateway.anonymous.post(f"/api/auth/{path}", json=JANE), status, code)


async def test_a_locked_account_says_when_to_try_again(gateway: Running, fakes: Fakes) -> None:
    fakes.on(auth.LogIn, ServiceError("ACCOUNT_LOCKED", "Wait.", {"retry_after": 55}))
    answer = await gateway.anonymous.post("/api/auth/login", json=JANE)
    assert_error(answer, 429, "ACCOUNT_LOCKED")
    assert answer.headers["retry-after"] == "55"


@pytest.mark.parametrize("body", [{}, {"data": {}}, {"json": None}, {"content": b""}])
async def test_refreshing_needs_the_header_alone_and_answers_for_both_documents(
    gateway: Running, fakes: Fakes, body: dict[str, Any]
) -> None:
    header = {"Authorization": "Bearer the-refresh-token"}
    answer = await gateway.anonymous.post("/api/auth/refresh", headers=header, **body)
    found = answer.json()
    tokens = {"access_token": "new-access", "refresh_token": "new-refresh", "token_type": "bearer", "expires_in": 1800}
    assert found == {"success": True, "data": tokens, **tokens}
    assert fakes.asked[auth.Refresh][0].refresh_token == "the-refresh-token"


async def test_a_refresh_that_fails_is_a_401(gateway: Running, fakes: Fakes) -> None:
    assert_error(await gateway.anonymous.post("/api/auth/refresh"), 401, "INVALID_TOKEN")
    fakes.on(auth.Refresh, ServiceError("TOKEN_REUSED", "Log in again."))
    header = {"Authorization": "Bearer stolen"}
    assert_error(await gateway.anonymous.post("/api/auth/refresh", headers=header), 401, "TOKEN_REUSED")


async def test_a_user_that_is_gone_is_not_found(gateway: Running, fakes: Fakes) -> None:
    async def gone(_: Any) -> Message:
        raise ServiceError("USER_NOT_FOUND", "User not found.")

    fakes.on(auth.Me, gone)
    assert_error(await gateway.client.get("/api/auth/me"), 404, "USER_NOT_FOUND")
