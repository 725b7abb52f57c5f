"""Battle's composition root. The service lives and reports its health; its features come later."""

from collections.abc import Sequence

import asyncpg

from kernel.decider import Codec
from kernel.service import Service
from kernel.settings import Settings
from kernel.store import Recorded

CODEC = Codec()


class BattleSettings(Settings):
    battle_database_url: str


async def project(_: asyncpg.Connection, __: Sequence[Recorded]) -> None:
    """No events yet, so no read tables."""


def build(settings: BattleSettings) -> Service:
    return Service("battle", settings, settings.battle_database_url, CODEC, project=project, publish=lambda _: None)
