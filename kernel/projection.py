"""Inline read models, and how to rebuild them.

A projection writes its tables in the transaction of the events. `rebuild` replays the whole history into tables of the
same shape in a schema beside the live ones, compares, and puts them in the place of the live ones.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
import sqlalchemy as sa

from kernel import store
from kernel.db import Query
from kernel.decider import Codec
from kernel.turn import Project

APPEND_LOCK = "SELECT pg_advisory_xact_lock(1)"


class Inserter:
    """Inserts any number of rows into a table: by COPY, or one alone by a statement, which is a round trip less."""

    def __init__(self, table: sa.Table) -> None:
        self._name = table.name
        self._columns = [column.name for column in table.columns]
        self._one = Query(sa.insert(table)).sql

    async def insert(self, connection: asyncpg.Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        """Rows hold a value for every column, in the table's order."""
        if len(rows) == 1:
            await connection.execute(self._one, *rows[0])
        elif rows:
            await connection.copy_records_to_table(self._name, records=rows, columns=self._columns)


@dataclass(frozen=True, slots=True)
class Difference:
    """How a rebuilt table differs from the live one: rows that only one of them has."""

    table: str
    rows: int
    only_live: int
    only_rebuilt: int


async def rebuild(
    owner: asyncpg.Connection,
    codec: Codec,
    tables: sa.MetaData,
    project: Project,
    *,
    swap: bool = True,
    tell: Callable[[int], None] = lambda _: None,
) -> list[Difference]:
    """Replay all events into new tables, compare with the live ones, swap where they differ.

    `owner` must own the tables. Commands wait while the last events are replayed and the tables are swapped; the rest
    of the replay does not disturb them. `tell(position)` reports progress.
    """
    names = [table.name for table in tables.sorted_tables]
    await owner.execute("DROP SCHEMA IF EXISTS rebuild CASCADE; CREATE SCHEMA rebuild")
    for name in names:
        await owner.execute(f"CREATE TABLE rebuild.{name} (LIKE public.{name} INCLUDING ALL)")
    await owner.execute("SET search_path = rebuild, public")
    position = 0
    while found := await store.read_after(owner, codec, position, 1000):
        await project(owner, found)
        position = found[-1].position
        tell(position)
    async with owner.transaction():
        await owner.execute(APPEND_LOCK)
        while found := await store.read_after(owner, codec, position, 1000):
            await project(owner, found)
            position = found[-1].position
        await owner.execute("SET LOCAL search_path = public")
        differences = [await _compare(owner, name) for name in names]
        if swap and any(difference.only_live or difference.only_rebuilt for difference in differences):
            for name in names:
                await _swap(owner, name)
    await owner.execute("DROP SCHEMA rebuild CASCADE; SET search_path = public")
    return differences


async def _compare(owner: asyncpg.Connection, name: str) -> Difference:
    live, rebuilt = f"TABLE public.{name}", f"TABLE rebuild.{name}"
    counts = await owner.fetchrow(
        f"SELECT (SELECT count(*) FROM rebuild.{name}), "  # noqa: S608  (names of our own tables)
        f"(SELECT count(*) FROM ({live} EXCEPT ALL {rebuilt}) a), "
        f"(SELECT count(*) FROM ({rebuilt} EXCEPT ALL {live}) b)",
    )
    return Difference(name, *counts)


async def _swap(owner: asyncpg.Connection, name: str) -> None:
    """Put the rebuilt table in the place of the live one, with the same rights and triggers."""
    rights = await owner.fetch(
        "SELECT grantee, privilege_type FROM information_schema.role_table_grants "
        "WHERE table_schema = 'public' AND table_name = $1 AND grantee <> grantor",
        name,
    )
    triggers = await owner.fetch(
        "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = $1::regclass AND NOT tgisinternal",
        f"public.{name}",
    )
    await owner.execute(f"DROP TABLE public.{name}; ALTER TABLE rebuild.{name} SET SCHEMA public")
    for right in rights:
        await owner.execute(f'GRANT {right["privilege_type"]} ON public.{name} TO "{right["grantee"]}"')
    for trigger in triggers:
        await owner.execute(trigger[0])
