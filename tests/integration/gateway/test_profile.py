"""The profile, put together from what several services know; and the door out."""

import asyncio
import time
from typing import Any

import pytest

from contracts.envelope import Request
from contracts.errors import ServiceError
from contracts.rpc import auth, creation, ledger
from kernel.objects import Objects
from tests.integration.gateway.conftest import Running
from tests.integration.gateway.fakes import Fakes, balance
from tests.integration.gateway.test_envelope import assert_error
from tests.unit.gateway.photos import encoded, scene

PHOTO = ("photo.jpg", encoded(scene(640, 480)), "image/jpeg")
AWAY = ServiceError("SERVICE_UNAVAILABLE", "away")
GUIDE = {
    "id",
    "email",
    "name",
    "avatar_url",
    "phone",
    "credits",
    "is_verified",
    "role",
    "referral_code",
    "created_at",
    "stats",
    "achievements",
    "recent_creations",
}


async def profile(gateway: Running) -> dict[str, Any]:
    answer = await gateway.client.get("/api/users/profile")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["data"]
    assert set(found) == GUIDE | {"missing"}
    assert set(found["stats"]) == set(auth.Stats.model_fields)
    return found


async def test_the_profile_is_whole(gateway: Running, fakes: Fakes) -> None:
    fakes.balances[42] = balance(120)
    found = await profile(gateway)
    assert (found["id"], found["credits"], found["missing"]) == (42, 120, [])
    assert (found["phone"], found["stats"]["total_likes"]) == ("+919876543210", 3)
    assert fakes.asked[creation.ListMine][0].limit == 5
    recent = found["recent_creations"]
    assert [each["id"] for each in recent] == [101, 98]
    assert "original_image_url" not in recent[0]
    assert recent[0]["user"] == {"id": 42, "name": "Jane", "avatar_url": None}
    assert recent[0]["style"]["name"] == "Ghibli Art"


@pytest.mark.parametrize("away", ["it says so", "it does not answer"])
@pytest.mark.parametrize(
    ("request_type", "missing"),
    [(auth.GetProfile, "account"), (ledger.GetBalance, "credits"), (creation.ListMine, "recent_creations")],
)
async def test_with_one_service_away_the_rest_is_shown_and_the_missing_named(
    gateway: Running, fakes: Fakes, request_type: type[Request[Any]], missing: str, away: str
) -> None:
    fakes.on(request_type, AWAY if away == "it says so" else ServiceError("DEADLINE_EXCEEDED", "late"))
    began = time.monotonic()
    found = await profile(gateway)
    assert time.monotonic() - began < 2.5
    assert found["missing"] == [missing]
    assert found["id"] == 42
    assert (found["credits"] == 0) == (missing == "credits")
    assert (found["email"] == "") == (missing == "account")
    assert (found["recent_creations"] == []) == (missing == "recent_creations")


async def test_with_everything_away_there_is_still_an_answer(gateway: Running, fakes: Fakes) -> None:
    for request_type in (auth.GetProfile, ledger.GetBalance, creation.ListMine):
        fakes.on(request_type, AWAY)
    assert (await profile(gateway))["missing"] == ["account", "credits", "recent_creations"]


async def test_a_service_that_hangs_costs_a_second(gateway: Running, fakes: Fakes) -> None:
    async def hang(_: Any) -> ledger.Balance:
        await asyncio.sleep(3)
        return balance(1)

    fakes.on(ledger.GetBalance, hang)
    began = time.monotonic()
    assert (await profile(gateway))["missing"] == ["credits"]
    assert 0.9 < time.monotonic() - began < 2.5


async def test_a_user_that_is_gone_is_not_found(gateway: Running, fakes: Fakes) -> None:
    fakes.on(auth.GetProfile, ServiceError("USER_NOT_FOUND", "There is no such user."))
    assert_error(await gateway.client.get("/api/users/profile"), 404, "USER_NOT_FOUND")


async def test_json_changes_name_and_phone(gateway: Running, fakes: Fakes) -> None:
    answer = await gateway.client.put("/api/users/profile", json={"name": "Ana", "phone": "+919876543210"})
    body = answer.json()
    assert (answer.status_code, body["message"]) == (200, "Profile updated successfully")
    assert (body["data"]["name"], body["data"]["phone"], body["data"]["credits"]) == ("Ana", "+919876543210", 2500)
    assert fakes.asked[auth.UpdateProfile][0].avatar_folder is None


async def test_a_form_may_bring_an_avatar_whose_squares_wait_for_auth_and_are_then_gone(
    gateway: Running, fakes: Fakes, objects: Objects
) -> None:
    seen: list[str] = []

    async def adopt(request: auth.UpdateProfile) -> auth.UpdatedUser:
        seen.extend(await objects.keys(request.avatar_folder or "nowhere"))
        raise ServiceError("PHONE_EXISTS", "taken")

    fakes.on(auth.UpdateProfile, adopt)
    answer = await gateway.client.put("/api/users/profile", data={"phone": "+1"}, files={"avatar": PHOTO})
    assert_error(answer, 409, "PHONE_EXISTS")
    assert [key.rpartition("/")[2] for key in seen] == ["128.jpg", "512.jpg"]
    assert seen[0].startswith("incoming/")
    assert await objects.keys() == []


@pytest.mark.parametrize("avatar", [("", b"", "application/octet-stream"), (None, b"")])
async def test_a_file_that_was_left_empty_is_one_that_was_left_out(
    gateway: Running, fakes: Fakes, avatar: tuple[Any, ...]
) -> None:
    answer = await gateway.client.put("/api/users/profile", data={"name": "Ana"}, files={"avatar": avatar})
    assert answer.status_code == 200, answer.text
    assert fakes.asked[auth.UpdateProfile][0].avatar_folder is None


@pytest.mark.parametrize(
    ("content", "code", "status"),
    [
        (b"GIF89a" + b"x" * 100, "INVALID_IMAGE", 400),
        (b"\xff\xd8\xff\xe0 no picture", "INVALID_IMAGE", 400),
        (b"x" * (11 * 1024 * 1024), "IMAGE_TOO_LARGE", 413),
    ],
)
async def test_an_avatar_that_is_no_photo_is_refused_before_auth_is_asked(
    gateway: Running, fakes: Fakes, content: bytes, code: str, status: int
) -> None:
    answer = await gateway.client.put("/api/users/profile", files={"avatar": ("photo.jpg", content, "image/jpeg")})
    assert_error(answer, status, code)
    assert fakes.asked[auth.UpdateProfile] == []


@pytest.mark.parametrize(
    "options",
    [
        {"json": {"name": 5}},
        {"json": ["name"]},
        {"json": {"phone": "\0"}},
        {"content": b"{", "headers": {"content-type": "application/json"}},
        {"content": b"name=Ana", "headers": {"content-type": "application/x-www-form-urlencoded"}},
        {"content": b"--x", "headers": {"content-type": "multipart/form-data; boundary=x"}},
        {"data": {"name": "Ana", "avatar": "https://example.com/me.jpg"}, "files": {"other": PHOTO}},
    ],
)
async def test_what_cannot_be_read_is_a_400(gateway: Running, fakes: Fakes, options: dict[str, Any]) -> None:
    assert_error(await gateway.client.put("/api/users/profile", **options), 400, "VALIDATION_ERROR")
    assert fakes.asked[auth.UpdateProfile] == []


async def test_an_export_is_202_until_it_is_ready(gateway: Running, fakes: Fakes) -> None:
    answer = await gateway.client.get("/api/users/export")
    assert (answer.status_code, answer.json()["data"]["status"]) == (202, "preparing")
    fakes.on(auth.GetExport, auth.ExportStatus(status="ready", url="https://x", expires_at="2026-01-01T00:00:00.000Z"))
    answer = await gateway.client.get("/api/users/export")
    assert answer.status_code == 200
    assert answer.json()["data"] == {"status": "ready", "url": "https://x", "expires_at": "2026-01-01T00:00:00.000Z"}
    assert answer.headers["cache-control"] == "no-store"


async def test_deleting_passes_on_the_proof_and_where_it_came_from(gateway: Running, fakes: Fakes) -> None:
    answer = await gateway.client.request("DELETE", "/api/users/me", json={"password": "Correct-Horse-1"})
    assert (answer.status_code, set(answer.json()["data"])) == (200, {"due_at"})
    asked = fakes.asked[auth.RequestDeletion][0]
    assert (asked.user_id, asked.password, asked.ip) == (42, "Correct-Horse-1", "127.0.0.1")


async def test_a_wrong_password_while_signed_in_is_never_a_401(gateway: Running, fakes: Fakes) -> None:
    fakes.on(auth.RequestDeletion, ServiceError("VALIDATION_ERROR", "Wrong.", {"password": "Wrong."}))
    answer = await gateway.client.request("DELETE", "/api/users/me", json={"password": "x"})
    assert_error(answer, 400, "VALIDATION_ERROR")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/users/profile"),
        ("PUT", "/api/users/profile"),
        ("GET", "/api/users/export"),
        ("DELETE", "/api/users/me"),
    ],
)
async def test_nobody_gets_in_without_a_token(gateway: Running, method: str, path: str) -> None:
    assert_error(await gateway.anonymous.request(method, path), 401, "INVALID_TOKEN")
