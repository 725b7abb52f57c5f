"""The stack of docker-compose.yml as its users meet it: through the gateway, with a real photo."""

import asyncio
import io
import secrets
from typing import Any

import httpx
from PIL import Image

from services.catalog.seeding import PHOTOS
from tests.containers.conftest import ComposeStack
from tests.waiting import until

CHECKED = (
    "postgres",
    "s3",
    "mail",
    "auth",
    "catalog",
    "ledger",
    "creation",
    "creation-worker",
    "battle",
    "notify",
    "gateway",
)
HEALTHY_WITHIN_S = 120
PASSWORD = "Correct-Horse-1"


def client_of(stack: ComposeStack) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=stack.url, timeout=90)


async def becomes_healthy(stack: ComposeStack) -> None:
    async def sick() -> set[str]:
        await asyncio.sleep(0.5)  # checks run every few seconds, and each question costs the engine something
        return set(CHECKED) - stack.healthy()

    await until(sick, lambda found: not found, timeout_s=HEALTHY_WITHIN_S)


async def data_of(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


async def sign_up(client: httpx.AsyncClient) -> str:
    """A new person's e-mail address. The client speaks for them from then on."""
    account = {"email": f"{secrets.token_hex(6)}@example.com", "password": PASSWORD, "name": "Jane Doe"}
    await sign_in(client, "/api/auth/signup", account)
    return account["email"]


async def sign_in(client: httpx.AsyncClient, path: str, account: dict[str, str]) -> None:
    data = await data_of(await client.post(path, json=account))
    client.headers["Authorization"] = f"Bearer {data['access_token']}"


async def generate(client: httpx.AsyncClient) -> Any:
    style = (await data_of(await client.get("/api/styles", params={"limit": 1})))[0]
    photo = {"image": ("photo.jpg", PHOTOS[0].read_bytes(), "image/jpeg")}
    return await data_of(await client.post("/api/creations/generate", files=photo, data={"style_id": str(style["id"])}))


async def test_every_container_becomes_healthy(compose_stack: ComposeStack) -> None:
    await becomes_healthy(compose_stack)


async def test_a_photo_becomes_art_that_is_paid_for_and_kept(compose_stack: ComposeStack) -> None:
    await becomes_healthy(compose_stack)
    async with client_of(compose_stack) as client:
        await sign_up(client)
        creation = await generate(client)
        mine = await data_of(await client.get("/api/creations/mine"))
        balance = await data_of(await client.get("/api/credits/balance"))
    assert [found["id"] for found in mine] == [creation["id"]]
    assert (balance["balance"], balance["pending"]) == (2450, 0)


async def test_pictures_are_fetched_from_this_machine_by_their_presigned_urls(compose_stack: ComposeStack) -> None:
    await becomes_healthy(compose_stack)
    async with client_of(compose_stack) as client:
        await sign_up(client)
        creation = await generate(client)
        preview = (await data_of(await client.get("/api/styles", params={"limit": 1})))[0]["preview_url"]
    async with httpx.AsyncClient() as anybody:
        for url in (preview, creation["original_image_url"], creation["generated_image_url"]):
            answer = await anybody.get(url)
            assert answer.status_code == 200, url
            Image.open(io.BytesIO(answer.content)).verify()
            assert (await anybody.get(url.partition("?")[0])).status_code in (400, 403)


async def test_an_operator_audits_through_the_container_that_prepared_everything(compose_stack: ComposeStack) -> None:
    assert "0 faults" in compose_stack.compose("run", "--rm", "init", "audit")


async def test_what_was_there_is_there_again_after_down_and_up(compose_stack: ComposeStack) -> None:
    await becomes_healthy(compose_stack)
    async with client_of(compose_stack) as client:
        email = await sign_up(client)
        creation = await generate(client)
    compose_stack.compose("down")
    compose_stack.compose("up", "--detach")
    await becomes_healthy(compose_stack)
    async with client_of(compose_stack) as client:
        await sign_in(client, "/api/auth/login", {"email": email, "password": PASSWORD})
        mine = await data_of(await client.get("/api/creations/mine"))
    assert [found["id"] for found in mine] == [creation["id"]]
    async with httpx.AsyncClient() as anybody:
        assert (await anybody.get(mine[0]["generated_image_url"])).status_code == 200
