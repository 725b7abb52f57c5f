"""Every read of creation."""

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import asyncpg
import msgspec
import sqlalchemy as sa

from contracts.rpc import creation as rpc
from contracts.rpc import jobs
from contracts.rpc.exporting import ExportPage
from kernel.clock import iso
from kernel.db import Database, Query
from kernel.objects import Objects
from kernel.store import streams
from services.creation.batches import remaining_after, together
from services.creation.domain import CREATION, Creation, CreationNotFound, NotOwner, Order, Status
from services.creation.social.pictures import FINISHED, beginning, own, public
from services.creation.social.tables import showings
from services.creation.tables import counts, creations, job_progress, materials, queue

MAX_LIMIT = 50
EXPORT_PAGE = 200
LAST_PLACE = 2**63 - 1
PUBLIC_STATUS: dict[Status, jobs.JobStatus] = {
    Status.REQUESTED: "queued",
    Status.QUEUED: "queued",
    Status.PROCESSING: "processing",
    Status.COMPLETED: "completed",
    Status.FAILED: "failed",
    Status.CANCELLED: "cancelled",
}

_STATE = Query(sa.select(streams.c.state).where(streams.c.stream_id == sa.bindparam("stream_id")))
_decode = msgspec.json.Decoder(Creation).decode
# A job whose credits are not held yet will be queued behind all that are.
_own_position = sa.select(queue.c.position).where(queue.c.creation_id == sa.bindparam("creation_id")).scalar_subquery()
_BEFORE = Query(
    sa.select(sa.func.count())
    .select_from(queue)
    .where(queue.c.position < sa.func.coalesce(_own_position, sa.bindparam("last", LAST_PLACE, sa.BigInteger)))
)
_PROGRESS = Query(sa.select(job_progress.c.progress).where(job_progress.c.creation_id == sa.bindparam("creation_id")))
_MATERIALS = Query(sa.select(materials).where(materials.c.creation_id == sa.bindparam("creation_id")))
_ONE = Query(FINISHED.where(creations.c.creation_id == sa.bindparam("creation_id")))
# Found in the index first: what is skipped is not joined with anything.
_mine = (
    sa.select(creations.c.creation_id, creations.c.position)
    .where(
        creations.c.user_id == sa.bindparam("user_id"),
        creations.c.position < sa.bindparam("before", type_=sa.BigInteger),
    )
    .order_by(creations.c.position.desc())
)


def _pictures_of(page: sa.CTE) -> Query:
    found = FINISHED.add_columns(page.c.position.label("place"))
    return Query(found.join(page, page.c.creation_id == creations.c.creation_id).order_by(page.c.position.desc()))


_MINE_FROM = _pictures_of(beginning(_mine, "position", most=MAX_LIMIT + 1))
_MINE = _pictures_of(_mine.limit(sa.bindparam("size")).offset(sa.bindparam("skipped")).cte("page"))
_COUNT = Query(sa.select(counts.c.finished).where(counts.c.user_id == sa.bindparam("user_id")))
_RECENT = Query(
    FINISHED.where(showings.c.style_id == sa.bindparam("style_id"), showings.c.visible)
    .order_by(showings.c.position.desc())
    .limit(sa.bindparam("size")),
)
_BY_IDS = FINISHED.where(
    creations.c.creation_id == sa.func.any(sa.bindparam("creation_ids", type_=sa.ARRAY(sa.BigInteger)))
)
_PUBLIC = Query(_BY_IDS.where(showings.c.visible))
_CONTENDERS = Query(_BY_IDS.where(creations.c.is_public, sa.not_(showings.c.removed)))

# Outer: a job under way has its materials, and is no creation yet.
_EXPORT = Query(
    sa.select(
        materials.c.creation_id,
        materials.c.custom_prompt,
        materials.c.original_key,
        materials.c.result_key,
        *(column for column in creations.c if column.name not in {"creation_id", "user_id"}),
    )
    .select_from(materials)
    .join(creations, creations.c.creation_id == materials.c.creation_id, isouter=True)
    .where(materials.c.user_id == sa.bindparam("user_id"), materials.c.creation_id > sa.bindparam("after"))
    .order_by(materials.c.creation_id)
    .limit(EXPORT_PAGE),
)


@dataclass(frozen=True, slots=True)
class Commission:
    """What a worker needs to know of a job. Without a photo it has no keys; then `words` say what is to be seen."""

    order: Order
    prompt: str
    negative_prompt: str
    effect: str
    original_key: str | None
    working_key: str | None
    words: str


class Queries:
    def __init__(self, database: Database, objects: Objects) -> None:
        self._database = database
        self._objects = objects

    async def job(self, request: jobs.GetJob | jobs.CancelJob) -> jobs.Job:
        """Read from the aggregates themselves: they are there however the job ended, even when nothing else is left."""
        states = await self.states(request)
        parts = [
            await self._job(creation_id, state, state.order)
            for creation_id, state in states.items()
            if state.order and state.status is not Status.DELETED
        ]
        if not parts:
            raise CreationNotFound
        if len(states) == 1:
            return parts[0]
        return together(request.creation_id, parts, len(states), remaining_after(states.values()))

    async def states(self, request: jobs.GetJob | jobs.CancelJob) -> dict[int, Creation]:
        """Of all pictures of the job, its own first. Errors: CREATION_NOT_FOUND, NOT_OWNER."""
        first = await self._state(request.creation_id)
        if first.order is None or (first.status is Status.DELETED and not first.order.others):
            raise CreationNotFound
        if first.order.user_id != request.user_id:
            raise NotOwner
        others = {creation_id: await self._state(creation_id) for creation_id in first.order.others}
        return {request.creation_id: first, **others}

    async def _job(self, creation_id: int, state: Creation, order: Order) -> jobs.Job:
        creation = await self._finished(creation_id, order.user_id) if state.status is Status.COMPLETED else None
        return jobs.Job(
            id=creation_id,
            status=PUBLIC_STATUS[state.status],
            progress=await self._progress(creation_id, state.status),
            position=await self._position(creation_id, state.status),
            credits=order.style.credits,
            error={"code": state.code, "message": state.message} if state.code else None,
            created_at=iso(order.requested_at),
            creation=creation,
            failed=int(state.status in {Status.FAILED, Status.CANCELLED}),
            creation_ids=[creation_id],
            creations=[creation] if creation else [],
        )

    async def commission(self, creation_id: int) -> Commission | None:
        """None when the job has ended and its materials are gone."""
        state = await self._state(creation_id)
        row = await self._database.row(_MATERIALS, creation_id=creation_id)
        if state.order is None or row is None:
            return None
        return Commission(
            state.order,
            row["prompt"],
            row["negative_prompt"],
            row["effect"],
            row["original_key"],
            row["working_key"],
            row["custom_prompt"] or "",
        )

    async def mine(self, request: rpc.ListMine) -> rpc.CreationPage:
        """A page by its number reads its index from the newest picture on; one by a cursor begins where that stands."""
        limit = min(max(request.limit, 1), MAX_LIMIT)
        skipped = 0 if request.cursor else (max(request.page, 1) - 1) * limit
        user_id, before = request.user_id, request.cursor or LAST_PLACE
        page = _MINE if skipped else _MINE_FROM
        rows = await self._database.rows(
            page, user_id=user_id, viewer=user_id, before=before, size=limit + 1, skipped=skipped
        )
        total = await self._database.value(_COUNT, user_id=user_id)
        return rpc.CreationPage(
            items=[own(row, self._objects) for row in rows[:limit]],
            total=total or 0,
            next_cursor=rows[limit - 1]["place"] if len(rows) > limit else None,
        )

    async def recent_in_style(self, request: rpc.RecentInStyle) -> rpc.PublicCreations:
        limit = min(max(request.limit, 1), MAX_LIMIT)
        rows = await self._database.rows(_RECENT, viewer=request.user_id, style_id=request.style_id, size=limit)
        return rpc.PublicCreations(items=[public(row, self._objects) for row in rows])

    async def public_by_ids(self, request: rpc.PublicByIds) -> rpc.PublicCreations:
        rows = await self._database.rows(_PUBLIC, viewer=request.user_id, creation_ids=request.creation_ids)
        return rpc.PublicCreations(items=[public(row, self._objects) for row in rows])

    async def contenders_by_ids(self, request: rpc.ContendersByIds) -> rpc.Contenders:
        rows = await self._database.rows(_CONTENDERS, viewer=request.user_id, creation_ids=request.creation_ids)
        return rpc.Contenders(
            items=[public(row, self._objects) for row in rows],
            under_review=[row["creation_id"] for row in rows if row["hidden"]],
        )

    async def export(self, request: rpc.ExportCreations) -> ExportPage:
        """Of the prompt, the person's own words: the rest of it is ours."""
        rows = await self._database.rows(_EXPORT, user_id=request.user_id, after=request.after)
        files = {}
        for row in rows:
            for kind in ("original", "result"):
                if key := row[f"{kind}_key"]:
                    files[f"{row['creation_id']}/{kind}{PurePosixPath(key).suffix}"] = key
        return ExportPage(
            records=[_exported(row) for row in rows],
            files=files,
            next=rows[-1]["creation_id"] if len(rows) == EXPORT_PAGE else None,
        )

    async def _state(self, creation_id: int) -> Creation:
        state = await self._database.value(_STATE, stream_id=CREATION.stream(creation_id))
        return _decode(state) if state else CREATION.initial

    async def _progress(self, creation_id: int, status: Status) -> int:
        if status is Status.COMPLETED:
            return 100
        if status is not Status.PROCESSING:
            return 0
        progress: int | None = await self._database.value(_PROGRESS, creation_id=creation_id)
        return progress or 0

    async def _position(self, creation_id: int, status: Status) -> int | None:
        if status not in {Status.REQUESTED, Status.QUEUED}:
            return None
        before: int = await self._database.value(_BEFORE, creation_id=creation_id)
        return before + 1

    async def _finished(self, creation_id: int, user_id: int) -> rpc.Creation | None:
        row = await self._database.row(_ONE, creation_id=creation_id, viewer=user_id)
        return own(row, self._objects) if row else None


def _exported(row: asyncpg.Record) -> dict[str, Any]:
    finished = row["created_at"] is not None
    made = {name: row[name] for name in ("style_id", "mood", "weather", "dress_style", "is_public", "credits_used")}
    return {
        "id": row["creation_id"],
        "status": "completed" if finished else "in the making",
        "custom_prompt": row["custom_prompt"],
        **({**made, "created_at": iso(row["created_at"])} if finished else {}),
    }
