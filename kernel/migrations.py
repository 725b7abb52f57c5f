"""Runs a service's alembic migrations, and makes its database and role."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

import asyncpg
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from kernel.db import admin_url_of
from kernel.store import APPEND_FUNCTION

ROOT = Path(__file__).parent.parent


async def create_database(admin_url: str, service_url: str, *, template: str | None = None) -> None:
    """The role and the database that `service_url` names, which no other service's role can enter. Harmless twice."""
    parts = urlsplit(service_url)
    role, password, name = parts.username, unquote(parts.password or ""), parts.path.lstrip("/")
    quoted = password.replace("'", "''")
    connection = await asyncpg.connect(admin_url)
    try:
        if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role):
            await connection.execute(f"CREATE ROLE \"{role}\" LOGIN PASSWORD '{quoted}'")
        else:
            await connection.execute(f"ALTER ROLE \"{role}\" PASSWORD '{quoted}'")
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
            await connection.execute(f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{template}"' if template else ""))
        await connection.execute(f'REVOKE ALL ON DATABASE "{name}" FROM PUBLIC')
        await connection.execute(f'GRANT CONNECT ON DATABASE "{name}" TO "{role}"')
    finally:
        await connection.close()


async def migrate(service: str, admin_url: str, service_url: str) -> None:
    """Bring the service's database to the newest version."""
    url = admin_url_of(admin_url, service_url).replace("postgresql://", "postgresql+asyncpg://")
    engine = create_async_engine(url)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_upgrade, service)
            await connection.execute(text(APPEND_FUNCTION.replace(":", "\\:")))
            await connection.commit()
    finally:
        await engine.dispose()


def _upgrade(connection: Connection, service: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "kernel" / "alembic"))
    config.set_main_option("version_locations", str(ROOT / "services" / service / "migrations" / "versions"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
