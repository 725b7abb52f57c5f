"""A running ledger and the other services' voices."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

import nats
import pytest
from nats.aio.client import Client

from contracts.envelope import Envelope, Event
from contracts.errors import ServiceError
from contracts.rpc.auth import Standing
from contracts.subjects import event_subject
from kernel.bus import MessageBus
from kernel.service import Service
from services.ledger.app import LedgerSettings, build
from tests.conftest import MakeDatabase
from tests.fakes.auth import answer_standings

Say = Callable[[Event], Awaitable[Envelope]]


@dataclass
class Voice:
    """Says contract events on the streams of other services, as their relays would."""

    client: Client

    async def say(self, event: Event, *, again: Envelope | None = None) -> Envelope:
        """`again` repeats an event under its old id, past JetStream's own deduplication."""
        envelope = again or Envelope(
            id=uuid4(),
            type=event.TYPE,
            version=1,
            time=datetime.now(UTC),
            stream="test-1",
            stream_version=1,
            position=1,
            correlation_id="test",
            causation_id="test",
            data=event.model_dump(mode="json"),
        )
        await self.client.jetstream().publish(event_subject(event.TYPE), envelope.model_dump_json().encode())
        return envelope


@dataclass
class Accounts:
    """Stands in for auth: 1 to 99 exist, and those up to 29 are administrators unless `roles` says otherwise."""

    roles: dict[int, str] = field(default_factory=dict)
    suspended: set[int] = field(default_factory=set)
    fault: ServiceError | None = None

    def standing(self, id_: int) -> Standing | None:
        if self.fault:
            raise self.fault
        if not 1 <= id_ <= 99:
            return None
        role = self.roles.get(id_, "admin" if id_ <= 29 else "user")
        return Standing(role=role, suspended=id_ in self.suspended)


@pytest.fixture
async def accounts(nats_url: str) -> AsyncIterator[Accounts]:
    accounts, bus = Accounts(), MessageBus("accounts", nats_url)
    answer_standings(bus, accounts.standing)
    await bus.start()
    yield accounts
    await bus.close()


@pytest.fixture
async def voice(nats_url: str) -> AsyncIterator[Voice]:
    client = await nats.connect(nats_url)
    yield Voice(client)
    await client.close()


@pytest.fixture
async def ledger(make_database: MakeDatabase, nats_url: str) -> AsyncIterator[Service]:
    service = build(LedgerSettings(ledger_database_url=await make_database("ledger"), nats_url=nats_url))
    await service.start()
    yield service
    await service.stop()
