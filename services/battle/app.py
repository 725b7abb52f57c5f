"""Battle's composition root. The boards can be asked for; battles themselves come later."""

from collections.abc import Sequence

import asyncpg

from kernel.clock import Clock, utc_now
from kernel.decider import Codec
from kernel.service import Service
from kernel.settings import Settings
from kernel.store import Recorded
from services.battle.boards import rpc as boards
from services.battle.boards.queries import Boards

CODEC = Codec()


class BattleSettings(Settings):
    battle_database_url: str


async def project(_: asyncpg.Connection, __: Sequence[Recorded]) -> None:
    """No events yet, so no read tables."""


def build(settings: BattleSettings, *, clock: Clock = utc_now) -> Service:
    """`clock` is what the boards of the present week and month go by."""
    service = Service("battle", settings, settings.battle_database_url, CODEC, project=project, publish=lambda _: None)
    boards.answer(service.bus, Boards(service.database, clock))
    return service
