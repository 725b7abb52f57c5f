"""The stack of docker-compose.yml as its users meet it: through the gateway, with a real photo."""

import json
import secrets
from typing import Any

import httpx
from PIL import Image

from services.catalog.seeding import PHOTOS
from tests.containers.compose import run
from tests.containers.conftest import ComposeStack
from tests.waiting import until

ROLES = ("auth", "catalog", "ledger", "creation", "creation-worker", "battle", "notify", "gateway")
WITH_A_CHECK = ("postgres", "s3", *ROLES)
PASSWORD = "Correct-Horse-1"
HEALTHY_WITHIN_S = 120


def inspect(stack: ComposeStack, service: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run("docker", "inspect", stack.compose.container_of(service)))[0]
    return found


async def all_are_healthy(stack: ComposeStack) -> None:
    async def health() -> dict[str, str]:
        return {service: inspect(stack, service)["State"]["Health"]["Status"] for service in WITH_A_CHECK}

    await until(health, lambda found: set(found.values()) == {"healthy"}, timeout_s=HEALTHY_WITHIN_S)


async def sign_up(client: httpx.AsyncClient) -> str:
    """A new person's e-mail address; the client speaks for her from then on."""
    account = {"email": f"{secrets.token_hex(6)}@example.com", "password": PASSWORD, "name": "Jane Doe"}
    answer = await client.post("/api/auth/signup", json=account)
    assert answer.status_code == 200, answer.text
    client.headers["Authorization"] = f"Bearer {answer.json()['data']['access_token']}"
    return account["email"]


async def data_of(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]
