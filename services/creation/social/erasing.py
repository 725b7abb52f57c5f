"""What one person left with others' pictures: handed out to them, and taken away when they leave."""

import asyncio
from contextlib import suppress
from typing import Any

import asyncpg
import sqlalchemy as sa

from contracts.rpc.exporting import ExportPage
from contracts.rpc.social import ExportSocial
from kernel.clock import iso
from kernel.commands import CommandBus
from kernel.db import Database, Query
from services.creation.domain import CREATION, CreationNotFound
from services.creation.domain.marks import MARK, Kind, TakeBackMark, key_of
from services.creation.domain.showing import WithdrawReport
from services.creation.social.tables import favorites, likes, moderation_texts, reports, shares, showings, tags, views

BATCH = 200
_user, _after = sa.bindparam("user_id", type_=sa.BigInteger), sa.bindparam("after", type_=sa.BigInteger)
MARKS: dict[Kind, sa.Table] = {"like": likes, "favorite": favorites, "view": views}
_MARKS = {
    kind: Query(
        sa.select(table.c.creation_id, showings.c.user_id)
        .join(showings, showings.c.creation_id == table.c.creation_id)
        .where(table.c.user_id == _user, table.c.creation_id > _after)
        .order_by(table.c.creation_id)
        .limit(BATCH)
    )
    for kind, table in MARKS.items()
}
_REPORTED = Query(
    sa.select(reports.c.creation_id)
    .where(reports.c.user_id == _user, reports.c.creation_id > _after)
    .order_by(reports.c.creation_id)
    .limit(BATCH)
)
FORGET = (
    "DELETE FROM accounts WHERE user_id = $1",
    "DELETE FROM reports WHERE user_id = $1",
    "DELETE FROM moderation_texts WHERE user_id = $1",
    "DELETE FROM shares WHERE user_id = $1",
)


def _pages(table: sa.Table, *columns: sa.ColumnElement[Any], of_owner: bool = False) -> Query:
    """In the order of the pictures; all that belongs to one picture stands on one page."""
    rows = sa.select(table.c.creation_id, *columns).where(table.c.creation_id > _after)
    if of_owner:
        rows = rows.join(showings, showings.c.creation_id == table.c.creation_id).where(showings.c.user_id == _user)
    else:
        rows = rows.where(table.c.user_id == _user)
    return Query(rows.order_by(table.c.creation_id).fetch(BATCH, with_ties=True))


_EXPORTS: tuple[tuple[str, Query], ...] = (
    ("like", _pages(likes)),
    ("favorite", _pages(favorites)),
    ("view", _pages(views)),
    ("report", _pages(reports, reports.c.reason, reports.c.note, reports.c.at)),
    ("moderation", _pages(moderation_texts, moderation_texts.c.kind, moderation_texts.c.text, moderation_texts.c.at)),
    ("share", _pages(shares, shares.c.slug)),
    ("tags", _pages(tags, tags.c.tags, of_owner=True)),
)
PLACES = 2**56
"""`after` counts kinds by this, and within a kind it is the last picture's id."""


class Traces:
    def __init__(self, database: Database, commands: CommandBus) -> None:
        self._database = database
        self._commands = commands

    async def erase(self, user_id: int) -> None:
        """Harmless twice. What they liked is liked by one less, and what they reported weighs less; how often a picture
        was looked at stays.
        """
        for kind in MARKS:
            last = 0
            while rows := await self._database.rows(_MARKS[kind], user_id=user_id, after=last):
                await asyncio.gather(
                    *[self._take_back(kind, row["creation_id"], user_id, row["user_id"]) for row in rows]
                )
                last = rows[-1]["creation_id"]
        await self._withdraw_reports(user_id)
        async with self._database.write() as connection:
            for statement in FORGET:
                await connection.execute(statement, user_id)

    async def _withdraw_reports(self, user_id: int) -> None:
        last = 0
        while rows := await self._database.rows(_REPORTED, user_id=user_id, after=last):
            await asyncio.gather(*[self._withdraw_report(row["creation_id"], user_id) for row in rows])
            last = rows[-1]["creation_id"]

    async def _withdraw_report(self, creation_id: int, user_id: int) -> None:
        with suppress(CreationNotFound):  # it is being deleted, its reports with it
            await self._commands.execute(CREATION, creation_id, WithdrawReport(creation_id, user_id))

    async def _take_back(self, kind: Kind, creation_id: int, user_id: int, owner_id: int) -> None:
        command = TakeBackMark(kind, creation_id, user_id, owner_id)
        await self._commands.execute(MARK, key_of(kind, creation_id, user_id), command)

    async def export(self, request: ExportSocial) -> ExportPage:
        which, after = divmod(request.after, PLACES)
        name, query = _EXPORTS[which]
        rows = await self._database.rows(query, user_id=request.user_id, after=after)
        following: int | None = (which + 1) * PLACES if which + 1 < len(_EXPORTS) else None
        if len(rows) >= BATCH:
            following = which * PLACES + rows[-1]["creation_id"]
        return ExportPage(records=[_record(name, row) for row in rows], files={}, next=following)


def _record(name: str, row: asyncpg.Record) -> dict[str, Any]:
    said = {key: value for key, value in row.items() if key not in {"creation_id", "at"}}
    told = {"at": iso(row["at"])} if "at" in row.keys() else {}  # noqa: SIM118  (a record's `in` looks at values)
    return {"what": name, "creation_id": row["creation_id"], **said, **told}
