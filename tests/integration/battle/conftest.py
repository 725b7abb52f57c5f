"""Battle services on a database of the test's own, with stand-ins for creation and auth, and an ear on what is said."""

from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import nats
import orjson
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from contracts.envelope import Envelope, Event
from contracts.errors import ServiceError
from contracts.rpc import auth, battle, creation
from contracts.subjects import ALL_VOTES
from kernel.bus import MessageBus
from kernel.caller import connection_options
from kernel.clock import Clock, utc_now
from kernel.service import Service
from services.battle.app import BattleSettings, build
from tests.conftest import MakeDatabase
from tests.fakes.auth import answer_standings
from tests.integration.auth.voices import Voice
from tests.integration.gateway.fakes import own_creation, public_creation
from tests.waiting import until

MODERATOR = 900
SUSPENDED = 901
"""A moderator who may do nothing just now."""


@dataclass
class Pictures:
    """What creation knows: by picture, whose it is and whether it is public; and which ones reports alone hide."""

    known: dict[int, tuple[int, bool]] = field(default_factory=dict)
    under_review: set[int] = field(default_factory=set)

    async def one(self, request: creation.GetCreation) -> creation.OneCreation:
        owner, is_public = self.known.get(request.creation_id, (0, False))
        if owner == request.user_id:
            own = own_creation(request.creation_id).model_copy(update={"is_public": is_public})
            return creation.OneCreation(own=own, public=None)
        if not is_public:
            raise ServiceError("CREATION_NOT_FOUND", "Creation not found.")
        return creation.OneCreation(own=None, public=public_creation(request.creation_id, owner))

    async def public(self, request: creation.PublicByIds) -> creation.PublicCreations:
        found = [public_creation(id_, self.known[id_][0]) for id_ in request.creation_ids if self.is_public(id_)]
        return creation.PublicCreations(items=found)

    async def contenders(self, request: creation.ContendersByIds) -> creation.Contenders:
        found = [id_ for id_ in request.creation_ids if self.known.get(id_, (0, False))[1]]
        items = [public_creation(id_, self.known[id_][0]) for id_ in found]
        return creation.Contenders(items=items, under_review=[id_ for id_ in found if id_ in self.under_review])

    def is_public(self, creation_id: int) -> bool:
        return self.known.get(creation_id, (0, False))[1] and creation_id not in self.under_review


def standing(user_id: int) -> auth.Standing | None:
    known = user_id in {MODERATOR, SUSPENDED}
    return auth.Standing(role="moderator", suspended=user_id == SUSPENDED) if known else None


@dataclass
class Ring:
    """`says` is other services' voice. What battle says is in `heard`, live votes in `live`."""

    settings: BattleSettings
    service: Service
    client: Client
    pictures: Pictures
    voice: Voice
    heard: list[Envelope] = field(default_factory=list)
    live: dict[int, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))

    async def listen(self) -> None:
        await self.client.subscribe("events.battle.>", cb=self._hear)
        await self.client.subscribe(ALL_VOTES, cb=self._hear_votes)
        await self.client.flush()

    async def _hear(self, message: Msg) -> None:
        self.heard.append(Envelope.model_validate_json(message.data))

    async def _hear_votes(self, message: Msg) -> None:
        told = orjson.loads(message.data)
        self.live[told["battle_id"]].append((told["votes_a"], told["votes_b"]))

    def of(self, event_type: type[Event], **data: Any) -> list[dict[str, Any]]:
        return [
            envelope.data
            for envelope in self.heard
            if envelope.type == event_type.TYPE and data.items() <= envelope.data.items()
        ]

    async def hears(self, event_type: type[Event], times: int = 1, **data: Any) -> dict[str, Any]:
        async def found() -> list[dict[str, Any]]:
            return self.of(event_type, **data)

        return (await until(found, lambda events: len(events) >= times))[-1]

    async def ask(self, request: Any) -> Any:
        return await self.service.bus.caller.ask(request)

    async def enter(self, creation_id: int, user_id: int, **origin: int) -> None:
        self.pictures.known[creation_id] = (user_id, True)
        await self.ask(battle.EnterPool(user_id=user_id, creation_id=creation_id, **origin))

    async def fight(self, one: int = 1, other: int = 2, **origin: int) -> int:
        """A battle between pictures 10·n of these two people, who enter them from there."""
        before = len(await self.rows("SELECT FROM battles"))
        await self.enter(10 * one, one, **origin)
        await self.enter(10 * other, other, **origin)
        await until(lambda: self.rows("SELECT FROM battles"), lambda rows: len(rows) == before + 1)
        return int((await self.rows("SELECT max(battle_id) FROM battles"))[0][0])

    async def vote(self, battle_id: int, user_id: int, creation_id: int, **origin: int) -> battle.Voted:
        voted: battle.Voted = await self.ask(
            battle.CastVote(battle_id=battle_id, user_id=user_id, creation_id=creation_id, **origin)
        )
        return voted

    async def rows(self, sql: str, *arguments: Any) -> list[tuple[Any, ...]]:
        async with self.service.database.write() as connection:
            return [tuple(row) for row in await connection.fetch(sql, *arguments)]

    async def becomes(self, sql: str, *rows: tuple[Any, ...]) -> None:
        await until(lambda: self.rows(sql), lambda found: found == list(rows))

    async def another(self, *, clock: Clock = utc_now, **options: Any) -> Service:
        """A second process on the same database."""
        service = build(self.settings.model_copy(update=options), clock=clock)
        await service.start()
        return service


def later() -> datetime:
    """When battles of an hour are over: for processes whose clocks are ahead."""
    return utc_now() + timedelta(hours=2)


MakeRing = Callable[..., Awaitable[Ring]]


@pytest.fixture
async def make_ring(make_database: MakeDatabase, nats_url: str) -> AsyncIterator[MakeRing]:
    """Makes a running battle service; its arguments are settings. All accounts are old: no vote is suspicious."""
    client = await nats.connect(nats_url, **connection_options("ear"))
    pictures = Pictures()
    others = MessageBus("others", nats_url)
    others.answer(creation.GetCreation, pictures.one)
    others.answer(creation.PublicByIds, pictures.public)
    others.answer(creation.ContendersByIds, pictures.contenders)
    answer_standings(others, standing)
    await others.start()
    made: list[Ring] = []

    async def make(**options: Any) -> Ring:
        settings = BattleSettings(
            battle_database_url=await make_database("battle"),
            nats_url=nats_url,
            **{"battle_match_every_s": 0.05, "battle_new_account_hours": 0, **options},
        )
        service = build(settings)
        await service.start()
        ring = Ring(settings, service, client, pictures, Voice(client))
        await ring.listen()
        made.append(ring)
        return ring

    yield make
    for ring in made:
        await ring.service.stop()
    await others.close()
    await client.close()


@pytest.fixture
async def ring(make_ring: MakeRing) -> Ring:
    return await make_ring()
