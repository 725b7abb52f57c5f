"""Written in the transaction of an event without following from it: where votes came from, what is shown, deadlines."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import asyncpg

from kernel.projection import Inserter
from kernel.store import Recorded
from services.battle import origins, tables
from services.battle.domain import battle as b
from services.battle.domain import entry as e

WARNING = timedelta(hours=1)
"""So long before its end both people are told; a battle that lasts no longer than that needs no warning."""
INSERT_BALLOTS = Inserter(tables.ballots)
INSERT_EXPOSURE = Inserter(tables.exposure)
OF_BATTLES = tuple(
    f"DELETE FROM {table.name} WHERE battle_id = ANY($1)"  # noqa: S608  (names of our own tables)
    for table in (tables.exposure, tables.shown, tables.skips, tables.ballots)
)


async def keep(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    ballots = [
        (record.event.battle_id, record.event.user_id, record.private.device, record.private.address)
        for record in recorded
        if isinstance(record.event, b.VoteCast) and record.private
    ]
    await INSERT_BALLOTS.insert(connection, ballots)
    await origins.remember(connection, recorded)
    started = [record.event for record in recorded if isinstance(record.event, b.BattleStarted)]
    rows = [(event.battle_id, event.a.user_id, event.b.user_id, event.ends_at, 0) for event in started]
    await INSERT_EXPOSURE.insert(connection, rows)
    over = [record for record in recorded if isinstance(record.event, b.BattleEnded | b.BattleCancelled)]
    if over:
        battle_ids = [record.event.battle_id for record in over]
        for statement in OF_BATTLES:
            await connection.execute(statement, battle_ids)


def deadlines(recorded: Sequence[Recorded]) -> dict[str, datetime | None]:
    found: dict[str, datetime | None] = {}
    for record in recorded:
        match record.event:
            case e.EntryMatched(creation_id=creation_id, battle_id=battle_id, begins_by=begins_by):
                found[pairing_timer(creation_id, battle_id)] = begins_by
            case b.BattleStarted(battle_id=battle_id, ends_at=ends_at) as event:
                found |= {pairing_timer(side.creation_id, battle_id): None for side in (event.a, event.b)}
                found[end_timer(battle_id)] = ends_at
                if ends_at - WARNING > record.at:
                    found[warning_timer(battle_id)] = ends_at - WARNING
            case b.BattleEnded(battle_id=battle_id) | b.BattleCancelled(battle_id=battle_id):
                found |= {end_timer(battle_id): None, warning_timer(battle_id): None}
    return found


def end_timer(battle_id: int) -> str:
    return f"end:{battle_id}"


def warning_timer(battle_id: int) -> str:
    return f"ending:{battle_id}"


def pairing_timer(creation_id: int, battle_id: int) -> str:
    return f"pairing:{creation_id}:{battle_id}"
