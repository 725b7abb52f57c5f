"""What clumsy and hostile clients send: the documented code, nothing held, nothing stored, nothing half done."""

import asyncio
import base64
import io
import json
import socket
import time
from typing import Any
from urllib.parse import urlsplit

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from PIL import Image

from kernel.objects import Objects
from tests.e2e.conftest import Person
from tests.stack import Stack
from tests.unit.gateway.photos import encoded, hollow_png, scene
from tests.waiting import until

GOOD = encoded(scene(320, 240))


def gif() -> bytes:
    out = io.BytesIO()
    scene(64, 64).save(out, "GIF")
    return out.getvalue()


PICTURES = {
    "a text under a picture's name": (b"this is no picture", 400, "INVALID_IMAGE"),
    "a GIF under a picture's name": (gif(), 400, "INVALID_IMAGE"),
    "nothing": (b"", 400, "INVALID_IMAGE"),
    "a truncated picture": (GOOD[: len(GOOD) // 2], 400, "INVALID_IMAGE"),
    "a corrupt picture": (GOOD[:200] + b"\xff\xd8\x00" * 50 + GOOD[600:], 400, "INVALID_IMAGE"),
    "a decompression bomb": (hollow_png(30_000, 30_000), 413, "IMAGE_TOO_LARGE"),
    "a picture one byte too large": (b"\xff\xd8\xff" + bytes(10 * 1024 * 1024 - 2), 413, "IMAGE_TOO_LARGE"),
    "a picture much too large": (bytes(30 * 1024 * 1024), 413, "IMAGE_TOO_LARGE"),
}

FIELDS: dict[str, tuple[dict[str, str], int, str]] = {
    "an unknown style": ({"style_id": "99999"}, 404, "STYLE_NOT_FOUND"),
    "a style that is no number": ({"style_id": "ghibli"}, 400, "VALIDATION_ERROR"),
    "no style": ({}, 400, "VALIDATION_ERROR"),
    "a wrong mood": ({"style_id": "1", "mood": "angry"}, 400, "VALIDATION_ERROR"),
    "a wrong weather": ({"style_id": "1", "weather": "hail"}, 400, "VALIDATION_ERROR"),
    "a wrong dress style": ({"style_id": "1", "dress_style": "none"}, 400, "VALIDATION_ERROR"),
    "a prompt of 201 characters": ({"style_id": "1", "custom_prompt": "x" * 201}, 400, "VALIDATION_ERROR"),
    "a wrong boolean": ({"style_id": "1", "is_public": "perhaps"}, 400, "VALIDATION_ERROR"),
    "an enormous style": ({"style_id": "9" * 40}, 404, "STYLE_NOT_FOUND"),
}


async def stored(stack: Stack) -> set[str]:
    """Every object of the bucket."""
    variables = stack.variables
    objects = Objects(
        variables["MAGICPIC_S3_ENDPOINT"],
        variables["MAGICPIC_S3_ACCESS_KEY"],
        variables["MAGICPIC_S3_SECRET_KEY"],
        variables["MAGICPIC_S3_BUCKET"],
        variables["MAGICPIC_S3_REGION"],
    )
    return set(await objects.keys())


async def nothing_happened(person: Person, stack: Stack, before: set[str]) -> None:
    credits_ = await until(person.balance, lambda found: found["lifetime_earned"] > 0, 30)
    assert credits_ == {"balance": 2500, "pending": 0, "lifetime_earned": 2500, "lifetime_spent": 0}
    assert (await person.client.get("/api/creations/mine")).json()["total"] == 0
    async with asyncio.timeout(60):  # what was stored before the refusal is being taken away
        while await stored(stack) - before:
            await asyncio.sleep(0.1)


def is_error(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    body: dict[str, Any] = answer.json()
    assert (answer.status_code, body["success"], body["error"]["code"]) == (status, False, code), answer.text
    assert body["error"]["message"]
    assert body["error"]["request_id"] == answer.headers["X-Request-ID"]
    return body


@pytest.mark.parametrize("case", PICTURES)
async def test_what_is_no_fit_picture_is_refused(jane: Person, stack: Stack, case: str) -> None:
    data, status, code = PICTURES[case]
    before = await stored(stack)
    answer = await jane.client.post(
        "/api/creations/generate", files={"image": ("photo.jpg", data, "image/jpeg")}, data={"style_id": "1"}
    )
    is_error(answer, status, code)
    await nothing_happened(jane, stack, before)


@pytest.mark.parametrize("case", FIELDS)
async def test_a_wrong_field_is_named(jane: Person, stack: Stack, case: str) -> None:
    fields, status, code = FIELDS[case]
    before = await stored(stack)
    answer = await jane.client.post(
        "/api/creations/generate", files={"image": ("photo.jpg", GOOD, "image/jpeg")}, data=fields
    )
    body = is_error(answer, status, code)
    if code == "VALIDATION_ERROR":
        assert body["error"]["details"]
    await nothing_happened(jane, stack, before)


async def test_animated_cmyk_and_turned_pictures_are_taken_as_people_see_them(jane: Person) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    frames = io.BytesIO()
    scene(200, 100).save(frames, "WEBP", save_all=True, append_images=[scene(200, 100).rotate(180)], duration=100)
    for data, size in (
        (frames.getvalue(), (200, 100)),
        (encoded(scene(200, 100).convert("CMYK")), (200, 100)),
        (encoded(scene(200, 100), exif=exif), (100, 200)),
    ):
        answer = await jane.client.post(
            "/api/creations/generate", files={"image": ("photo.jpg", data, "image/jpeg")}, data={"style_id": "1"}
        )
        assert answer.status_code == 200, answer.text
        async with httpx.AsyncClient() as plain:
            original = await plain.get(answer.json()["data"]["original_image_url"])
        with Image.open(io.BytesIO(original.content)) as opened:
            assert opened.size == size
            assert not opened.getexif()


async def test_too_few_credits_are_told_with_the_figures_and_leave_nothing(jane: Person, stack: Stack) -> None:
    styles = (await jane.client.get("/api/styles", params={"limit": 50})).json()["data"]
    dear = next(style["id"] for style in styles if style["credits_required"] == 100)
    for _ in range(25):
        await paid(jane, dear)
    before = await stored(stack)
    answer = await jane.client.post(
        "/api/creations/generate", files={"image": ("photo.jpg", GOOD, "image/jpeg")}, data={"style_id": "1"}
    )
    body = is_error(answer, 402, "INSUFFICIENT_CREDITS")
    assert body["error"]["message"] == "You need 50 credits. You have 0."
    assert (await jane.balance())["balance"] == 0
    assert (await jane.client.get("/api/creations/mine")).json()["total"] == 25
    async with asyncio.timeout(60):
        while await stored(stack) - before:
            await asyncio.sleep(0.1)


async def paid(person: Person, style_id: int) -> None:
    answer = await person.client.post(
        "/api/creations/generate", files={"image": ("photo.jpg", GOOD, "image/jpeg")}, data={"style_id": str(style_id)}
    )
    assert answer.status_code == 200, answer.text


async def test_more_jobs_at_once_than_allowed_are_refused_exactly(jane: Person) -> None:
    async def ask() -> httpx.Response:
        return await jane.client.post(
            "/api/creations/generate",
            files={"image": ("photo.jpg", GOOD, "image/jpeg")},
            data={"style_id": "1", "weather": "snowy"},
            headers={"Prefer": "respond-async"},
        )

    answers = await asyncio.gather(*[ask() for _ in range(12)])
    taken = {answer.json()["data"]["job"]["id"] for answer in answers if answer.status_code == 202}
    async with asyncio.timeout(60):
        jobs = [await ended(jane, job) for job in taken]
    refused = [job for job in jobs if job["status"] == "failed"]
    assert all(job["error"]["code"] == "TOO_MANY_JOBS" for job in refused)
    made = [job for job in jobs if job["status"] == "completed"]
    assert len(made) >= 4
    await until(jane.balance, lambda found: (found["lifetime_spent"], found["pending"]) == (50 * len(made), 0))


async def ended(person: Person, job_id: int) -> dict[str, Any]:
    while True:
        job: dict[str, Any] = (await person.client.get(f"/api/creations/jobs/{job_id}")).json()["data"]
        if job["status"] in ("completed", "failed", "cancelled"):
            return job
        await asyncio.sleep(0.1)


async def test_a_client_that_hangs_up_while_uploading_leaves_nothing(jane: Person, stack: Stack) -> None:
    before = await stored(stack)
    address = urlsplit(stack.url)
    token = jane.client.headers["Authorization"]
    with socket.create_connection((str(address.hostname), int(address.port or 80))) as line:
        head = (
            f"POST /api/creations/generate HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\n"
            "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 500000\r\n\r\n"
            '--b\r\nContent-Disposition: form-data; name="image"; filename="photo.jpg"\r\n\r\n'
        )
        line.sendall(head.encode() + GOOD)
    await nothing_happened(jane, stack, before)


BODIES: dict[str, tuple[dict[str, Any], int, str]] = {
    "malformed JSON": ({"content": b"{", "headers": {"Content-Type": "application/json"}}, 400, "VALIDATION_ERROR"),
    "a list": ({"json": [1]}, 400, "VALIDATION_ERROR"),
    "a weak password": (
        {"json": {"email": "a@example.com", "password": "weak", "name": "Jane"}},
        400,
        "WEAK_PASSWORD",
    ),
    "no e-mail address": (
        {"json": {"email": "jane", "password": "Correct-Horse-1", "name": "Jane"}},
        400,
        "INVALID_EMAIL",
    ),
    "a name of 10 kB": (
        {"json": {"email": "a@example.com", "password": "Correct-Horse-1", "name": "J" * 10_000}},
        400,
        "VALIDATION_ERROR",
    ),
}


@pytest.mark.parametrize("case", BODIES)
async def test_a_signup_that_is_wrong_says_why(api: httpx.AsyncClient, case: str) -> None:
    request, status, code = BODIES[case]
    is_error(await api.post("/api/auth/signup", **request), status, code)


async def test_an_address_that_is_taken_is_taken_in_any_case(api: httpx.AsyncClient, jane: Person) -> None:
    account = {"email": jane.email.upper(), "password": "Correct-Horse-1", "name": "Jane"}
    is_error(await api.post("/api/auth/signup", json=account), 409, "EMAIL_EXISTS")


async def test_malformed_multipart_is_a_400(jane: Person, stack: Stack) -> None:
    before = await stored(stack)
    for content, kind in (
        (b"no form at all", "multipart/form-data; boundary=b"),
        (b"--b\r\n", "multipart/form-data"),
        (b"{}", "application/json"),
    ):
        answer = await jane.client.post("/api/creations/generate", content=content, headers={"Content-Type": kind})
        is_error(answer, 400, answer.json()["error"]["code"])
    await nothing_happened(jane, stack, before)


async def test_unknown_paths_and_methods_wear_the_envelope_too(api: httpx.AsyncClient) -> None:
    is_error(await api.get("/api/nothing/here"), 404, "NOT_FOUND")
    wrong = await api.delete("/api/auth/login")
    is_error(wrong, 405, "METHOD_NOT_ALLOWED")
    assert "POST" in wrong.headers["Allow"]


async def test_every_token_that_is_not_ours_and_fresh_is_a_401(api: httpx.AsyncClient, jane: Person) -> None:
    token = jane.client.headers["Authorization"].removeprefix("Bearer ")
    head = jwt.get_unverified_header(token)
    claims = jwt.decode(token, options={"verify_signature": False})
    stranger = Ed25519PrivateKey.generate()
    jwks = (await api.get("/.well-known/jwks.json")).json()
    public = base64.urlsafe_b64decode(jwks["keys"][0]["x"] + "==")
    unsigned = jwt.encode(claims, "", algorithm="none")
    tokens = {
        "null": "null",
        "no token": "abc.def.ghi",
        "a stranger's key": jwt.encode(claims, stranger, "EdDSA", headers={"kid": head["kid"]}),
        "unsigned": unsigned,
        "HS256 with the public key": jwt.encode(claims, public, "HS256", headers={"kid": head["kid"]}),
        "a refresh token": jane.refresh_token,
        "tampered": token[:-6] + ("AAAAAA" if not token.endswith("AAAAAA") else "BBBBBB"),
        "another user under the same signature": ".".join(
            [
                token.split(".")[0],
                base64.urlsafe_b64encode(json.dumps(claims | {"sub": "1"}).encode()).decode().rstrip("="),
                token.split(".")[2],
            ]
        ),
    }
    for what, wrong in tokens.items():
        answer = await api.get("/api/credits/balance", headers={"Authorization": f"Bearer {wrong}"})
        body = is_error(answer, 401, "INVALID_TOKEN")
        assert body["detail"] == "Invalid or expired token", what
    assert (await api.get("/api/credits/balance")).status_code == 401
    assert claims["exp"] - time.time() <= 30 * 60


async def test_pages_that_make_no_sense_are_refused_and_large_limits_are_cut(jane: Person) -> None:
    for wrong in ({"page": "0"}, {"limit": "0"}, {"page": "x"}, {"limit": "-1"}):
        is_error(await jane.client.get("/api/styles", params=wrong), 400, "VALIDATION_ERROR")
    page = (await jane.client.get("/api/styles", params={"limit": "500"})).json()
    assert page["pagination"]["limit"] == 50
    assert (await jane.client.get("/api/styles", params={"category": "no-such"})).json()["data"] == []
    is_error(await jane.client.get("/api/styles/99999"), 404, "STYLE_NOT_FOUND")
    is_error(await jane.client.get("/api/creations/99999"), 404, "CREATION_NOT_FOUND")
    for hostile in ("%", "_", "'; DROP TABLE styles; --", "\x00", "é" * 500):
        assert (await jane.client.get("/api/styles", params={"search": hostile})).status_code in (200, 400)
