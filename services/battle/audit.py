"""Checks battles: every stream's state is what its events fold to, and every total is the sum of its votes."""

from dataclasses import dataclass, field
from typing import Any

import asyncpg

from kernel import store
from kernel.decider import Codec
from services.battle.domain.battle import BATTLE, Battle, BattleEnded

MAX_FAULTS = 1000
SUMS = """
SELECT battle_id, status, b.votes_a, b.votes_b, b.weight_a, b.weight_b, b.reviews,
       coalesce(v.votes_a, 0), coalesce(v.votes_b, 0), coalesce(v.weight_a, 0), coalesce(v.weight_b, 0)
FROM battles b LEFT JOIN (
  SELECT battle_id, count(*) FILTER (WHERE creation_id = creation_a) AS votes_a,
         count(*) FILTER (WHERE creation_id = creation_b) AS votes_b,
         sum(weight) FILTER (WHERE creation_id = creation_a) AS weight_a,
         sum(weight) FILTER (WHERE creation_id = creation_b) AS weight_b
  FROM votes JOIN battles USING (battle_id) GROUP BY battle_id
) v USING (battle_id)
"""
COUNTED = """
SELECT 'suspects', coalesce((SELECT suspects FROM suspect_count), 0), (SELECT count(*) FROM suspects)
UNION ALL SELECT 'battles fought', (SELECT coalesce(sum(fought), 0) FROM fighters), (SELECT count(*) FROM fought)
"""


@dataclass(slots=True)
class Report:
    """`faults` must be empty."""

    battles: int = 0
    votes: int = 0
    events: int = 0
    faults: list[str] = field(default_factory=list)

    def fault(self, text: str) -> None:
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(text)


async def audit(connection: asyncpg.Connection, codec: Codec) -> Report:
    """Of one moment: battles may go on meanwhile."""
    report = Report()
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        folded = await _fold(connection, codec, report)
        await _check_states(connection, codec, folded, report)
        await _check_sums(connection, folded, report)
        for name, counted, found in await connection.fetch(COUNTED):
            if counted != found:
                report.fault(f"{name}: counted {counted}, but there are {found}")
    return report


async def _fold(connection: asyncpg.Connection, codec: Codec, report: Report) -> dict[str, tuple[int, Any]]:
    """Every stream's version and state, as its events have it."""
    folded: dict[str, tuple[int, Any]] = {}
    async for batch in store.read_all(connection, codec):
        report.events += len(batch)
        for record in batch:
            decider = codec.decider_of(record.stream_id)
            version, state = folded.get(record.stream_id, (0, decider.initial))
            if record.version != version + 1:
                report.fault(f"{record.stream_id}: version {record.version} follows {version}")
            if isinstance(record.event, BattleEnded):
                _check_end(record.stream_id, state, record.event, report)
            folded[record.stream_id] = (record.version, decider.evolve(state, record.event))
    return folded


def _check_end(stream_id: str, battle: Battle, event: BattleEnded, report: Report) -> None:
    """Whoever won had the votes; a prize is the one that was at stake, or nothing."""
    lead = battle.weight_a - battle.weight_b
    winner = None if not lead else event.a if lead > 0 else event.b
    if event.winner != winner or (event.votes_a, event.votes_b) != (battle.votes_a, battle.votes_b):
        report.fault(f"{stream_id}: it ended otherwise than its votes say")
    if battle.verdict and (event.winner != battle.verdict.winner or event.prize not in {0, battle.verdict.prize}):
        report.fault(f"{stream_id}: it ended otherwise than its verdict says")


async def _check_states(
    connection: asyncpg.Connection, codec: Codec, folded: dict[str, tuple[int, Any]], report: Report
) -> None:
    rows = await connection.fetch("SELECT stream_id, version, state FROM streams")
    for stream_id, version, state in rows:
        kept = (version, codec.state(codec.decider_of(stream_id), state))
        if folded.get(stream_id) != kept:
            report.fault(f"{stream_id}: its state is not what its events say")
    if len(rows) != len(folded):
        report.fault(f"{len(folded)} streams have events, {len(rows)} have a state")


async def _check_sums(connection: asyncpg.Connection, folded: dict[str, tuple[int, Any]], report: Report) -> None:
    for battle_id, status, *figures in await connection.fetch(SUMS):
        shown, summed = figures[:4], figures[5:]
        _, battle = folded.get(BATTLE.stream(battle_id), (0, Battle()))
        report.battles += 1
        report.votes += figures[0] + figures[1]
        if shown != summed:
            report.fault(f"battle {battle_id}: its totals are {shown}, its votes sum up to {summed}")
        if [battle.votes_a, battle.votes_b, battle.weight_a, battle.weight_b, battle.reviews] != figures[:5]:
            report.fault(f"battle {battle_id}: its totals are not what its events say")
        if battle.status != status:
            report.fault(f"battle {battle_id}: it is {status}, its events say {battle.status}")
