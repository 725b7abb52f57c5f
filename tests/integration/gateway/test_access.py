"""Who gets in: tokens over the wire, limits, and addresses that cannot be made up."""

import asyncio
import re
import time
from typing import Any

import httpx
import jwt

from contracts.errors import ServiceError
from contracts.events.auth import SessionRevoked
from contracts.rpc import auth
from gateway.routing import Route
from tests.integration.gateway.conftest import Running, StartGateway, eventually
from tests.integration.gateway.fakes import Fakes
from tests.integration.gateway.test_envelope import assert_error
from tests.unit.gateway.signing import SigningKey

PARAMETER = re.compile(r"\{\w+:(\w+)\}")
CREDENTIALS = {"email": "jane@example.com", "password": "Correct-Horse-1"}


def user_routes(running: Running) -> list[tuple[str, str]]:
    return [
        (
            route.declaration.method,
            PARAMETER.sub(lambda found: "a" * 32 if found[1] == "hex" else "1", route.path),
        )
        for route in running.app.routes
        if isinstance(route, Route) and route.declaration.access.signed_in
    ]


async def test_no_endpoint_for_users_answers_a_stranger(gateway: Running, fakes: Fakes) -> None:
    routes = user_routes(gateway)
    assert len(routes) >= 14
    for method, path in routes:
        for header in ({}, {"Authorization": "Bearer null"}, {"Authorization": "Basic dTpw"}):
            answer = await gateway.anonymous.request(method, path, headers=header)
            assert_error(answer, 401, "INVALID_TOKEN")
            assert answer.json()["detail"] == "Invalid or expired token"
            assert answer.headers["www-authenticate"] == "Bearer"
    assert set(fakes.asked) == {auth.Jwks, auth.Revocations}


async def test_bad_tokens_are_401_on_the_wire(gateway: Running, fakes: Fakes) -> None:
    claims = jwt.decode(fakes.key.token(), options={"verify_signature": False})
    tokens = [
        fakes.key.token(exp=int(time.time()) - 1),
        fakes.key.token(aud="magicpic-refresh", use="refresh"),
        SigningKey("key-1").token(),
        SigningKey("key-of-nobody").token(),
        jwt.encode(claims, "a password of thirty-two characters", "HS256", headers={"kid": "key-1"}),
    ]
    for token in tokens:
        answer = await gateway.anonymous.get("/api/styles", headers={"Authorization": f"Bearer {token}"})
        assert_error(answer, 401, "INVALID_TOKEN")


async def test_a_gateway_that_starts_before_auth_waits_for_its_keys(start_gateway: StartGateway, fakes: Fakes) -> None:
    fakes.on(auth.Jwks, ServiceError("SERVICE_UNAVAILABLE", "not yet"))
    running = await start_gateway(ready=False)
    readiness = await running.anonymous.get("/readyz")
    assert readiness.status_code == 503
    assert readiness.json()["checks"]["keys"] != "ok"
    assert (await running.anonymous.get("/healthz")).status_code == 200
    assert_error(await running.client.get("/api/styles"), 503, "SERVICE_UNAVAILABLE")  # not a 401: nobody is signed out
    assert_error(await running.anonymous.get("/.well-known/jwks.json"), 503, "SERVICE_UNAVAILABLE")
    del fakes.handlers[auth.Jwks]

    async def is_open() -> bool:
        return (await running.client.get("/api/styles")).status_code == 200

    await eventually(is_open)


async def test_everyone_may_have_the_public_keys(gateway: Running, fakes: Fakes) -> None:
    answer = await gateway.anonymous.get("/.well-known/jwks.json")
    assert answer.json() == {"keys": fakes.keys}


async def test_a_revoked_session_is_signed_out_within_a_moment(gateway: Running, fakes: Fakes) -> None:
    assert (await gateway.client.get("/api/styles")).status_code == 200
    await fakes.say(SessionRevoked(user_id=42, session_id="session-of-42", reason="theft"))

    async def is_signed_out() -> bool:
        return (await gateway.client.get("/api/styles")).status_code == 401

    await eventually(is_signed_out)


async def test_each_user_has_requests_of_their_own(start_gateway: StartGateway, fakes: Fakes) -> None:
    running = await start_gateway(rate_limit_user="3/minute")
    answers = [await running.client.get("/api/credits/balance") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert_error(answers[-1], 429, "RATE_LIMITED")
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    other = {"Authorization": f"Bearer {fakes.key.token(43)}"}
    assert (await running.anonymous.get("/api/credits/balance", headers=other)).status_code == 200


async def test_pictures_are_counted_apart_whichever_way_they_come(start_gateway: StartGateway, fakes: Fakes) -> None:
    running = await start_gateway(
        rate_limit_upload="3/minute", rate_limit_upload_address="5/minute", generate_wait_s=0.1
    )
    large = {"image": ("photo.jpg", b"x" * 3_000_000, "image/jpeg")}  # refused before it is read, and yet readably

    def as_(user_id: int) -> dict[str, str]:
        return {"Authorization": f"Bearer {fakes.key.token(user_id)}"}

    async def send(number: int, user_id: int) -> httpx.Response:
        ways: list[tuple[str, str, dict[str, Any]]] = [
            ("POST", "/api/upload/image", {"files": large}),
            ("POST", "/api/upload/presign", {"json": {"content_type": "image/png", "size": 9}}),
            ("POST", f"/api/upload/{'a' * 32}/complete", {}),
            ("POST", "/api/creations/generate", {"files": large, "data": {"style_id": "1"}}),
            ("PUT", "/api/users/profile", {"files": {"avatar": large["image"]}}),
        ]
        method, path, body = ways[number]
        return await running.anonymous.request(method, path, headers=as_(user_id), **body)

    assert 429 not in [(await send(number, 42)).status_code for number in (0, 1, 2)]
    for number in range(5):
        refusal = await send(number, 42)
        assert_error(refusal, 429, "RATE_LIMITED")
        assert 1 <= int(refusal.headers["retry-after"]) <= 60
    # What brings no picture is a request like any other.
    for method, path, body in (
        ("POST", "/api/creations/generate", {"style_id": 1, "upload_id": "a" * 32}),
        ("PUT", "/api/users/profile", {"name": "Ana"}),
    ):
        assert (await running.anonymous.request(method, path, json=body, headers=as_(42))).status_code != 429
    # Others of the same address still may, and together no more than it.
    assert [(await send(number, 43 + number)).status_code == 429 for number in (3, 4, 0)] == [False, False, True]


async def test_guessing_passwords_is_slowed_down_per_address_whatever_it_claims_to_be(
    start_gateway: StartGateway,
) -> None:
    running = await start_gateway(rate_limit_login="3/minute")
    statuses = [
        (
            await running.anonymous.post(
                "/api/auth/login", json=CREDENTIALS, headers={"X-Forwarded-For": f"198.51.100.{n}"}
            )
        ).status_code
        for n in range(5)
    ]
    assert statuses == [200, 200, 200, 429, 429]
    refreshed = await running.anonymous.post("/api/auth/refresh", headers={"Authorization": "Bearer abc"})
    assert refreshed.status_code == 200  # a phone that cannot refresh is signed out, so that is counted apart


async def test_behind_a_known_proxy_each_client_is_counted_apart(start_gateway: StartGateway, fakes: Fakes) -> None:
    running = await start_gateway(rate_limit_login="1/minute", trusted_proxies="127.0.0.0/8")
    for n in range(3):
        headers = {"X-Forwarded-For": f"8.8.8.8, 198.51.100.{n}"}
        assert (await running.anonymous.post("/api/auth/login", json=CREDENTIALS, headers=headers)).status_code == 200
    assert [request.ip for request in fakes.asked[auth.LogIn]] == [f"198.51.100.{n}" for n in range(3)]


async def test_those_who_watch_the_gateway_are_not_counted(start_gateway: StartGateway) -> None:
    running = await start_gateway(rate_limit_anonymous="1/minute")
    answers = await asyncio.gather(*[running.anonymous.get("/healthz") for _ in range(5)])
    assert {answer.status_code for answer in answers} == {200}
    statuses = [(await running.anonymous.get("/openapi.json")).status_code for _ in range(2)]
    assert statuses == [200, 429]
