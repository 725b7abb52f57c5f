"""Sessions in cookies: kept from scripts, and of no use to pages of others."""

from http.cookies import SimpleCookie

import httpx
import pytest

from contracts.rpc import auth
from tests.integration.gateway.conftest import Running, StartGateway
from tests.integration.gateway.fakes import Fakes
from tests.integration.gateway.test_envelope import assert_error

JANE = {"email": "jane@example.com", "password": "Correct-Horse-1", "name": "Jane"}
WANTS_COOKIES = {"X-Session": "cookie"}
PATHS = {
    "/api/auth/signup": JANE,
    "/api/auth/login": JANE,
    "/api/auth/guest": {"device_info": {"device_id": "p1"}},
}


def kept(answer: httpx.Response) -> dict[str, SimpleCookie]:
    found = [SimpleCookie(header) for header in answer.headers.get_list("set-cookie")]
    return {next(iter(cookie)): cookie for cookie in found}


def with_cookie(fakes: Fakes, **more: str) -> dict[str, str]:
    """A browser's request; it keeps something of others, too."""
    return {"Cookie": f"theme=dark; __Host-session={fakes.key.token(42)}; lang=hi", **more}


def host(running: Running) -> str:
    return f"127.0.0.1:{running.port}"


@pytest.mark.parametrize("path", PATHS)
async def test_who_asks_for_cookies_gets_no_token_in_the_body(gateway: Running, path: str) -> None:
    answer = await gateway.anonymous.post(path, json=PATHS[path], headers=WANTS_COOKIES)
    assert answer.status_code == 200
    assert set(answer.json()["data"]) == {"user", "token_type", "expires_in"}
    for name, path_, life in (("__Host-session", "/", "1800"), ("__Secure-refresh", "/api/auth", "34560000")):
        cookie = kept(answer)[name][name]
        assert cookie.value
        assert cookie.value not in answer.text
        attributes = (cookie["path"], cookie["max-age"], cookie["samesite"], cookie["domain"])
        assert attributes == (path_, life, "Lax", "")
        assert cookie["secure"]
        assert cookie["httponly"]


async def test_who_does_not_ask_gets_none(gateway: Running) -> None:
    for headers in ({}, {"X-Session": "Cookies"}):
        answer = await gateway.anonymous.post("/api/auth/login", json=JANE, headers=headers)
        assert "set-cookie" not in answer.headers
        assert "access_token" in answer.json()["data"]


async def test_a_cookie_says_who_calls_and_a_header_beats_it(gateway: Running, fakes: Fakes) -> None:
    answer = await gateway.anonymous.get("/api/auth/me", headers=with_cookie(fakes))
    assert answer.json()["data"]["id"] == 42
    headers = with_cookie(fakes, Authorization=f"Bearer {fakes.key.token(43)}")
    assert (await gateway.anonymous.get("/api/auth/me", headers=headers)).json()["data"]["id"] == 43
    headers = with_cookie(fakes, Authorization="Bearer null")
    assert_error(await gateway.anonymous.get("/api/auth/me", headers=headers), 401, "INVALID_TOKEN")
    for cookie in ("__Host-session=", "__Host-session=null", "__Secure-refresh=abc", "session=abc"):
        answer = await gateway.anonymous.get("/api/auth/me", headers={"Cookie": cookie})
        assert_error(answer, 401, "INVALID_TOKEN")


FOREIGN = {
    "another site": {"Origin": "https://evil.example"},
    "a sandboxed page": {"Origin": "null"},
    "a look-alike": {"Origin": "https://127.0.0.1.evil.example"},
    "another port": {"Origin": "http://127.0.0.1:1"},
    "a name before ours": {"Origin": "http://evil@{host}"},
    "no word": {},
    "another site without origin": {"Sec-Fetch-Site": "cross-site"},
    "a sister site": {"Sec-Fetch-Site": "same-site"},
    "an origin that beats the browser's word": {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"},
}
OUR_PAGE = {
    "its own page": {"Origin": "http://{host}"},
    "its own page over TLS": {"Origin": "https://{host}"},
    "the browser's word": {"Sec-Fetch-Site": "same-origin"},
    "a configured page": {"Origin": "https://app.example"},
}


@pytest.mark.parametrize("kind", FOREIGN)
async def test_a_page_of_others_cannot_use_the_cookie(start_gateway: StartGateway, fakes: Fakes, kind: str) -> None:
    running = await start_gateway(cors_origins="https://app.example")
    headers = {name: value.format(host=host(running)) for name, value in FOREIGN[kind].items()}
    cookies = with_cookie(fakes)["Cookie"]
    for method, path in (
        ("POST", "/api/auth/logout"),
        ("DELETE", "/api/creations/1"),
        ("POST", "/api/auth/refresh"),
        ("POST", "/api/auth/login"),
    ):
        for cookie in (cookies, "__Secure-refresh=abc"):
            answer = await running.anonymous.request(method, path, headers={"Cookie": cookie, **headers})
            assert_error(answer, 403, "PERMISSION_DENIED")
    assert set(fakes.asked) == {auth.Jwks, auth.Revocations}


@pytest.mark.parametrize("kind", OUR_PAGE)
async def test_our_own_pages_can(start_gateway: StartGateway, fakes: Fakes, kind: str) -> None:
    running = await start_gateway(cors_origins="https://app.example")
    headers = {name: value.format(host=host(running)) for name, value in OUR_PAGE[kind].items()}
    answer = await running.anonymous.post("/api/auth/logout", headers=with_cookie(fakes, **headers))
    assert answer.status_code == 200


async def test_the_public_address_is_an_origin_of_ours_and_a_star_is_none(
    start_gateway: StartGateway, fakes: Fakes
) -> None:
    running = await start_gateway(gateway_public_url="https://api.example/v1", cors_origins="*")
    own = with_cookie(fakes, Origin="https://api.example")
    assert (await running.anonymous.post("/api/auth/logout", headers=own)).status_code == 200
    for origin in ("https://evil.example", "*"):
        foreign = with_cookie(fakes, Origin=origin)
        assert_error(await running.anonymous.post("/api/auth/logout", headers=foreign), 403, "PERMISSION_DENIED")


async def test_a_token_in_the_header_needs_no_origin(gateway: Running, fakes: Fakes) -> None:
    headers = with_cookie(fakes, Origin="https://evil.example", Authorization=f"Bearer {fakes.key.token(42)}")
    assert (await gateway.anonymous.post("/api/auth/logout", headers=headers)).status_code == 200


async def test_refreshing_takes_the_cookie_and_gives_cookies_even_unasked(gateway: Running, fakes: Fakes) -> None:
    headers = {"Cookie": "__Secure-refresh=the-refresh-token", "Origin": f"http://{host(gateway)}"}
    answer = await gateway.anonymous.post("/api/auth/refresh", headers=headers)
    assert fakes.asked[auth.Refresh][0].refresh_token == "the-refresh-token"
    assert answer.json() == {
        "success": True,
        "data": {"token_type": "bearer", "expires_in": 1800},
        "token_type": "bearer",
        "expires_in": 1800,
    }
    assert {name: cookie[name].value for name, cookie in kept(answer).items()} == {
        "__Host-session": "new-access",
        "__Secure-refresh": "new-refresh",
    }


@pytest.mark.parametrize("path", ["logout", "logout-all"])
async def test_signing_out_clears_the_cookies_and_the_token_is_void_at_once(
    gateway: Running, fakes: Fakes, path: str
) -> None:
    headers = with_cookie(fakes, Origin=f"http://{host(gateway)}")
    answer = await gateway.anonymous.post(f"/api/auth/{path}", headers=headers)
    assert answer.status_code == 200
    for name, path_ in (("__Host-session", "/"), ("__Secure-refresh", "/api/auth")):
        cookie = kept(answer)[name][name]
        assert (cookie.value, cookie["max-age"], cookie["path"], cookie["secure"]) == ("", "0", path_, True)
    assert_error(await gateway.anonymous.get("/api/auth/me", headers=headers), 401, "INVALID_TOKEN")


async def test_credentials_are_for_configured_pages_alone(start_gateway: StartGateway) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-session"}
    running = await start_gateway(cors_origins="https://app.example")
    answer = await running.anonymous.options("/api/auth/login", headers={"Origin": "https://app.example", **asked})
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert answer.headers["access-control-allow-origin"] == "https://app.example"
    other = await running.anonymous.options("/api/auth/login", headers={"Origin": "https://evil.example", **asked})
    assert "access-control-allow-origin" not in other.headers
    for_all = await start_gateway(cors_origins="*")
    answer = await for_all.anonymous.get("/api/auth/me", headers={"Origin": "https://evil.example", "Cookie": "a=b"})
    assert "access-control-allow-credentials" not in answer.headers
    assert answer.headers["access-control-allow-origin"] == "*"
