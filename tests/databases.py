"""Fresh, migrated databases for tests. To clone one takes half a second, to empty one that a test has left 20 ms.

So a database goes from test to test, emptied and under a new name: what an earlier test left running finds it gone. One
whose schema a test has changed is dropped.
"""

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from kernel.db import admin_url_of
from kernel.migrations import create_database, migrate

if TYPE_CHECKING:
    from tests.conftest import Servers

ROLE_PASSWORD = "test-password"

# What a migration makes, by what PostgreSQL itself keeps of it.
SCHEMA = """
SELECT md5(string_agg(line, E'\\n' ORDER BY line)) FROM (
  SELECT concat_ws(' ', 'class', oid, relname, relkind, relacl) AS line FROM pg_class
    WHERE relnamespace = 'public'::regnamespace
  UNION ALL SELECT concat_ws(' ', 'column', attrelid, attname, atttypid, attisdropped, attnotnull) FROM pg_attribute
    JOIN pg_class ON pg_class.oid = attrelid WHERE relnamespace = 'public'::regnamespace AND attnum > 0
  UNION ALL SELECT concat_ws(' ', 'constraint', oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
  UNION ALL SELECT concat_ws(' ', 'trigger', oid, tgenabled) FROM pg_trigger
  UNION ALL SELECT concat_ws(' ', 'function', oid, xmin) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
  UNION ALL SELECT concat_ws(' ', 'namespace', oid) FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp_'
) AS found
"""
TABLES = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY relname"
ROWS = 'SELECT jsonb_agg(found) FROM "{0}" AS found'
USED = """SELECT '{0}' WHERE EXISTS (SELECT FROM "{0}")"""
PUT = 'INSERT INTO "{0}" SELECT * FROM jsonb_populate_recordset(NULL::"{0}", $1)'
RESTART = "SELECT setval(seqrelid::regclass, seqstart, false) FROM pg_sequence"
LEAVE = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()"


@dataclass
class _Service:
    """`rows`: what the migrations themselves put in, by table, as JSON. `idle`: names of databases that are clean."""

    template: str
    schema: str
    tables: list[str]
    rows: dict[str, str]
    idle: list[str] = field(default_factory=list)


class Databases:
    def __init__(self, servers: "Servers") -> None:
        self._admin_url = servers.postgres.admin_url
        self._services: dict[str, _Service] = {}

    async def lend(self, service: str) -> str:
        """A clean database's URL, as the service's own role."""
        known = self._services.get(service) or await self._prepare(service)
        url = self._url(service, f"{service}_{uuid.uuid4().hex[:12]}")
        name = urlsplit(url).path.lstrip("/")
        if known.idle:
            await self._run(f'ALTER DATABASE "{known.idle.pop()}" RENAME TO "{name}"')
        else:
            await create_database(self._admin_url, url, template=known.template)
        return url

    async def take_back(self, url: str) -> None:
        parts = urlsplit(url)
        known, name = self._services[str(parts.username)], parts.path.lstrip("/")
        connection = await asyncpg.connect(admin_url_of(self._admin_url, url))
        try:
            await connection.execute(LEAVE, name)
            is_clean = await connection.fetchval(SCHEMA) == known.schema and await _empty(connection, known)
        finally:
            await connection.close()
        if is_clean:
            known.idle.append(name)
        else:
            await self._run(f'DROP DATABASE "{name}" WITH (FORCE)')

    async def _prepare(self, service: str) -> _Service:
        """Its template, made at the first use."""
        url = self._url(service, f"{service}_template")
        await create_database(self._admin_url, url)
        await migrate(service, self._admin_url, url)
        connection = await asyncpg.connect(admin_url_of(self._admin_url, url))
        try:
            tables = [row["relname"] for row in await connection.fetch(TABLES)]
            rows = {name: await connection.fetchval(ROWS.format(name)) for name in tables}
            schema = await connection.fetchval(SCHEMA)
        finally:
            await connection.close()
        put_in = {name: found for name, found in rows.items() if found}
        self._services[service] = _Service(f"{service}_template", schema, tables, put_in)
        return self._services[service]

    async def _run(self, statement: str) -> None:
        connection = await asyncpg.connect(self._admin_url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    def _url(self, service: str, name: str) -> str:
        parts = urlsplit(self._admin_url)
        return urlunsplit(("postgresql", f"{service}:{ROLE_PASSWORD}@{parts.hostname}:{parts.port}", name, "", ""))


async def _empty(connection: asyncpg.Connection, known: _Service) -> bool:
    """As it was after the migrations. False: somebody is still at it."""
    used = " UNION ALL ".join(USED.format(name) for name in known.tables)
    try:
        async with connection.transaction():
            await connection.execute("SET LOCAL lock_timeout = '1s'")
            await connection.execute("SET LOCAL session_replication_role = replica")  # past the triggers that refuse
            names = [row[0] for row in await connection.fetch(used)]
            if names:
                await connection.execute("TRUNCATE " + ", ".join(f'"{name}"' for name in names) + " CASCADE")
            for name, rows in known.rows.items():
                await connection.execute(PUT.format(name), rows)
            await connection.execute(RESTART)
    except asyncpg.LockNotAvailableError:
        return False
    return True
