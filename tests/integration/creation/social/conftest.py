"""Creation alone, with pictures that nobody has painted, and someone who knows who is a moderator."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import asyncpg
import nats
import pytest

from contracts.envelope import Envelope, Event
from contracts.rpc import auth, social
from contracts.rpc import creation as rpc
from contracts.subjects import event_subject
from deploy.local.servers import EmbeddedServers
from kernel.bus import MessageBus
from kernel.caller import connection_options
from kernel.objects import Objects
from kernel.projection import Difference, rebuild
from kernel.service import Service
from services.creation import keeping, projections, tables
from services.creation.app import CODEC, CreationSettings, build
from services.creation.domain import (
    CREATION,
    CompletePainting,
    ConfirmFunds,
    RequestCreation,
    StartPainting,
    Style,
)
from tests.conftest import MakeDatabase
from tests.fakes.auth import answer_standings
from tests.integration.creation.conftest import Ear
from tests.waiting import until

OWNER, FAN, STRANGER, MODERATOR, ADMIN = 7, 8, 9, 20, 21
SUSPENDED = 666
"""A moderator who may do nothing just now."""
ROLES = {MODERATOR: "moderator", ADMIN: "admin"}
OwnerOf = Callable[[str], Awaitable[asyncpg.Connection]]


@dataclass
class Salon:
    settings: CreationSettings
    service: Service
    ear: Ear
    ids: list[int] = field(default_factory=list)
    deliveries: int = 0

    async def picture(self, user_id: int = OWNER, *, style_id: int = 3, is_public: bool = True) -> int:
        """A finished one."""
        number = 1000 + len(self.ids)
        self.ids.append(number)
        style = Style(style_id, "Ghibli Art", 50)
        place = uuid4().hex
        materials = keeping.Materials(None, "p", "n", "oil", f"incoming/{place}", f"incoming/{place}-w")
        steps: list[tuple[Any, Any]] = [
            (RequestCreation(number, user_id, style, None, None, None, is_public, 600, 4), materials),
            (ConfirmFunds(number, 2450), None),
            (StartPainting(number), keeping.Folder(f"creations/{place}/")),
            (CompletePainting(number), keeping.Pictures(f"creations/{place}/", *[f"{place}/{n}" for n in "owrt"])),
        ]
        for command, private in steps:
            await self.service.commands.execute(CREATION, number, command, private=private)
        return number

    async def ask(self, request: Any) -> Any:
        return await self.service.bus.caller.ask(request)

    async def like(self, creation_id: int, user_id: int = FAN) -> social.Liking:
        answer: social.Liking = await self.ask(social.LikeCreation(user_id=user_id, creation_id=creation_id))
        return answer

    async def unlike(self, creation_id: int, user_id: int = FAN) -> social.Liking:
        answer: social.Liking = await self.ask(social.UnlikeCreation(user_id=user_id, creation_id=creation_id))
        return answer

    async def one(self, creation_id: int, user_id: int = OWNER) -> rpc.OneCreation:
        answer: rpc.OneCreation = await self.ask(rpc.GetCreation(user_id=user_id, creation_id=creation_id))
        return answer

    async def feed(self, user_id: int = FAN, **options: Any) -> social.FeedPage:
        answer: social.FeedPage = await self.ask(social.ListFeed(user_id=user_id, **options))
        return answer

    async def feed_ids(self, **options: Any) -> list[int]:
        return [item.id for item in (await self.feed(**options)).items]

    async def say(self, event: Event, *, at: datetime | None = None) -> None:
        """As another service's relay would."""
        envelope = Envelope(
            id=uuid4(),
            type=event.TYPE,
            version=1,
            time=at or datetime.now(UTC),
            stream="test-1",
            stream_version=1,
            position=1,
            correlation_id="test",
            causation_id="test",
            data=event.model_dump(mode="json"),
        )
        jetstream = self.service.bus.connected().jetstream()
        await jetstream.publish(event_subject(event.TYPE), envelope.model_dump_json().encode())

    async def rows(self, sql: str, *arguments: Any) -> list[Any]:
        async with self.service.database.write() as connection:
            return [tuple(row) for row in await connection.fetch(sql, *arguments)]

    async def until_rows(self, sql: str, rows: list[Any]) -> None:
        await until(lambda: self.rows(sql), lambda found: found == rows)

    async def differences(self, owner_of: OwnerOf) -> list[Difference]:
        """Between the live read tables and those rebuilt from events."""
        owner = await owner_of(self.settings.creation_database_url)
        found = await rebuild(owner, CODEC, tables.metadata, projections.project, swap=False)
        return [difference for difference in found if difference.only_live or difference.only_rebuilt]


def standing(user_id: int) -> auth.Standing | None:
    if user_id == 404:
        return None
    suspended = user_id == SUSPENDED
    return auth.Standing(role="moderator" if suspended else ROLES.get(user_id, "user"), suspended=suspended)


@pytest.fixture
def new_account_hours() -> float:
    """All accounts are old: every report weighs fully. A test says otherwise by its own parameter of this name."""
    return 0


@pytest.fixture
async def salon(
    servers: EmbeddedServers, make_database: MakeDatabase, nats_url: str, objects: Objects, new_account_hours: float
) -> AsyncIterator[Salon]:
    settings = CreationSettings(
        report_new_account_hours=new_account_hours,
        creation_database_url=await make_database("creation"),
        nats_url=nats_url,
        s3_endpoint=servers.s3.endpoint,
        s3_access_key=servers.s3.access_key,
        s3_secret_key=servers.s3.secret_key,
        s3_bucket=objects._bucket,
    )
    ear = Ear(await nats.connect(nats_url, **connection_options("ear")))
    await ear.listen()
    people = MessageBus("auth", nats_url)
    answer_standings(people, standing)
    service = build(settings)
    await asyncio.gather(service.start(), people.start())
    yield Salon(settings, service, ear)
    await service.stop()
    await people.close()
    await ear.client.close()
