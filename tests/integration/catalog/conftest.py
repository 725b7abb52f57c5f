"""A running catalog with a clock of the test's own, a way to fill it, and the voice of creation."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import nats
import pytest
from nats.aio.client import Client

from contracts.envelope import Envelope
from contracts.events.creation import CreationGenerated
from contracts.rpc.catalog import ListStyles, ListTrending, StylePage, TrendingStyle, TrendingStyles
from contracts.subjects import event_subject
from deploy.local.servers import EmbeddedServers
from kernel.objects import Objects
from kernel.service import Service
from services.catalog.app import CatalogSettings, build
from services.catalog.domain import (
    CATEGORY,
    STYLE,
    CategoryShape,
    PublishCategory,
    PublishStyle,
    StyleShape,
)
from tests.conftest import MakeDatabase


@dataclass
class Shop:
    """The running service; `now` is what it goes by."""

    settings: CatalogSettings
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    service: Service = field(init=False)

    def __post_init__(self) -> None:
        self.service = build(self.settings, clock=lambda: self.now)

    async def ask(self, request: Any) -> Any:
        return await self.service.bus.caller.ask(request)

    async def styles(self, **wish: Any) -> list[str]:
        """The names that a list shows."""
        page: StylePage = await self.ask(ListStyles.model_validate({"limit": 0, **wish}))
        return [style.name for style in page.items]

    async def trending(self) -> list[TrendingStyle]:
        found: TrendingStyles = await self.ask(ListTrending())
        return found.items

    async def fill(self, *names: str) -> None:
        """Styles of these names, numbered from 1, in one category."""
        await self.category(1, "art")
        for style_id, name in enumerate(names, start=1):
            await self.style(style_id, name)

    async def category(self, category_id: int, slug: str, *, display_order: int = 1) -> None:
        shape = CategoryShape(slug.title(), slug, "🎨", f"All of {slug}", display_order, None)
        await self.service.commands.execute(CATEGORY, category_id, PublishCategory(category_id, shape))

    async def style(
        self, style_id: int, name: str, *, category_id: int = 1, tags: tuple[str, ...] = (), slug: str | None = None
    ) -> None:
        shape = StyleShape(
            name=name,
            slug=slug or f"style-{style_id}",
            category_id=category_id,
            description=f"About {name}.",
            prompt_template=" ".join(f"word{n}" for n in range(1, 41)) + ".",
            negative_prompt="watermark",
            effect="oil",
            tags=tags,
            credits_required=50,
            preview_key=f"catalog/{style_id}-preview.webp",
            sample_keys=(f"catalog/{style_id}-sample.webp",),
        )
        await self.service.commands.execute(STYLE, style_id, PublishStyle(style_id, shape))


@dataclass
class Voice:
    """Says that pictures were made, as creation's relay would."""

    client: Client
    made: int = 0

    async def generated(self, style_id: int, *, at: datetime, creation_id: int | None = None) -> int:
        """Returns the creation's id, which is a new one unless told."""
        self.made += 1
        event = CreationGenerated(
            creation_id=creation_id or 1000 + self.made,
            user_id=7,
            style_id=style_id,
            style_name="x",
            credits=50,
            is_public=True,
        )
        envelope = Envelope(
            id=uuid.uuid4(),
            type=event.TYPE,
            version=1,
            time=at,
            stream="creation-1",
            stream_version=1,
            position=self.made,
            correlation_id="test",
            causation_id="test",
            data=event.model_dump(mode="json"),
        )
        await self.client.jetstream().publish(event_subject(event.TYPE), envelope.model_dump_json().encode())
        return event.creation_id


@pytest.fixture
async def client(nats_url: str) -> AsyncIterator[Client]:
    connection = await nats.connect(nats_url)
    yield connection
    await connection.close()


@pytest.fixture
def voice(client: Client) -> Voice:
    return Voice(client)


@pytest.fixture
async def settings(servers: EmbeddedServers, make_database: MakeDatabase, nats_url: str) -> CatalogSettings:
    """A fresh database and a bucket of the test's own."""
    made = CatalogSettings(
        catalog_database_url=await make_database("catalog"),
        nats_url=nats_url,
        s3_endpoint=servers.s3.endpoint,
        s3_access_key=servers.s3.access_key,
        s3_secret_key=servers.s3.secret_key,
        s3_bucket=f"b{uuid.uuid4().hex[:12]}",
    )
    await Objects.of(made).make_bucket()
    return made


@asynccontextmanager
async def opened(settings: CatalogSettings) -> AsyncIterator[Shop]:
    shop = Shop(settings)
    await shop.service.start()
    try:
        yield shop
    finally:
        await shop.service.stop()


@pytest.fixture
async def shop(settings: CatalogSettings) -> AsyncIterator[Shop]:
    async with opened(settings) as shop:
        yield shop
