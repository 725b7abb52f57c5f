"""Catalog's composition root."""

from collections.abc import Callable

import sqlalchemy as sa
from pydantic import Field

from contracts.errors import ServiceError
from kernel.clock import Clock, utc_now
from kernel.db import Query
from kernel.decider import Codec
from kernel.objects import Objects
from kernel.service import Service
from kernel.settings import StorageSettings
from services.catalog import projections, rpc
from services.catalog.domain import CATEGORY, STYLE, RescaleTrend, SlugTaken
from services.catalog.publishing import publish
from services.catalog.queries import Queries
from services.catalog.subscribers import Subscribers
from services.catalog.tables import styles

CODEC = Codec(CATEGORY, STYLE)
CONFLICTS: dict[str, Callable[[], ServiceError]] = {"categories_slug_key": SlugTaken, "styles_slug_key": SlugTaken}

_OTHER_HALF_LIFE = Query(sa.select(styles.c.id).where(styles.c.half_life_s != sa.bindparam("half_life_s")))


class CatalogSettings(StorageSettings):
    catalog_database_url: str
    trend_half_life_h: float = Field(default=24, ge=1)
    """After so many hours without a use, a style's trend score has fallen by half."""

    @property
    def half_life_s(self) -> float:
        return self.trend_half_life_h * 3600


def build(settings: CatalogSettings, *, clock: Clock = utc_now) -> Service:
    """`clock` is what the answers go by."""

    async def rescale_trends() -> None:
        for row in await service.database.rows(_OTHER_HALF_LIFE, half_life_s=settings.half_life_s):
            await service.commands.execute(STYLE, row["id"], RescaleTrend(row["id"], settings.half_life_s))

    service = Service(
        "catalog",
        settings,
        settings.catalog_database_url,
        CODEC,
        project=projections.project,
        publish=publish,
        conflicts=CONFLICTS,
    )
    service.on_start.append(rescale_trends)
    rpc.answer(service.bus, Queries(service.database, Objects.of(settings), clock))
    Subscribers(service.commands, half_life_s=settings.half_life_s).listen(service.bus)
    return service
