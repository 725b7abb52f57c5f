"""Every read of challenges."""

from dataclasses import dataclass
from datetime import UTC, date
from typing import Any

import asyncpg
import sqlalchemy as sa

from contracts.rpc import catalog as rpc
from kernel.clock import Clock, iso
from kernel.db import Database, Query
from services.catalog.domain import ChallengeNotFound, day_of, ends_at, id_of, starts_at
from services.catalog.tables import categories, challenges, day_counts, pictures, styles

_SHOWN = sa.select(
    challenges,
    sa.func.coalesce(day_counts.c.makers, 0).label("participants"),
    sa.func.coalesce(day_counts.c.shown, 0).label("shown"),
).select_from(
    challenges.outerjoin(
        day_counts, sa.and_(day_counts.c.style_id == challenges.c.style_id, day_counts.c.day == challenges.c.day)
    )
)
_ONE = Query(_SHOWN.where(challenges.c.id == sa.bindparam("id", type_=sa.BigInteger)))
_LIMIT, _OFFSET = sa.bindparam("limit", type_=sa.Integer), sa.bindparam("offset", type_=sa.BigInteger)
_STARTED = Query(_SHOWN.where(challenges.c.started).order_by(challenges.c.day.desc()).limit(_LIMIT).offset(_OFFSET))
_PLANNED = Query(_SHOWN.where(sa.not_(challenges.c.started)).order_by(challenges.c.day).limit(_LIMIT).offset(_OFFSET))
_HOW_MANY = Query(sa.select(sa.func.count()).where(challenges.c.started == sa.bindparam("started", type_=sa.Boolean)))
_BOARD = Query(
    sa.select(pictures.c.creation_id, pictures.c.likes)
    .where(
        pictures.c.style_id == sa.bindparam("style_id", type_=sa.BigInteger),
        pictures.c.day == sa.bindparam("day", type_=sa.Date),
        pictures.c.is_public,
    )
    .order_by(pictures.c.likes.desc(), pictures.c.made_at, pictures.c.creation_id)
    .limit(_LIMIT)
    .offset(_OFFSET)
)
_last_day = (
    sa.select(sa.func.max(challenges.c.day))
    .where(challenges.c.style_id == styles.c.id, challenges.c.started)
    .scalar_subquery()
)
_CANDIDATES = Query(
    sa.select(styles.c.id, styles.c.name)
    .where(styles.c.active, styles.c.category_id.in_(sa.select(categories.c.id)))
    .order_by(_last_day.asc().nulls_first(), styles.c.id)
)
_DAY = Query(sa.select(pictures.c.day).where(pictures.c.creation_id == sa.bindparam("id", type_=sa.BigInteger)))


@dataclass(frozen=True, slots=True)
class ChallengeQueries:
    database: Database
    clock: Clock

    async def today(self) -> rpc.Challenge | None:
        row = await self.database.row(_ONE, id=id_of(self.clock().astimezone(UTC).date()))
        return self._challenge(row) if row and row["started"] else None

    async def todays(self, _: rpc.GetTodaysChallenge) -> rpc.Challenge:
        """Errors: CHALLENGE_NOT_FOUND."""
        if found := await self.today():
            return found
        raise ChallengeNotFound

    async def one(self, challenge_id: int) -> rpc.Challenge:
        """Errors: CHALLENGE_NOT_FOUND."""
        return self._challenge(await self._existing(challenge_id))

    async def started(self, request: rpc.ListChallenges) -> rpc.ChallengePage:
        return await self._page(_STARTED, request, started=True)

    async def planned(self, request: rpc.ListPlannedChallenges) -> rpc.ChallengePage:
        return await self._page(_PLANNED, request, started=False)

    async def board(self, request: rpc.GetChallengeBoard) -> rpc.ChallengeBoard:
        """Errors: CHALLENGE_NOT_FOUND, also for one that has not begun."""
        challenge = await self._existing(request.challenge_id)
        if not challenge["started"]:
            raise ChallengeNotFound
        part = _part(request)
        rows = await self.database.rows(_BOARD, style_id=challenge["style_id"], day=challenge["day"], **part)
        return rpc.ChallengeBoard(
            items=[
                rpc.ChallengeEntry(rank=rank, creation_id=row["creation_id"], likes=row["likes"])
                for rank, row in enumerate(rows, part["offset"] + 1)
            ],
            total=challenge["shown"],
        )

    async def candidates(self) -> list[asyncpg.Record]:
        """The styles on offer (`id`, `name`), in the order in which the rule takes them: those that were the challenge
        longest ago, or never, first.
        """
        return await self.database.rows(_CANDIDATES)

    async def day_of_picture(self, creation_id: int) -> date | None:
        """The day on which it was made, where that is known."""
        day: date | None = await self.database.value(_DAY, id=creation_id)
        return day

    async def _existing(self, challenge_id: int) -> asyncpg.Record:
        day_of(challenge_id)  # no other number is looked for
        row = await self.database.row(_ONE, id=challenge_id)
        if row is None:
            raise ChallengeNotFound
        return row

    async def _page(self, query: Query, request: Any, *, started: bool) -> rpc.ChallengePage:
        rows = await self.database.rows(query, **_part(request))
        total = await self.database.value(_HOW_MANY, started=started)
        return rpc.ChallengePage(items=[self._challenge(row) for row in rows], total=total)

    def _challenge(self, row: asyncpg.Record) -> rpc.Challenge:
        day: date = row["day"]
        status: rpc.ChallengeStatus = "planned"
        if row["started"]:
            status = "running" if self.clock() < ends_at(day) else "ended"
        return rpc.Challenge(
            id=row["id"],
            title=row["title"],
            style_id=row["style_id"],
            day=day.isoformat(),
            starts_at=iso(starts_at(day)),
            ends_at=iso(ends_at(day)),
            status=status,
            participants=row["participants"],
        )


def _part(request: Any) -> dict[str, int]:
    return {"limit": request.limit, "offset": (request.page - 1) * request.limit}
