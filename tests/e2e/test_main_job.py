"""The main job through the gateway, as a phone does it: sign up, browse, upload, pay, see it in "mine"."""

import asyncio
import io
import json
import re

import httpx
from PIL import Image

from tests.e2e.conftest import Person, SignUp
from tests.stack import Stack
from tests.unit.gateway.photos import encoded, scene


async def picture_at(url: str) -> Image.Image:
    async with httpx.AsyncClient() as plain:
        answer = await plain.get(url)
    answer.raise_for_status()
    return Image.open(io.BytesIO(answer.content))


async def test_a_new_user_gets_credits_browses_and_turns_a_photo_into_art(jane: Person) -> None:
    assert await jane.balance() == {"balance": 2500, "pending": 0, "lifetime_earned": 2500, "lifetime_spent": 0}
    styles = (await jane.client.get("/api/styles", params={"search": "ghibli"})).json()
    assert styles["total"] == 1
    style = styles["data"][0]
    answer = await jane.client.post(
        "/api/creations/generate",
        files={"image": ("photo.jpg", encoded(scene(800, 600)), "image/jpeg")},
        data={"style_id": str(style["id"]), "mood": "romantic", "weather": "rainy", "custom_prompt": "with a hat"},
    )
    assert answer.status_code == 200, answer.text
    body = answer.json()
    made = body["data"]
    assert body["message"] == "Image generated successfully!"
    assert (made["credits_used"], made["credits_remaining"]) == (50, 2450)
    assert made["creation"]["id"] == made["id"]
    assert (made["mood"], made["weather"], made["dress_style"]) == ("romantic", "rainy", None)
    assert made["style"]["slug"] == "ghibli-art"
    assert made["style"]["category"]["styles_count"] >= 3
    assert (await picture_at(made["generated_image_url"])).size == (800, 600)
    assert (await picture_at(made["original_image_url"])).size == (800, 600)
    thumbnail = await picture_at(made["thumbnail_url"])
    assert (thumbnail.format, max(thumbnail.size)) == ("WEBP", 400)
    assert await jane.balance() == {"balance": 2450, "pending": 0, "lifetime_earned": 2500, "lifetime_spent": 50}
    mine = (await jane.client.get("/api/creations/mine")).json()
    assert (mine["total"], mine["data"][0]["id"]) == (1, made["id"])
    assert mine["data"][0]["custom_prompt"] == "with a hat"
    history = (await jane.client.get("/api/credits/history")).json()
    assert [(entry["amount"], entry["type"], entry["description"]) for entry in history["data"]] == [
        (-50, "creation", "Created Ghibli Art image"),
        (2500, "signup_bonus", "Welcome to MagicPic"),
    ]


async def test_a_use_counts_and_moves_the_trend(jane: Person) -> None:
    async def style() -> dict[str, int]:
        found: dict[str, int] = (await jane.client.get("/api/styles/7")).json()["data"]
        return found

    before = (await style())["uses_count"]
    await make(jane, style_id=7)
    async with asyncio.timeout(60):
        while (await style())["uses_count"] != before + 1:
            await asyncio.sleep(0.1)
    trending = (await jane.client.get("/api/styles/trending")).json()["data"]
    assert len(trending) == 10
    assert [found["rank"] for found in trending] == list(range(1, 11))
    assert 7 in {found["id"] for found in trending}


async def make(person: Person, *, style_id: int = 1, public: bool = True) -> int:
    answer = await person.client.post(
        "/api/creations/generate",
        files={"image": ("photo.jpg", encoded(scene(320, 240)), "image/jpeg")},
        data={"style_id": str(style_id), "is_public": str(public).lower()},
    )
    assert answer.status_code == 200, answer.text
    return int(answer.json()["data"]["id"])


async def test_asynchronous_generation_tells_its_progress_and_its_end(jane: Person) -> None:
    answer = await jane.client.post(
        "/api/creations/generate",
        files={"image": ("photo.jpg", encoded(scene(800, 600)), "image/jpeg")},
        data={"style_id": "5"},
        headers={"Prefer": "respond-async"},
    )
    assert (answer.status_code, answer.headers["Preference-Applied"]) == (202, "respond-async")
    job = answer.json()["data"]
    events: list[str] = []
    data: dict[str, object] = {}
    async with jane.client.stream("GET", job["events_url"]) as stream:
        async for line in stream.aiter_lines():
            if line.startswith("event: "):
                events.append(line.removeprefix("event: "))
            elif line.startswith("data: "):
                data = json.loads(line.removeprefix("data: "))
    assert events[-1] == "completed"
    assert set(events) <= {"queued", "processing", "completed"}
    assert data["progress"] == 100
    status = (await jane.client.get(job["status_url"])).json()["data"]
    assert status["creation"]["id"] == job["job"]["id"]


async def test_the_same_idempotency_key_gives_the_first_answer_again_and_is_paid_once(jane: Person) -> None:
    async def ask(style_id: int) -> httpx.Response:
        return await jane.client.post(
            "/api/creations/generate",
            files={"image": ("photo.jpg", encoded(scene(320, 240)), "image/jpeg")},
            data={"style_id": str(style_id)},
            headers={"Idempotency-Key": "once"},
        )

    first, second = await asyncio.gather(ask(1), ask(1))
    third = await ask(1)
    assert {answer.json()["data"]["id"] for answer in (first, second, third)} == {first.json()["data"]["id"]}
    assert third.headers["Idempotency-Replayed"] == "true"
    conflict = await ask(2)
    assert (conflict.status_code, conflict.json()["error"]["code"]) == (409, "IDEMPOTENCY_CONFLICT")
    assert (await jane.balance())["lifetime_spent"] == 50


async def test_others_see_a_public_picture_without_its_original_and_a_private_one_not_at_all(
    jane: Person, sign_up: SignUp
) -> None:
    other = await sign_up()
    public, private = await make(jane), await make(jane, public=False)
    seen = (await other.client.get(f"/api/creations/{public}")).json()["data"]
    assert seen["user"]["name"] == "Jane Doe"
    assert "original_image_url" not in seen
    assert "custom_prompt" not in seen
    assert (await other.client.get(f"/api/creations/{private}")).status_code == 404
    assert (await other.client.delete(f"/api/creations/{public}")).status_code == 403
    assert (await other.client.get(f"/api/creations/jobs/{public}")).status_code == 403
    assert (await other.client.post(f"/api/creations/jobs/{public}/cancel")).status_code == 403
    detail = (await other.client.get("/api/styles/1")).json()["data"]
    assert public in {found["id"] for found in detail["user_creations"]}
    assert private not in {found["id"] for found in detail["user_creations"]}


async def test_a_deleted_picture_is_gone_and_stays_paid(jane: Person) -> None:
    creation_id = await make(jane)
    url = (await jane.client.get(f"/api/creations/{creation_id}")).json()["data"]["generated_image_url"]
    assert (await jane.client.delete(f"/api/creations/{creation_id}")).status_code == 200
    assert (await jane.client.get(f"/api/creations/{creation_id}")).status_code == 404
    assert (await jane.client.get("/api/creations/mine")).json()["total"] == 0
    assert (await jane.balance())["lifetime_spent"] == 50
    async with asyncio.timeout(60), httpx.AsyncClient() as plain:
        while (await plain.get(url)).status_code != 404:
            await asyncio.sleep(0.1)


async def test_signing_in_again_and_refreshing_keep_working(jane: Person, api: httpx.AsyncClient) -> None:
    login = await api.post("/api/auth/login", json={"email": jane.email.upper(), "password": jane.password})
    assert login.json()["data"]["user"]["credits"] == 2500
    headers = {"Authorization": f"Bearer {jane.refresh_token}", "Content-Type": "application/x-www-form-urlencoded"}
    for _ in range(3):  # a phone that never stores the new refresh token
        renewed = (await api.post("/api/auth/refresh", headers=headers)).json()
        assert renewed["access_token"] == renewed["data"]["access_token"]
        me = await api.get("/api/auth/me", headers={"Authorization": f"Bearer {renewed['access_token']}"})
        assert me.json()["data"]["email"] == jane.email


async def test_the_audit_is_clean_and_every_table_is_what_its_events_say(jane: Person, stack: Stack) -> None:
    await make(jane)
    assert "0 faults" in stack.magicpic("audit")
    for service in ("ledger", "catalog", "creation", "battle"):
        assert "The live tables were right." in stack.magicpic("rebuild", service, "--compare-only")
    assert "No dead letters" in stack.magicpic("dead", "list")


async def test_the_documentation_page_needs_no_other_host(api: httpx.AsyncClient) -> None:
    page = (await api.get("/docs")).text
    parts = re.findall(r'(?:src|href)="([^"]+)"', page)
    loaded = [part for part in parts if not part.startswith("data:")]
    assert len(loaded) == 2
    for part in loaded:
        assert part.startswith("/docs/")
        assert (await api.get(part)).status_code == 200
    assert (await api.get("/docs/other.js")).status_code == 404
