"""One service's PostgreSQL: a small pool, and queries written in SQLAlchemy Core that run on asyncpg."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import asyncpg as asyncpg_dialect

from kernel.logging import log

_DIALECT = asyncpg_dialect.dialect()  # type: ignore[no-untyped-call]  # untyped in SQLAlchemy
CONNECT_TIMEOUT_S = 5
LOST = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection that was cut in the middle of a transaction
    asyncpg.OperatorInterventionError,
)
"""What is raised when the database has gone away, or is going, or is coming."""


def admin_url_of(admin_url: str, service_url: str) -> str:
    """The service's database, as the administrator."""
    return urlunsplit(urlsplit(admin_url)._replace(path=urlsplit(service_url).path))


class Query:
    """A Core statement compiled once. Its bind parameters are given by name."""

    def __init__(self, statement: sa.ClauseElement) -> None:
        compiled = statement.compile(dialect=_DIALECT)
        self.sql = str(compiled)
        self._names = list(getattr(compiled, "positiontup", None) or [])
        self._defaults = compiled.params

    def arguments(self, values: dict[str, Any]) -> list[Any]:
        return [values.get(name, self._defaults[name]) for name in self._names]


class Database:
    """`read` answers questions; `write` is for the command bus and its like, and commits by its own transaction."""

    def __init__(self, url: str, *, connections: int = 4) -> None:
        self.url = url
        self._connections = connections
        self._pool: asyncpg.Pool | None = None

    async def open(self, patience_s: float = 30) -> None:
        """Connect, waiting for a database that is still starting up to `patience_s` seconds."""
        deadline = asyncio.get_running_loop().time() + patience_s
        while True:
            try:
                self._pool = await asyncpg.create_pool(
                    self.url,
                    min_size=1,
                    max_size=self._connections,
                    timeout=CONNECT_TIMEOUT_S,
                    command_timeout=30,
                    max_inactive_connection_lifetime=300,
                    reset=_leave_as_is,
                )
            except LOST as error:
                if asyncio.get_running_loop().time() > deadline:
                    raise
                log.info("waiting for the database", error=type(error).__name__)
                await asyncio.sleep(0.2)
            else:
                return

    async def close(self) -> None:
        if self._pool:
            await self._pool.close()

    async def connect(self) -> asyncpg.Connection:
        """A connection of one's own, outside the pool: for session locks and LISTEN."""
        return await asyncpg.connect(self.url, timeout=CONNECT_TIMEOUT_S)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[asyncpg.Connection]:
        async with self._open_pool().acquire() as connection:
            yield connection

    async def rows(self, query: Query | sa.ClauseElement, **values: Any) -> list[asyncpg.Record]:
        """What the query finds. A connection that was lost is replaced once: reading again is harmless."""
        query = query if isinstance(query, Query) else Query(query)
        arguments = query.arguments(values)
        try:
            return list(await self._open_pool().fetch(query.sql, *arguments))
        except LOST:
            return list(await self._open_pool().fetch(query.sql, *arguments))

    async def row(self, query: Query | sa.ClauseElement, **values: Any) -> asyncpg.Record | None:
        found = await self.rows(query, **values)
        return found[0] if found else None

    async def value(self, query: Query | sa.ClauseElement, **values: Any) -> Any:
        row = await self.row(query, **values)
        return row[0] if row else None

    def _open_pool(self) -> asyncpg.Pool:
        if self._pool is None:
            raise RuntimeError("the database is not open yet: await Database.open() first")
        return self._pool


def json_column(values: Iterable[Any]) -> str:
    """Many values as one parameter, for `json_array_elements_text($1::json)`: arrays cost Python several times more."""
    return msgspec.json.encode(list(values)).decode()


async def _leave_as_is(_: asyncpg.Connection) -> None:
    """No session state is ever set on a pooled connection, so nothing need be reset: a round trip less per question."""
