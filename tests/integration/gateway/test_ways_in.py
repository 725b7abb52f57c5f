"""The endpoints of verifying, of signing in by mail and with Google, and of passwords."""

import base64
import hashlib
import re
from typing import Any

import pytest

from contracts.errors import ServiceError
from contracts.rpc import auth
from tests.integration.gateway.conftest import Running
from tests.integration.gateway.fakes import NOW, Fakes
from tests.integration.gateway.test_envelope import assert_error

USER = auth.User(id=42, email="j@example.com", name="Jane", avatar_url=None, is_verified=True, created_at=NOW)
ENTERED = auth.Entered(user=USER, access_token="a", refresh_token="r", expires_in=1800, is_new=True)
DEVICE = {"device_id": "1", "device_name": "Phone", "platform": "web"}


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("forgot-password", {"email": "j@example.com"}, "Password reset OTP sent to your email"),
        (
            "reset-password",
            {"email": "j@example.com", "otp": "123456", "new_password": "newSecurePass1"},
            "Password reset successfully. Please login.",
        ),
        ("magic-link/request", {"email": "j@example.com"}, "Sign-in link and code sent to your email"),
    ],
)
async def test_what_is_done_is_answered_with_a_message_alone(
    gateway: Running, fakes: Fakes, path: str, body: dict[str, str], message: str
) -> None:
    for request_type in (auth.ForgotPassword, auth.ResetPassword, auth.AskToSignIn):
        fakes.on(request_type, auth.Done())
    answer = await gateway.anonymous.post(f"/api/auth/{path}", json=body, headers={"Accept-Language": "hi-IN,en;q=0.5"})
    assert answer.status_code == 200
    assert answer.json() == {"success": True, "message": message}
    [asked] = [found[0] for found in fakes.asked.values() if isinstance(found[0].model_dump().get("email"), str)]
    assert asked.email == "j@example.com"
    assert getattr(asked, "locale", "hi") == "hi"


async def test_the_page_of_the_link_verifies_nothing_and_allows_its_own_script_alone(
    gateway: Running, fakes: Fakes
) -> None:
    page = await gateway.anonymous.get("/api/auth/verify-email", params={"token": "<script>alert(1)</script>"})
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert "alert" not in page.text
    assert fakes.asked[auth.VerifyEmail] == []
    policy = page.headers["content-security-policy"]
    for tag in ("script", "style"):
        [inline] = re.findall(rf"<{tag}>(.*?)</{tag}>", page.text, re.DOTALL)
        assert base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode() in policy
    assert (page.headers["referrer-policy"], page.headers["cache-control"]) == ("no-referrer", "no-store")


async def test_an_address_is_verified_by_anyone_with_the_link_or_by_its_owner_with_the_code(
    gateway: Running, fakes: Fakes
) -> None:
    fakes.on(auth.VerifyEmail, USER)
    by_link = await gateway.anonymous.post("/api/auth/verify-email", json={"token": "t"})
    assert by_link.json()["data"]["is_verified"] is True
    assert by_link.json()["data"]["credits"] == 2500
    await gateway.anonymous.post("/api/auth/verify-email", json={"code": "123456", "email": "j@example.com"})
    await gateway.client.post("/api/auth/verify-email", json={"code": "123456"})
    assert [(asked.token, asked.code, asked.user_id) for asked in fakes.asked[auth.VerifyEmail]] == [
        ("t", None, None),
        (None, "123456", None),
        (None, "123456", 42),
    ]
    assert_error(await gateway.anonymous.post("/api/auth/verify-email", json={}), 400, "VALIDATION_ERROR")
    stale = {"Authorization": "Bearer x.y.z"}
    answer = await gateway.anonymous.post("/api/auth/verify-email", json={"code": "1"}, headers=stale)
    assert_error(answer, 401, "INVALID_TOKEN")


@pytest.mark.parametrize(
    "body",
    [{}, {"email": "j@example.com"}, {"code": "123456"}, {"token": "t", "device_info": {"platform": "fridge"}}],
)
async def test_signing_in_by_mail_takes_a_token_or_an_address_with_a_code(
    gateway: Running, fakes: Fakes, body: dict[str, Any]
) -> None:
    assert_error(await gateway.anonymous.post("/api/auth/magic-link/verify", json=body), 400, "VALIDATION_ERROR")
    assert fakes.asked[auth.SignInByMail] == []


async def test_both_new_ways_in_answer_with_a_session(gateway: Running, fakes: Fakes) -> None:
    fakes.on(auth.SignInByMail, ENTERED)
    fakes.on(auth.SignInWithGoogle, ENTERED)
    bodies = {"magic-link/verify": {"token": "t"}, "google": {"id_token": "t", "referral_code": "ABC"}}
    for path, body in bodies.items():
        answer = await gateway.anonymous.post(f"/api/auth/{path}", json=body | {"device_info": DEVICE})
        data = answer.json()["data"]
        assert set(data) == {"user", "access_token", "refresh_token", "token_type", "expires_in", "is_new"}
        assert data["user"]["credits"] == 2500
    assert fakes.asked[auth.SignInWithGoogle][0].device == auth.Device.model_validate(DEVICE)
    assert fakes.asked[auth.SignInWithGoogle][0].ip == "127.0.0.1"


async def test_a_password_is_changed_by_the_signed_in_alone_and_their_session_is_named(
    gateway: Running, fakes: Fakes
) -> None:
    body = {"current_password": "a", "new_password": "b"}
    assert_error(await gateway.anonymous.post("/api/auth/password", json=body), 401, "INVALID_TOKEN")
    fakes.on(auth.ChangePassword, auth.Done())
    token = fakes.key.token(42, sid="s1")
    answer = await gateway.anonymous.post("/api/auth/password", json=body, headers={"Authorization": f"Bearer {token}"})
    assert answer.json() == {"success": True, "message": "Password changed successfully."}
    asked = fakes.asked[auth.ChangePassword][0]
    assert (asked.user_id, asked.session_id, asked.ip) == (42, "s1", "127.0.0.1")


async def test_who_has_asked_too_often_is_told_how_long_to_wait(gateway: Running, fakes: Fakes) -> None:
    fakes.on(auth.ForgotPassword, ServiceError("RATE_LIMITED", "Too many requests.", {"retry_after": 17}))
    answer = await gateway.anonymous.post("/api/auth/forgot-password", json={"email": "j@example.com"})
    assert_error(answer, 429, "RATE_LIMITED")
    assert answer.headers["retry-after"] == "17"


async def test_a_resend_is_for_the_signed_in(gateway: Running, fakes: Fakes) -> None:
    fakes.on(auth.AskToVerify, auth.Done())
    assert_error(await gateway.anonymous.post("/api/auth/verify-email/resend"), 401, "INVALID_TOKEN")
    assert (await gateway.client.post("/api/auth/verify-email/resend")).json()["success"] is True
    assert fakes.asked[auth.AskToVerify][0].user_id == 42
