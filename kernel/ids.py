"""Public ids are integers from a sequence; they are taken in blocks, so that most cost no question to the database."""

import asyncio
from collections import deque

import sqlalchemy as sa

from kernel.db import Database, Query

BLOCK = 50


class IdBlock:
    """Integers of one PostgreSQL sequence, unique across processes. A process that dies leaves a gap: never reuse."""

    def __init__(self, database: Database, sequence: str) -> None:
        self._database = database
        self._query = Query(sa.select(sa.func.nextval(sequence)).select_from(sa.func.generate_series(1, BLOCK)))
        self._free: deque[int] = deque()
        self._lock = asyncio.Lock()

    async def take(self) -> int:
        async with self._lock:
            if not self._free:
                self._free.extend(row[0] for row in await self._database.rows(self._query))
            return self._free.popleft()
