"""Every read of battle, but for what is shown next (`showing.py`)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import asyncpg
import sqlalchemy as sa

from contracts.rpc import battle as rpc
from contracts.rpc.exporting import ExportPage
from kernel.clock import iso
from kernel.db import Database, Query
from services.battle.domain.battle import BattleNotFound
from services.battle.domain.matching import People, Waiting, people
from services.battle.domain.rating import FIRST_RATING
from services.battle.tables import battles, fighters, fought, meetings, pool, suspect_count, suspects, votes

MAX_LIMIT = 50
EXPORT_PAGE = 500

_user = sa.bindparam("user_id", type_=sa.BigInteger)
_own_vote = sa.and_(votes.c.battle_id == battles.c.battle_id, votes.c.user_id == _user)
SHOWN = sa.select(battles, votes.c.creation_id.label("user_vote")).join(votes, _own_vote, isouter=True)
"""A battle, and whom the user voted for in it."""
_ONE = Query(SHOWN.where(battles.c.battle_id == sa.bindparam("battle_id")))
_FOUGHT = Query(
    sa.select(battles)
    .join(fought, fought.c.battle_id == battles.c.battle_id)
    .where(fought.c.user_id == _user)
    .order_by(fought.c.position.desc())
    .limit(sa.bindparam("size"))
    .offset(sa.bindparam("skipped"))
)
_COUNT_FOUGHT = Query(sa.select(fighters.c.fought).where(fighters.c.user_id == _user))
_vote_of_suspect = sa.and_(votes.c.battle_id == suspects.c.battle_id, votes.c.user_id == suspects.c.user_id)
OF_EACH = 3
"""Pictures that the matcher looks at of one person."""
_SUSPECTS = Query(
    sa.select(votes, suspects.c.reasons)
    .join(suspects, _vote_of_suspect)
    .order_by(suspects.c.position.desc())
    .limit(sa.bindparam("size"))
    .offset(sa.bindparam("skipped"))
)
_COUNT_SUSPECTS = Query(sa.select(suspect_count.c.suspects))
_VOTE = Query(
    sa.select(votes, battles.c.reviews, suspects.c.reasons)
    .join(battles, battles.c.battle_id == votes.c.battle_id)
    .join(suspects, _vote_of_suspect, isouter=True)
    .where(votes.c.battle_id == sa.bindparam("battle_id"), votes.c.user_id == _user)
)
_turn = sa.func.row_number().over(partition_by=pool.c.user_id, order_by=(pool.c.entered_at, pool.c.creation_id))
_in_turn = sa.select(pool, _turn.label("turn")).subquery()
# Some of each person's: whoever enters hundreds keeps nobody else waiting.
_WAITING = Query(
    sa.select(_in_turn, sa.func.coalesce(fighters.c.rating, FIRST_RATING).label("rating"))
    .join(fighters, fighters.c.user_id == _in_turn.c.user_id, isouter=True)
    .where(_in_turn.c.turn <= OF_EACH)
    .order_by(_in_turn.c.entered_at, _in_turn.c.creation_id)
    .limit(sa.bindparam("size"))
)
_ids = sa.bindparam("user_ids", type_=sa.ARRAY(sa.BigInteger))
_MET = Query(
    sa.select(meetings.c.low_user, meetings.c.high_user).where(
        meetings.c.low_user == sa.func.any(_ids),
        meetings.c.high_user == sa.func.any(_ids),
        meetings.c.met_at > sa.bindparam("since", type_=sa.DateTime(timezone=True)),
    )
)
_IN_POOL = Query(sa.select(pool.c.creation_id).where(pool.c.user_id == _user))
_active = battles.c.status == sa.literal_column("'active'")  # a literal, so that the partial indexes are seen to fit
_FIGHTING = Query(
    sa.union_all(
        sa.select(battles.c.creation_a).where(_active, battles.c.user_a == _user),
        sa.select(battles.c.creation_b).where(_active, battles.c.user_b == _user),
    )
)
_after = sa.bindparam("after", type_=sa.BigInteger)
_EXPORT_VOTES = (
    sa.select(
        votes.c.position,
        sa.literal("vote").label("kind"),
        votes.c.battle_id,
        votes.c.creation_id,
        votes.c.voted_at.label("at"),
        sa.null().cast(sa.BigInteger).label("winner_id"),
    )
    .where(votes.c.user_id == _user, votes.c.position > _after)
    .order_by(votes.c.position)
    .limit(EXPORT_PAGE)
)
_EXPORT_FOUGHT = (
    sa.select(
        fought.c.position,
        sa.literal("battle").label("kind"),
        battles.c.battle_id,
        sa.case((battles.c.user_a == _user, battles.c.creation_a), else_=battles.c.creation_b),
        battles.c.ended_at,
        battles.c.winner_id,
    )
    .join(battles, battles.c.battle_id == fought.c.battle_id)
    .where(fought.c.user_id == _user, fought.c.position > _after)
    .order_by(fought.c.position)
    .limit(EXPORT_PAGE)
)
_EXPORT = Query(
    sa.union_all(_EXPORT_VOTES.subquery().select(), _EXPORT_FOUGHT.subquery().select())
    .order_by("position")
    .limit(EXPORT_PAGE)
)


class Queries:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def battle(self, request: rpc.GetBattle) -> rpc.Battle:
        """Errors: BATTLE_NOT_FOUND."""
        row = await self._database.row(_ONE, battle_id=request.battle_id, user_id=request.user_id)
        if row is None:
            raise BattleNotFound
        return told(row)

    async def fought(self, request: rpc.ListFought) -> rpc.FoughtPage:
        limit = min(max(request.limit, 1), MAX_LIMIT)
        skipped = (max(request.page, 1) - 1) * limit
        rows = await self._database.rows(_FOUGHT, user_id=request.user_id, size=limit, skipped=skipped)
        total = await self._database.value(_COUNT_FOUGHT, user_id=request.user_id)
        return rpc.FoughtPage(items=[_fought(row, request.user_id) for row in rows], total=total or 0)

    async def suspects(self, request: rpc.ListSuspects) -> rpc.VotePage:
        limit = min(max(request.limit, 1), MAX_LIMIT)
        rows = await self._database.rows(_SUSPECTS, size=limit, skipped=(max(request.page, 1) - 1) * limit)
        return rpc.VotePage(items=list(map(told_vote, rows)), total=await self._database.value(_COUNT_SUSPECTS) or 0)

    async def vote(self, battle_id: int, user_id: int) -> asyncpg.Record | None:
        """A vote with its `reasons`, and how many `reviews` its battle has had."""
        return await self._database.row(_VOTE, battle_id=battle_id, user_id=user_id)

    async def waiting(self, limit: int) -> list[Waiting]:
        """Those who have waited longest."""
        rows = await self._database.rows(_WAITING, size=limit)
        return [Waiting(row["creation_id"], row["user_id"], row["rating"], row["entered_at"]) for row in rows]

    async def met(self, user_ids: list[int], since: datetime) -> list[People]:
        """Which of these people have met since then."""
        rows = await self._database.rows(_MET, user_ids=user_ids, since=since)
        return [people(row["low_user"], row["high_user"]) for row in rows]

    async def in_play(self, user_id: int) -> list[int]:
        """Every picture of a person that waits or fights."""
        found = [row for query in (_IN_POOL, _FIGHTING) for row in await self._database.rows(query, user_id=user_id)]
        return [row[0] for row in found]

    async def export(self, request: rpc.ExportBattles) -> ExportPage:
        rows = await self._database.rows(_EXPORT, user_id=request.user_id, after=request.after)
        return ExportPage(
            records=[_exported(row) for row in rows],
            files={},
            next=rows[-1]["position"] if len(rows) == EXPORT_PAGE else None,
        )


def told(row: Mapping[str, Any]) -> rpc.Battle:
    return rpc.Battle(
        id=row["battle_id"],
        status=row["status"],
        **_sides(row),
        ends_at=iso(row["ends_at"]),
        ended_at=iso(row["ended_at"]) if row["ended_at"] else None,
        user_vote=row["user_vote"],
        winner_id=row["winner_id"],
        prize=row["prize"],
        prize_withheld=row["withheld"],
    )


def told_vote(row: Mapping[str, Any]) -> rpc.Vote:
    return rpc.Vote(
        battle_id=row["battle_id"],
        user_id=row["user_id"],
        creation_id=row["creation_id"],
        weight=row["weight"],
        reasons=row["reasons"] or [],
        voted_at=iso(row["voted_at"]),
    )


def _sides(row: Mapping[str, Any]) -> dict[str, rpc.Side]:
    return {
        side: rpc.Side(creation_id=row[f"creation_{side}"], user_id=row[f"user_{side}"], votes=row[f"votes_{side}"])
        for side in ("a", "b")
    }


def _fought(row: Mapping[str, Any], user_id: int) -> rpc.Fought:
    sides = _sides(row)
    mine, opponent = (sides["a"], sides["b"]) if row["user_a"] == user_id else (sides["b"], sides["a"])
    won = row["winner_id"] == mine.creation_id
    result: rpc.Result = "won" if won else "lost"
    return rpc.Fought(
        id=row["battle_id"],
        mine=mine,
        opponent=opponent,
        result=result if row["winner_id"] else "tie",
        prize=row["prize"] if won else 0,
        prize_withheld=row["withheld"] if won else None,
        ended_at=iso(row["ended_at"]),
    )


def _exported(row: Mapping[str, Any]) -> dict[str, Any]:
    told_ = {"kind": row["kind"], "battle_id": row["battle_id"], "creation_id": row["creation_id"]}
    if row["kind"] == "vote":
        return {**told_, "voted_at": iso(row["at"])}
    return {**told_, "winner_id": row["winner_id"], "ended_at": iso(row["at"])}
