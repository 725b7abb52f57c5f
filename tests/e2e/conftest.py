"""One stack for all end-to-end tests, and people who sign up through its gateway."""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.clients import NO_TLS
from tests.fakes.admob import AD_UNIT, FakeAdmob
from tests.fakes.in_thread import in_thread
from tests.fakes.razorpay import KEY_ID, KEY_SECRET, WEBHOOK_SECRET, FakeRazorpay
from tests.stack import Stack, running_stack

UNLIMITED = {
    "MAGICPIC_AUTH_DELETION_GRACE_S": "0",  # whoever wants to go, goes at once
    # One address makes all requests here; the limits are tested on their own.
    "MAGICPIC_RATE_LIMIT_USER": "100000/minute",
    "MAGICPIC_RATE_LIMIT_SIGNUP": "100000/minute",
    "MAGICPIC_RATE_LIMIT_LOGIN": "100000/minute",
    "MAGICPIC_RATE_LIMIT_UPLOAD": "100000/minute",
    "MAGICPIC_RATE_LIMIT_UPLOAD_ADDRESS": "100000/minute",
    "MAGICPIC_BATTLE_HOURS": "0.0018",
    "MAGICPIC_BATTLE_MATCH_EVERY_S": "0.1",
}


@pytest.fixture(scope="session")
def razorpay() -> Iterator[FakeRazorpay]:
    with in_thread(FakeRazorpay()) as fake:
        yield fake


@pytest.fixture(scope="session")
def admob() -> Iterator[FakeAdmob]:
    with in_thread(FakeAdmob()) as fake:
        yield fake


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, razorpay: FakeRazorpay, admob: FakeAdmob) -> Iterator[Stack]:
    outside = {
        "MAGICPIC_RAZORPAY_KEY_ID": KEY_ID,
        "MAGICPIC_RAZORPAY_KEY_SECRET": KEY_SECRET,
        "MAGICPIC_RAZORPAY_WEBHOOK_SECRET": WEBHOOK_SECRET,
        "MAGICPIC_RAZORPAY_URL": razorpay.url,
        "MAGICPIC_ADMOB_AD_UNITS": AD_UNIT,
        "MAGICPIC_ADMOB_KEYS_URL": admob.url,
        "MAGICPIC_PAYMENT_PLANS": '{"razorpay": {"plus": "plan_plus", "pro": "plan_pro"}}',
        "MAGICPIC_SELLER_GSTIN": "27AAPFU0939F1ZV",
    }
    with running_stack(tmp_path_factory.mktemp("stack"), UNLIMITED | outside) as running:
        yield running


@dataclass(frozen=True)
class Person:
    id: int
    email: str
    password: str
    client: httpx.AsyncClient
    """Signed in: it sends the access token with every request."""
    refresh_token: str

    async def balance(self) -> dict[str, int]:
        found: dict[str, int] = (await self.client.get("/api/credits/balance")).json()["data"]
        return found


SignUp = Callable[[], Awaitable[Person]]


@pytest.fixture
async def api(stack: Stack) -> AsyncIterator[httpx.AsyncClient]:
    """A client that is nobody."""
    async with httpx.AsyncClient(base_url=stack.url, timeout=90, verify=NO_TLS) as client:
        yield client


@pytest.fixture
async def sign_up(stack: Stack, api: httpx.AsyncClient) -> AsyncIterator[SignUp]:
    clients: list[httpx.AsyncClient] = []

    async def make() -> Person:
        email, password = f"{secrets.token_hex(6)}@example.com", "Correct-Horse-1"
        answer = await api.post("/api/auth/signup", json={"email": email, "password": password, "name": "Jane Doe"})
        assert answer.status_code == 200, answer.text
        data: dict[str, Any] = answer.json()["data"]
        headers = {"Authorization": f"Bearer {data['access_token']}"}
        client = httpx.AsyncClient(base_url=stack.url, timeout=90, verify=NO_TLS, headers=headers)
        clients.append(client)
        return Person(data["user"]["id"], email, password, client, data["refresh_token"])

    yield make
    for client in clients:
        await client.aclose()


@pytest.fixture
async def jane(sign_up: SignUp) -> Person:
    return await sign_up()
