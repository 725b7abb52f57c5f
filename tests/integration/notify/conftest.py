"""Notify between auth, whose voice and answers are the test's, and a relay that does what it is told."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import nats
import pytest

from contracts.rpc.auth import Addressee, GetAddressee, GetLetter, Letter, MaybeAddressee, MaybeLetter
from kernel import timers
from kernel.bus import MessageBus
from kernel.service import Service
from services.notify.app import NotifySettings, build
from tests.conftest import MakeDatabase
from tests.fakes.smtp import FakeRelay
from tests.integration.ledger.conftest import Voice

JANE = Addressee(to="jane@example.com", name="Jane Doe", locale="en")


def letter(**changes: Any) -> Letter:
    known = {
        "to": "jane@example.com",
        "name": "Jane Doe",
        "locale": "en",
        "purpose": "verify_email",
        "code": "482913",
        "token": "tok-en_482913",
        "minutes": 15,
        "user_id": 7,
    }
    return Letter.model_validate(known | changes)


@dataclass
class Auth:
    """Answers what notify asks of auth."""

    letters: dict[str, Letter] = field(default_factory=dict)
    people: dict[int, Addressee] = field(default_factory=dict)
    asked: int = 0

    async def letter(self, request: GetLetter) -> MaybeLetter:
        self.asked += 1
        return MaybeLetter(letter=self.letters.get(request.code_id))

    async def addressee(self, request: GetAddressee) -> MaybeAddressee:
        self.asked += 1
        return MaybeAddressee(addressee=self.people.get(request.user_id))


@pytest.fixture(autouse=True)
def attentive_timers(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are looked at more often than in earnest, so that tests need not wait for them."""
    monkeypatch.setattr(timers, "LOOK_EVERY_S", 0.05)


@pytest.fixture
async def auth(nats_url: str) -> AsyncIterator[Auth]:
    known = Auth({"c1": letter()}, {7: JANE})
    bus = MessageBus("auth", nats_url)
    bus.answer(GetLetter, known.letter)
    bus.answer(GetAddressee, known.addressee)
    await bus.start()
    yield known
    await bus.close()


@pytest.fixture
async def relay() -> AsyncIterator[FakeRelay]:
    running = FakeRelay()
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
async def voice(nats_url: str) -> AsyncIterator[Voice]:
    client = await nats.connect(nats_url)
    yield Voice(client)
    await client.close()


MakeNotify = Callable[..., Awaitable[Service]]


@pytest.fixture
async def make_notify(
    make_database: MakeDatabase, nats_url: str, relay: FakeRelay, auth: Auth
) -> AsyncIterator[MakeNotify]:
    """Starts processes of notify on one database; its arguments are settings."""
    assert auth.asked == 0
    url = await make_database("notify")
    made: list[Service] = []

    async def make(**options: Any) -> Service:
        known = {
            "notify_database_url": url,
            "nats_url": nats_url,
            "smtp_host": "127.0.0.1",
            "smtp_port": relay.port,
            "smtp_tls": "none",
            "app_url": "https://magicpic.example/",
        }
        service = build(NotifySettings.model_validate(known | options))
        await service.start()
        made.append(service)
        return service

    yield make
    for service in made:
        if service.bus.client and not service.bus.client.is_closed:  # a test may have ended it itself
            await service.stop()


@pytest.fixture
async def notify(make_notify: MakeNotify) -> Service:
    return await make_notify()
