"""One shape for every answer, whatever goes wrong."""

import asyncio
from typing import Any

import pytest

from contracts.errors import ServiceError
from contracts.rpc import creation, ledger
from tests.integration.gateway.conftest import Running, StartGateway
from tests.integration.gateway.fakes import Fakes
from tests.integration.gateway.raw import exchange


def assert_error(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    body: dict[str, Any] = answer.json()
    assert body["success"] is False
    error: dict[str, Any] = body["error"]
    assert error["code"] == code
    assert error["message"]
    assert error["request_id"] == answer.headers["x-request-id"]
    assert answer.headers["content-type"] == "application/json"
    assert ("detail" in body) == (status == 401)
    return error


async def test_an_unknown_path_is_told_in_the_envelope(gateway: Running) -> None:
    for path in ("/", "/api", "/api/nowhere", "/api/styles/", "/api/styles/abc", "/api/creations/" + "9" * 5000):
        assert_error(await gateway.client.get(path), 404, "NOT_FOUND")


async def test_a_wrong_method_is_told_with_all_that_are_right(gateway: Running) -> None:
    answer = await gateway.client.post("/api/creations/5")
    assert_error(answer, 405, "METHOD_NOT_ALLOWED")
    assert answer.headers["allow"] == "DELETE, GET, PATCH"
    assert_error(await gateway.client.get("/api/auth/login"), 405, "METHOD_NOT_ALLOWED")


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("page=0", {"page"}),
        ("page=-1", {"page"}),
        ("limit=0", {"limit"}),
        ("limit=ten", {"limit"}),
        ("page=1e9", {"page"}),
        ("page=" + "9" * 400, {"page"}),
        ("page=1000001", {"page"}),
        ("sort=best", {"sort"}),
        ("trending=perhaps", {"trending"}),
        ("search=" + "x" * 101, {"search"}),
        ("search=%00", {"search"}),
        ("category=%00", {"category"}),
        ("page=0&limit=0&sort=best", {"page", "limit", "sort"}),
    ],
)
async def test_each_wrong_field_of_a_query_is_named(gateway: Running, query: str, fields: set[str]) -> None:
    error = assert_error(await gateway.client.get(f"/api/styles?{query}"), 400, "VALIDATION_ERROR")
    assert set(error["details"]) == fields


async def test_an_empty_field_of_a_query_is_one_left_out(gateway: Running) -> None:
    answer = await gateway.client.get("/api/styles?category=&search=&trending=&page=&sort=&limit=")
    assert answer.status_code == 200


async def test_a_limit_above_fifty_is_fifty(gateway: Running, fakes: Fakes) -> None:
    answer = await gateway.client.get("/api/credits/history?limit=1000&page=1")
    assert answer.json()["pagination"] == {
        "page": 1,
        "limit": 50,
        "total": 45,
        "total_pages": 1,
        "has_next": False,
        "has_prev": False,
        "next_cursor": None,
    }
    assert fakes.asked[ledger.GetHistory][-1].limit == 50


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'"text"', b"email=a&password=b", b"\xff\xfe", b'{"email": "\\ud800"}', b"[" * 50_000],
)
async def test_a_body_that_is_no_json_object_is_a_validation_error(gateway: Running, body: bytes) -> None:
    answer = await gateway.anonymous.post("/api/auth/login", content=body)
    assert_error(answer, 400, "VALIDATION_ERROR")


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"email", "password", "name"}),
        ({"email": 5, "password": "Correct-1", "name": "Jane"}, {"email"}),
        ({"email": "a@b.c", "password": None, "name": "Jane"}, {"password"}),
        ({"email": "a@b.c", "password": "Correct-1", "name": "J\0ane"}, {"name"}),
    ],
)
async def test_each_wrong_field_of_a_body_is_named(gateway: Running, body: Any, fields: set[str]) -> None:
    error = assert_error(await gateway.anonymous.post("/api/auth/signup", json=body), 400, "VALIDATION_ERROR")
    assert set(error["details"]) == fields


async def test_a_large_json_body_is_refused_readably(gateway: Running) -> None:
    answer = await gateway.anonymous.post("/api/auth/login", content=b"x" * (64 * 1024 + 1))
    assert_error(answer, 413, "BODY_TOO_LARGE")
    assert answer.headers["connection"] == "close"


async def test_a_body_that_never_comes_is_not_waited_for(start_gateway: StartGateway) -> None:
    running = await start_gateway(body_timeout_s=0.1)
    head = "POST /api/auth/login HTTP/1.1\nHost: x\nContent-Length: 100"
    answer = await exchange(running.port, head, [b"{"])
    assert (answer.status, answer.code) == (408, "REQUEST_TIMEOUT")


async def test_a_services_error_keeps_its_code_message_and_details(gateway: Running, fakes: Fakes) -> None:
    fakes.on(ledger.GetBalance, ServiceError("SERVICE_UNAVAILABLE", "Back soon.", {"hint": "tea"}))
    error = assert_error(await gateway.client.get("/api/credits/balance"), 503, "SERVICE_UNAVAILABLE")
    assert (error["message"], error["details"]) == ("Back soon.", {"hint": "tea"})


async def test_a_crash_behind_the_gateway_tells_nothing_of_it(gateway: Running, fakes: Fakes) -> None:
    fakes.on(ledger.GetBalance, RuntimeError("the secret is 42"))
    answer = await gateway.client.get("/api/credits/balance")
    assert_error(answer, 500, "SERVER_ERROR")
    assert "secret" not in answer.text


async def test_a_crash_of_the_gateways_own_is_answered_and_logged_with_its_id(
    gateway: Running, fakes: Fakes, caplog: pytest.LogCaptureFixture
) -> None:
    fakes.on(creation.ListMine, creation.Deleted(creation_id=5))  # not what was asked for
    answer = await gateway.client.get("/api/creations/mine")
    assert_error(answer, 500, "SERVER_ERROR")
    assert answer.headers["x-request-id"] in caplog.text


async def test_a_request_keeps_the_id_that_its_client_gave_it(gateway: Running) -> None:
    answer = await gateway.client.get("/api/nowhere", headers={"X-Request-ID": "my-request_1.a"})
    assert answer.headers["x-request-id"] == answer.json()["error"]["request_id"] == "my-request_1.a"


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "<script>", "a\tb"])
async def test_an_id_that_is_not_sane_is_replaced(gateway: Running, given: str) -> None:
    answer = await gateway.client.get("/healthz", headers={"X-Request-ID": given})
    assert answer.headers["x-request-id"] not in {given, ""}


async def test_requests_at_the_same_time_have_ids_of_their_own(gateway: Running) -> None:
    answers = await asyncio.gather(*[gateway.client.get("/api/credits/balance") for _ in range(20)])
    assert len({answer.headers["x-request-id"] for answer in answers}) == 20


async def test_web_pages_of_known_origins_may_call(start_gateway: StartGateway) -> None:
    running = await start_gateway(cors_origins=("https://magicpic.app",))
    asked = {"Origin": "https://magicpic.app", "Access-Control-Request-Method": "POST"}
    preflight = await running.anonymous.options("/api/creations/generate", headers=asked)
    assert preflight.status_code == 200
    assert "Idempotency-Key" in preflight.headers["access-control-allow-headers"]
    refused = await running.anonymous.get("/api/styles", headers={"Origin": "https://magicpic.app"})
    assert refused.status_code == 401
    assert refused.headers["access-control-allow-origin"] == "https://magicpic.app"
    assert "X-Request-ID" in refused.headers["access-control-expose-headers"]
    stranger = await running.anonymous.get("/api/styles", headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in stranger.headers
