"""A running studio: creation and ledger, workers with painters of the test's choice, and an ear on all events."""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import nats
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from contracts.envelope import Envelope, Event
from contracts.events.auth import UserSignedUp
from contracts.events.catalog import StylePublished
from contracts.events.creation import CreationQueued
from contracts.events.ledger import CreditsGranted
from contracts.places import new_photo_folder
from contracts.rpc import jobs
from contracts.rpc.ledger import Balance, GetBalance
from contracts.subjects import ALL_PROGRESS, event_subject
from deploy.local.servers import EmbeddedServers
from kernel.caller import connection_options
from kernel.objects import Objects
from kernel.service import Service
from services.creation.app import CreationSettings, build
from services.creation.painter import Painter
from services.creation.worker import build_worker
from services.creation.workshop import Worker
from services.ledger.app import LedgerSettings
from services.ledger.app import build as build_ledger
from tests.conftest import MakeDatabase
from tests.integration.creation.painters import PHOTO
from tests.waiting import until

USER, STRANGER = 7, 8
STYLE = StylePublished(
    style_id=3,
    name="Ghibli Art",
    slug="ghibli-art",
    prompt_template="Paint it by hand, in warm light.",
    negative_prompt="blurry",
    effect="watercolor",
    credits_required=50,
    active=True,
)


class Ear:
    """Hears every event and every report of progress, live."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.events: list[Envelope] = []
        self.progress: dict[int, list[dict[str, Any]]] = defaultdict(list)
        self._news = asyncio.Condition()

    async def listen(self) -> None:
        await self.client.subscribe("events.>", cb=self._hear_event)
        await self.client.subscribe(ALL_PROGRESS, cb=self._hear_progress)
        await self.client.flush()

    async def _hear_event(self, message: Msg) -> None:
        async with self._news:
            self.events.append(Envelope.model_validate_json(message.data))
            self._news.notify_all()

    async def _hear_progress(self, message: Msg) -> None:
        async with self._news:
            self.progress[int(message.subject.rpartition(".")[2])].append(json.loads(message.data))
            self._news.notify_all()

    def of(self, event_type: type[Event], **data: Any) -> list[dict[str, Any]]:
        """What was heard of one type, with these values in it."""
        return [
            envelope.data
            for envelope in self.events
            if envelope.type == event_type.TYPE and data.items() <= envelope.data.items()
        ]

    async def heard(self, event_type: type[Event], times: int = 1, **data: Any) -> dict[str, Any]:
        """Wait until it has been heard; the last of them."""
        try:
            async with asyncio.timeout(20), self._news:
                await self._news.wait_for(lambda: len(self.of(event_type, **data)) >= times)
        except TimeoutError:
            heard = [envelope.type for envelope in self.events]
            raise AssertionError(f"{event_type.TYPE} {data} was not heard, but {heard}") from None
        return self.of(event_type, **data)[-1]

    async def sees_progress(self, creation_id: int, percent: int) -> None:
        async with asyncio.timeout(20), self._news:
            await self._news.wait_for(
                lambda: any(report["progress"] >= percent for report in self.progress[creation_id])
            )


@dataclass
class Studio:
    settings: CreationSettings
    service: Service
    ledger: Service
    objects: Objects
    ear: Ear
    workers: list[Worker] = field(default_factory=list)

    async def say(self, event: Event, *, stream: str = "test-1", version: int = 1) -> None:
        """Say a contract event as another service's relay would."""
        envelope = Envelope(
            id=uuid4(),
            type=event.TYPE,
            version=1,
            time=datetime.now(UTC),
            stream=stream,
            stream_version=version,
            position=1,
            correlation_id="test",
            causation_id="test",
            data=event.model_dump(mode="json"),
        )
        jetstream = self.service.bus.connected().jetstream()
        await jetstream.publish(event_subject(event.TYPE), envelope.model_dump_json().encode())

    async def publish_style(self, style: StylePublished = STYLE, *, version: int = 1) -> None:
        await self.say(style, stream=f"style-{style.style_id}", version=version)
        await self.until_row("SELECT version FROM style_copies WHERE style_id = $1", style.style_id, is_=version)

    async def sign_up(self, user_id: int = USER) -> None:
        await self.say(UserSignedUp(user_id=user_id))
        await self.ear.heard(CreditsGranted, user_id=user_id)

    async def upload(self) -> tuple[str, str]:
        """What the gateway does before it asks for a picture."""
        folder = new_photo_folder(datetime.now(UTC))
        keys = (f"{folder}original.png", f"{folder}working.jpg")
        await self.objects.put(keys[0], b"the original", "image/png")
        await self.objects.put(keys[1], PHOTO, "image/jpeg")
        return keys

    async def request(self, user_id: int = USER, **options: Any) -> jobs.Requested:
        original_key, working_key = await self.upload()
        given: dict[str, Any] = {"style_id": STYLE.style_id} | options
        request = jobs.RequestCreation(user_id=user_id, original_key=original_key, working_key=working_key, **given)
        answer: jobs.Requested = await self.service.bus.caller.ask(request)
        return answer

    async def queued(self, user_id: int = USER, **options: Any) -> int:
        """A job in the queue."""
        creation_id = (await self.request(user_id, **options)).creation_id
        await self.ear.heard(CreationQueued, creation_id=creation_id)
        return creation_id

    async def ask(self, request: Any) -> Any:
        return await self.service.bus.caller.ask(request)

    async def job(self, creation_id: int, user_id: int = USER) -> jobs.Job:
        job: jobs.Job = await self.ask(jobs.GetJob(user_id=user_id, creation_id=creation_id))
        return job

    async def balance(self, user_id: int = USER) -> tuple[int, int]:
        """What can be spent, and what is held."""
        balance: Balance = await self.service.bus.caller.ask(GetBalance(user_id=user_id))
        return balance.balance, balance.pending

    async def balance_becomes(self, balance: int, pending: int, user_id: int = USER) -> None:
        await until(lambda: self.balance(user_id), lambda found: found == (balance, pending))

    async def rows(self, sql: str, *arguments: Any) -> list[Any]:
        async with self.service.database.write() as connection:
            return [tuple(row) for row in await connection.fetch(sql, *arguments)]

    async def until_row(self, sql: str, *arguments: Any, is_: Any) -> None:
        await until(lambda: self.rows(sql, *arguments), lambda rows: rows == [(is_,)])

    async def bucket_becomes(self, count: int) -> list[str]:
        """Wait until there are so many objects; their keys."""
        return await until(self.objects.keys, lambda keys: len(keys) == count)

    async def worker(self, painter: Painter, **options: Any) -> Worker:
        worker = build_worker(self.settings, painter, **options)
        await worker.start()
        self.workers.append(worker)
        return worker

    async def restart_ledger(self) -> None:
        """Another process of it, on the same database."""
        settings = self.ledger.settings
        assert isinstance(settings, LedgerSettings)
        self.ledger = build_ledger(settings)
        await self.ledger.start()

    async def stop(self) -> None:
        for worker in self.workers:
            await worker.stop()
        await self.service.stop()
        await self.ledger.stop()


MakeStudio = Callable[..., Awaitable[Studio]]


@pytest.fixture
async def make_studio(
    servers: EmbeddedServers, make_database: MakeDatabase, nats_url: str, objects: Objects
) -> AsyncIterator[MakeStudio]:
    """Makes studios to measure, running, with one style and no worker; its arguments are settings."""
    ear = Ear(await nats.connect(nats_url, **connection_options("ear")))
    await ear.listen()
    made: list[Studio] = []

    async def make(*, signup_bonus: int = 2500, **options: Any) -> Studio:
        settings = CreationSettings(
            creation_database_url=await make_database("creation"),
            nats_url=nats_url,
            s3_endpoint=servers.s3.endpoint,
            s3_access_key=servers.s3.access_key,
            s3_secret_key=servers.s3.secret_key,
            s3_bucket=objects._bucket,
            **options,
        )
        ledger_url = await make_database("ledger")
        ledger = build_ledger(
            LedgerSettings(ledger_database_url=ledger_url, nats_url=nats_url, signup_bonus=signup_bonus)
        )
        service = build(settings)
        await asyncio.gather(ledger.start(), service.start())
        studio = Studio(settings, service, ledger, objects, ear)
        made.append(studio)
        await studio.publish_style()
        return studio

    yield make
    for studio in made:
        await studio.stop()
    await ear.client.close()


@pytest.fixture
async def studio(make_studio: MakeStudio) -> Studio:
    """One signed-up user with 2500 credits, one style, no worker."""
    studio = await make_studio()
    await studio.sign_up()
    return studio
