"""Sessions, guests and admins at the gateway: who may call what, and whose word ends it."""

from typing import Any

import pytest

from contracts.errors import ServiceError
from contracts.events.auth import AccessEnded, AccountDeleted, AccountSuspended
from contracts.rpc import auth
from gateway.routing import Route
from tests.integration.gateway.conftest import Running, StartGateway, eventually
from tests.integration.gateway.fakes import NOW, Fakes
from tests.integration.gateway.test_envelope import assert_error
from tests.unit.gateway.signing import SigningKey

JANE = {"email": "jane@example.com", "password": "Correct-Horse-1", "name": "Jane"}
DEVICE = {"device_id": "8C0F", "device_name": "Jane's phone", "platform": "ios", "push_token": "abc"}
ID = "0198c5f27c1e7d3a9b546f1c2d3e4f50"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def is_out(running: Running, token: str) -> bool:
    return (await running.anonymous.get("/api/auth/me", headers=bearer(token))).status_code == 401


@pytest.mark.parametrize("path", ["signup", "login", "guest"])
async def test_auth_is_told_the_device(gateway: Running, fakes: Fakes, path: str) -> None:
    answer = await gateway.anonymous.post(f"/api/auth/{path}", json={**JANE, "device_info": DEVICE})
    assert answer.status_code == 200
    [asked] = [asked[0] for kind, asked in fakes.asked.items() if hasattr(asked[0], "device") and kind]
    assert asked.device == auth.Device(device_id="8C0F", device_name="Jane's phone", platform="ios")


@pytest.mark.parametrize(
    "device",
    ["a phone", [], {"platform": "windows"}, {"device_name": "x" * 201}, {"device_id": "\0"}, {"push_token": 5}],
)
async def test_what_is_no_device_is_refused(gateway: Running, device: Any) -> None:
    for path in ("signup", "login", "guest"):
        answer = await gateway.anonymous.post(f"/api/auth/{path}", json={**JANE, "device_info": device})
        assert_error(answer, 400, "VALIDATION_ERROR")


async def test_the_list_says_which_session_asks(gateway: Running, fakes: Fakes) -> None:
    device = auth.Device(device_id="8C0F", device_name="", platform="web")
    ids = (ID, "session-of-42")
    items = [auth.Session(session_id=i, device=device, started_at=NOW, last_used_at=NOW) for i in ids]
    fakes.on(auth.ListSessions, auth.SessionList(items=items))
    answer = (await gateway.client.get("/api/auth/sessions")).json()
    assert [(item["session_id"], item["current"]) for item in answer["data"]] == [(ids[0], False), (ids[1], True)]
    assert answer["total"] == 2


async def test_a_session_is_ended_by_its_id(gateway: Running, fakes: Fakes) -> None:
    token = fakes.key.token(42, sid=ID)
    assert (await gateway.client.delete(f"/api/auth/sessions/{ID}")).json()["data"] == {"ended": 1}
    assert fakes.asked[auth.EndSession] == [auth.EndSession(user_id=42, session_id=ID)]
    assert await is_out(gateway, token)
    fakes.on(auth.EndSession, ServiceError("SESSION_NOT_FOUND", "There is no such session."))
    other = "f" * 32
    assert_error(await gateway.client.delete(f"/api/auth/sessions/{other}"), 404, "SESSION_NOT_FOUND")
    assert not await is_out(gateway, fakes.key.token(43, sid=other)), "a refusal ends nobody's session"


@pytest.mark.parametrize("session_id", ["1", "F" * 32, "f" * 33, "../me", "%00", "g" * 32])
async def test_what_is_no_session_id_is_not_found(gateway: Running, fakes: Fakes, session_id: str) -> None:
    answer = await gateway.client.delete(f"/api/auth/sessions/{session_id}")
    assert answer.status_code in (404, 405)
    assert auth.EndSession not in fakes.asked


async def test_signing_out_ends_this_session_others_or_all(gateway: Running, fakes: Fakes) -> None:
    for path in ("logout-others", "logout"):
        assert (await gateway.client.post(f"/api/auth/{path}")).status_code == 200
    assert fakes.asked[auth.EndSessions] == [auth.EndSessions(user_id=42, keep="session-of-42")]
    assert fakes.asked[auth.EndSession] == [auth.EndSession(user_id=42, session_id="session-of-42")]
    assert_error(await gateway.client.post("/api/auth/logout-all"), 401, "INVALID_TOKEN")
    other = bearer(fakes.key.token(42, sid=ID))
    assert (await gateway.anonymous.post("/api/auth/logout-all", headers=other)).status_code == 200
    assert fakes.asked[auth.EndSessions][-1] == auth.EndSessions(user_id=42, keep=None)


class Filled(dict[str, str]):
    """What stands for each parameter of a path."""

    def __missing__(self, _: str) -> str:
        return "1"


async def test_a_guest_meets_closed_doors_where_an_account_is_needed(gateway: Running, fakes: Fakes) -> None:
    guest = bearer(fakes.key.token(8, role="guest"))
    members = [
        route
        for route in gateway.app.routes
        if isinstance(route, Route) and not route.declaration.access.guests and not route.declaration.access.roles
    ]
    assert {route.path_format for route in members} >= {"/api/auth/sessions"}
    for route in members:
        answer = await gateway.anonymous.request(
            route.declaration.method, route.path_format.format_map(Filled(session_id=ID)), headers=guest
        )
        assert_error(answer, 403, "PERMISSION_DENIED")
        assert "sign up" in answer.json()["error"]["message"]
    for path in ("/api/styles", "/api/creations/mine", "/api/credits/balance", "/api/credits/history", "/api/auth/me"):
        assert (await gateway.anonymous.get(path, headers=guest)).status_code == 200, path


async def test_a_guest_signs_up_with_the_guests_token(gateway: Running, fakes: Fakes) -> None:
    guest = fakes.key.token(8, role="guest")
    assert (await gateway.anonymous.post("/api/auth/signup", json=JANE, headers=bearer(guest))).status_code == 200
    assert fakes.asked[auth.SignUp][-1].guest_id == 8
    for stale in (fakes.key.token(9), "null", SigningKey("key-1").token(9), fakes.key.token(9, life_s=-5)):
        assert (await gateway.anonymous.post("/api/auth/signup", json=JANE, headers=bearer(stale))).status_code == 200
        assert fakes.asked[auth.SignUp][-1].guest_id is None
    for expired in (fakes.key.token(8, role="guest", life_s=-5), SigningKey("key-1").token(8, role="guest")):
        answer = await gateway.anonymous.post("/api/auth/signup", json=JANE, headers=bearer(expired))
        assert_error(answer, 401, "INVALID_TOKEN")


async def test_too_many_guests_are_told_so(gateway: Running, fakes: Fakes) -> None:
    fakes.on(auth.ArriveAsGuest, ServiceError("GUEST_LIMIT_REACHED", "Too many."))
    answer = await gateway.anonymous.post("/api/auth/guest", json={"device_info": DEVICE})
    assert_error(answer, 429, "GUEST_LIMIT_REACHED")


async def test_a_guests_household_cannot_be_made_up(start_gateway: StartGateway, fakes: Fakes) -> None:
    running = await start_gateway()
    forged = {"X-Forwarded-For": "198.51.100.1", "Forwarded": "for=198.51.100.2", "X-Real-IP": "198.51.100.3"}
    await running.anonymous.post("/api/auth/guest", json={"device_info": DEVICE}, headers=forged)
    behind = await start_gateway(trusted_proxies="127.0.0.1")
    for address in ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:3::1"):
        headers = {"X-Forwarded-For": f"198.51.100.9, {address}"}
        await behind.anonymous.post("/api/auth/guest", json={"device_info": DEVICE}, headers=headers)
    assert [request.ip for request in fakes.asked[auth.ArriveAsGuest]] == [
        "127.0.0.1",
        "2001:db8:1:2::/64",
        "2001:db8:1:2::/64",
        "2001:db8:1:3::/64",
    ]


ADMIN_CALLS = [
    ("GET", "/api/admin/users", None),
    ("GET", "/api/admin/actions", None),
    ("PUT", "/api/admin/users/7/role", {"role": "admin", "reason": "please"}),
    ("POST", "/api/admin/users/7/suspend", {"reason": "hm"}),
    ("POST", "/api/admin/users/7/restore", {"reason": "hm"}),
    ("POST", "/api/admin/corrections", {"user_id": 42, "credits": 5, "reason": "hm"}),
    ("GET", "/api/admin/corrections", None),
    ("POST", "/api/admin/corrections/1/approve", None),
    ("POST", "/api/admin/corrections/1/reject", None),
    ("POST", "/api/admin/promos", {"code": "HOLI", "credits": 5, "limit": 5}),
]


@pytest.mark.parametrize(("method", "path", "body"), ADMIN_CALLS)
async def test_only_an_admins_token_opens_administration(
    gateway: Running, fakes: Fakes, method: str, path: str, body: Any
) -> None:
    for claims in ({"role": "moderator"}, {"role": "guest"}, {}, {"role": ["admin"]}, {"roles": "admin"}):
        headers = bearer(fakes.key.token(42, **claims))
        answer = await gateway.anonymous.request(method, path, json=body, headers=headers)
        assert_error(answer, 403, "PERMISSION_DENIED")
    forged = bearer(SigningKey("key-1").token(42, role="admin"))
    assert_error(await gateway.anonymous.request(method, path, json=body, headers=forged), 401, "INVALID_TOKEN")
    assert set(fakes.asked) == {auth.Jwks, auth.Revocations}


async def test_auth_is_told_which_admin_does_what(gateway: Running, fakes: Fakes) -> None:
    user = auth.AdminUser(
        id=7, email=None, name="Guest", role="user", suspended=True, is_verified=False, created_at=NOW
    )
    fakes.on(auth.SuspendUser, user)
    fakes.on(auth.ListUsers, auth.AdminUserPage(items=[user], total=41))
    admin = bearer(fakes.key.token(1, role="admin"))
    answer = await gateway.anonymous.post("/api/admin/users/7/suspend", json={"reason": " spam "}, headers=admin)
    assert answer.json()["data"]["suspended"] is True
    assert fakes.asked[auth.SuspendUser] == [auth.SuspendUser(by=1, user_id=7, reason="spam")]
    listed = (await gateway.anonymous.get("/api/admin/users?search=%20jane&page=2", headers=admin)).json()
    assert (listed["total"], listed["pagination"]["page"]) == (41, 2)
    assert fakes.asked[auth.ListUsers] == [auth.ListUsers(by=1, search="jane", page=2, limit=20)]


@pytest.mark.parametrize("body", [{}, {"reason": "  "}, {"reason": "x" * 501}, {"reason": 5}, {"reason": "a\0b"}])
async def test_an_admin_must_say_why(gateway: Running, fakes: Fakes, body: Any) -> None:
    admin = bearer(fakes.key.token(1, role="admin"))
    for path in ("suspend", "restore"):
        answer = await gateway.anonymous.post(f"/api/admin/users/7/{path}", json=body, headers=admin)
        assert_error(answer, 400, "VALIDATION_ERROR")


async def test_what_auth_says_ends_access_at_once(gateway: Running, fakes: Fakes) -> None:
    tokens = {user: fakes.key.token(user) for user in (42, 43, 44)}
    for token in tokens.values():
        assert not await is_out(gateway, token)
    await fakes.say(AccessEnded(user_id=42, before="2100-01-01T00:00:00.000Z"))
    await fakes.say(AccountSuspended(user_id=43, by=1, reason="spam"))
    await fakes.say(AccountDeleted(user_id=44))
    for token in tokens.values():
        await eventually(lambda token=token: is_out(gateway, token))  # type: ignore[misc]
    assert not await is_out(gateway, fakes.key.token(45))


async def test_what_was_revoked_while_it_was_away_is_asked_for_at_the_start(
    start_gateway: StartGateway, fakes: Fakes
) -> None:
    fakes.on(auth.Revocations, ServiceError("SERVICE_UNAVAILABLE", "not yet"))
    running = await start_gateway(ready=False)
    answer = await running.client.get("/api/auth/me")
    assert_error(answer, 503, "SERVICE_UNAVAILABLE")
    readiness = await running.anonymous.get("/readyz")
    assert readiness.status_code == 503
    assert readiness.json()["checks"]["revocations"] != "ok"
    assert auth.Me not in fakes.asked
    page = auth.RevocationPage(sessions=["session-of-42"], users={43: "2100-01-01T00:00:00.000Z"}, next=None)
    fakes.on(auth.Revocations, page)
    for user, status in ((42, 401), (43, 401), (44, 200)):

        async def answers(user: int = user, status: int = status) -> bool:
            headers = bearer(fakes.key.token(user))
            return (await running.anonymous.get("/api/auth/me", headers=headers)).status_code == status

        await eventually(answers)


async def test_a_broker_that_was_away_makes_it_ask_again(gateway: Running, fakes: Fakes, servers: Any) -> None:
    assert not await is_out(gateway, fakes.key.token(42))
    asked = len(fakes.asked[auth.Revocations])
    page = auth.RevocationPage(sessions=["session-of-42"], users={}, next=None)
    fakes.on(auth.Revocations, page)
    servers.nats.kill()
    await eventually(lambda: not_known(gateway), within_s=10)
    assert_error(
        await gateway.anonymous.get("/api/auth/me", headers=bearer(fakes.key.token(43))), 503, "SERVICE_UNAVAILABLE"
    )
    servers.nats.restart()
    await eventually(lambda: is_out(gateway, fakes.key.token(42)), within_s=20)
    assert len(fakes.asked[auth.Revocations]) > asked


async def not_known(running: Running) -> bool:
    return not running.gateway.revocations.known
