"""Written in the transaction of an event without following from it: where votes came from, what is shown, deadlines."""

from collections.abc import Sequence
from datetime import timedelta

import asyncpg

from kernel import timers
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
    await _deadlines(connection, recorded)
    await _begin(connection, recorded)
    over = [record for record in recorded if isinstance(record.event, b.BattleEnded | b.BattleCancelled)]
    if over:
        battle_ids = [record.event.battle_id for record in over]
        for statement in OF_BATTLES:
            await connection.execute(statement, battle_ids)
        names = [name for battle_id in battle_ids for name in (end_timer(battle_id), warning_timer(battle_id))]
        await timers.cancel_timers(connection, names)


async def _deadlines(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    matched = [record.event for record in recorded if isinstance(record.event, e.EntryMatched)]
    await timers.set_timers(
        connection, [(pairing_timer(event.creation_id, event.battle_id), event.begins_by) for event in matched]
    )


async def _begin(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    started = [record for record in recorded if isinstance(record.event, b.BattleStarted)]
    if not started:
        return
    rows, set_, cancelled = [], [], []
    for record in started:
        event: b.BattleStarted = record.event
        rows.append((event.battle_id, event.a.user_id, event.b.user_id, event.ends_at, 0))
        set_.append((end_timer(event.battle_id), event.ends_at))
        if event.ends_at - WARNING > record.at:
            set_.append((warning_timer(event.battle_id), event.ends_at - WARNING))
        cancelled += [pairing_timer(side.creation_id, event.battle_id) for side in (event.a, event.b)]
    await INSERT_EXPOSURE.insert(connection, rows)
    await timers.set_timers(connection, set_)
    await timers.cancel_timers(connection, cancelled)


def end_timer(battle_id: int) -> str:
    return f"end:{battle_id}"


def warning_timer(battle_id: int) -> str:
    return f"ending:{battle_id}"


def pairing_timer(creation_id: int, battle_id: int) -> str:
    return f"pairing:{creation_id}:{battle_id}"
