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
from services.catalog.challenge_queries import ChallengeQueries
from services.catalog.challenges import Challenges
from services.catalog.domain import CATEGORY, CHALLENGE, LIKE, PERSON, PICTURE, STYLE, RescaleTrend, SlugTaken
from services.catalog.front import FrontQueries
from services.catalog.publishing import publish
from services.catalog.queries import Queries
from services.catalog.subscribers import Subscribers
from services.catalog.tables import styles

CODEC = Codec(CATEGORY, STYLE, CHALLENGE, PICTURE, LIKE, PERSON)
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
    """`clock` is what everything goes by."""

    async def fire(_: str) -> None:
        await challenges.start_todays()

    async def rescale_trends() -> None:
        for row in await service.database.rows(_OTHER_HALF_LIFE, half_life_s=settings.half_life_s):
            await service.commands.execute(STYLE, row["id"], RescaleTrend(row["id"], settings.half_life_s))

    service = Service(
        "catalog",
        settings,
        settings.catalog_database_url,
        CODEC,
        project=projections.project,
        deadlines=projections.deadlines,
        publish=publish,
        conflicts=CONFLICTS,
        fire=fire,
        clock=clock,
    )
    queries = Queries(service.database, Objects.of(settings), clock)
    challenge_queries = ChallengeQueries(service.database, clock)
    challenges = Challenges(service.database, service.commands, challenge_queries, service.bus.caller, clock)
    service.on_start += [rescale_trends, challenges.look]
    rpc.answer(service.bus, queries, FrontQueries(queries, challenge_queries))
    rpc.answer_about_challenges(service.bus, challenge_queries, challenges)
    Subscribers(service.commands, challenge_queries, half_life_s=settings.half_life_s).listen(service.bus)
    return service
