"""A database of battle's, and its boards with a clock of the test's own."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from kernel.db import Database
from services.battle.boards.projections import Ended, leave, write
from services.battle.boards.queries import Boards
from tests.conftest import MakeDatabase

MONDAY = datetime(2026, 11, 9, 12, tzinfo=UTC)
"""In the week 2026-W46."""


@dataclass
class Arena:
    """`now` is what the boards go by."""

    database: Database
    now: datetime = MONDAY
    boards: Boards = field(init=False)

    def __post_init__(self) -> None:
        self.boards = Boards(self.database, lambda: self.now)

    async def write(self, *batches: Iterable[Ended]) -> None:
        async with self.database.write() as connection:
            for batch in batches:
                async with connection.transaction():
                    await write(connection, list(batch))

    async def leave(self, *user_ids: int) -> None:
        async with self.database.write() as connection, connection.transaction():
            await leave(connection, user_ids)

    async def empty(self) -> None:
        async with self.database.write() as connection:
            await connection.execute("DELETE FROM board_places; DELETE FROM board_counts; DELETE FROM board_leavers")

    async def tables(self) -> tuple[set[tuple[object, ...]], set[tuple[object, ...]]]:
        """Every row of both."""
        async with self.database.write() as connection:
            places = await connection.fetch("TABLE board_places")
            counts = await connection.fetch("TABLE board_counts")
        return {tuple(row) for row in places}, {tuple(row) for row in counts}


@pytest.fixture
async def arena(make_database: MakeDatabase) -> AsyncIterator[Arena]:
    database = Database(await make_database("battle"))
    await database.open()
    yield Arena(database)
    await database.close()


def ended(position: int, user_a: int, user_b: int, winner: int | None, at: datetime = MONDAY) -> Ended:
    return Ended(position, user_a, user_b, winner, at, position)
