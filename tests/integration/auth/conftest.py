"""A running auth service, a clock that tests can move, and short ways to ask."""

import base64
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from prometheus_client import REGISTRY
from pydantic import SecretStr

from contracts.rpc.auth import LogIn, Refresh, SignedIn, SignUp, Tokens
from kernel.clock import utc_now
from kernel.objects import Objects
from kernel.service import Service
from services.auth.app import AuthSettings, build
from tests.conftest import MakeDatabase, Servers

PASSWORD = "SecurePass123"
SIGNING_KEY, OTHER_KEY = (SecretStr(base64.b64encode(byte * 32).decode()) for byte in (b"k", b"o"))
Running = Callable[..., AbstractAsyncContextManager[Service]]


@dataclass
class Clock:
    """The real time, moved on by whatever the test lets pass."""

    passed: timedelta = timedelta()

    def __call__(self) -> datetime:
        return utc_now() + self.passed

    def let_pass(self, **units: float) -> None:
        self.passed += timedelta(**units)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def database_url(make_database: MakeDatabase) -> str:
    return await make_database("auth")


@pytest.fixture
def running(servers: Servers, objects: Objects, database_url: str, nats_url: str, clock: Clock) -> Running:
    """One more process of the service, on the same database; arguments are settings."""

    @asynccontextmanager
    async def run(**settings: Any) -> AsyncIterator[Service]:
        own: dict[str, Any] = {
            "auth_database_url": database_url,
            "auth_signing_key": SIGNING_KEY,
            "s3_endpoint": servers.s3.endpoint,
            "s3_access_key": servers.s3.access_key,
            "s3_secret_key": servers.s3.secret_key,
            "s3_bucket": objects._bucket,
        }
        service = build(AuthSettings(**(own | settings), nats_url=nats_url), clock=clock)
        await service.start()
        try:
            yield service
        finally:  # else it would go on answering in the tests that follow
            await service.stop()

    return run


@pytest.fixture
async def auth(running: Running) -> AsyncIterator[Service]:
    async with running() as service:
        yield service


async def sign_up(auth: Service, email: str = "ana@example.com", *, name: str = "Ana") -> SignedIn:
    found: SignedIn = await auth.bus.caller.ask(SignUp(email=email, password=PASSWORD, name=name))
    return found


async def log_in(
    auth: Service, email: str = "ana@example.com", password: str = PASSWORD, *, ip: str = "203.0.113.7"
) -> SignedIn:
    found: SignedIn = await auth.bus.caller.ask(LogIn(email=email, password=password, ip=ip))
    return found


async def refresh(auth: Service, token: str) -> Tokens:
    found: Tokens = await auth.bus.caller.ask(Refresh(refresh_token=token))
    return found


def argon2_runs(work: str) -> float:
    """How often this process has hashed (`hash`) or verified (`verify`) so far."""
    return REGISTRY.get_sample_value("password_seconds_count", {"work": work}) or 0


async def fetch(auth: Service, sql: str, *arguments: Any) -> list[Any]:
    async with auth.database.write() as connection:
        return list(await connection.fetch(sql, *arguments))


async def events(auth: Service, kind: str) -> list[Any]:
    return await fetch(auth, "SELECT * FROM events WHERE type = $1 ORDER BY position", kind)
