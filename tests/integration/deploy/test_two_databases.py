"""Databases on different servers: each is prepared, and looked after, by its own server's administrator."""

import os
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from cli.databases import OperatorSettings
from cli.init import InitSettings, _databases
from contracts.subjects import SERVICES
from deploy.local.ports import throwaway_port
from deploy.local.postgres import Postgres
from kernel.settings import load

APART = ("ledger", "notify")


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[Postgres, Postgres]]:
    ports = [throwaway_port([])]
    ports.append(throwaway_port(ports))
    common = Postgres(tmp_path / "common", ports[0], password="of-the-common-one", durable=False)
    own = Postgres(tmp_path / "own", ports[1], password="of-the-other-one", durable=False)
    try:
        for server in (common, own):
            server.spawn()
        for server in (common, own):
            server.wait_until_ready()
        yield common, own
    finally:
        common.stop()
        own.stop()


async def databases_of(server: Postgres) -> set[str]:
    connection = await asyncpg.connect(server.admin_url)
    found = await connection.fetch("SELECT datname FROM pg_database WHERE datname = ANY($1)", list(SERVICES))
    await connection.close()
    return {row["datname"] for row in found}


async def test_each_database_is_prepared_on_its_own_server(
    two: tuple[Postgres, Postgres], monkeypatch: pytest.MonkeyPatch
) -> None:
    common, own = two
    for name in ("NATS_URL", "S3_ENDPOINT", "S3_ACCESS_KEY", "S3_SECRET_KEY"):
        monkeypatch.setenv(f"MAGICPIC_{name}", "-")
    monkeypatch.setenv("MAGICPIC_POSTGRES_ADMIN_URL", common.admin_url)
    for service in SERVICES:
        server = own if service in APART else common
        monkeypatch.setenv(f"MAGICPIC_{service.upper()}_DATABASE_URL", server.url(service, "it%27s%40home", service))
        if service in APART:
            monkeypatch.setenv(f"MAGICPIC_{service.upper()}_DATABASE_ADMIN_URL", server.admin_url)
    for _ in range(2):  # a second time does no harm
        await _databases(load(InitSettings))
    assert (await databases_of(common), await databases_of(own)) == (set(SERVICES) - set(APART), set(APART))
    settings = load(OperatorSettings)
    for service in ("auth", *APART):
        # The service itself can get in, and whoever operates it comes as its owner.
        for url, is_owner in (
            (os.environ[f"MAGICPIC_{service.upper()}_DATABASE_URL"], False),
            (settings.owner_url(service), True),
        ):
            connection = await asyncpg.connect(url)
            assert await connection.fetchval("SELECT count(*) FROM events") == 0
            assert (await connection.fetchval("SELECT current_user") != service) is is_owner
            await connection.close()


def test_a_service_that_has_no_administrator_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MAGICPIC_NATS_URL", "-")
    monkeypatch.delenv("MAGICPIC_POSTGRES_ADMIN_URL", raising=False)
    for service in SERVICES[:-1]:
        monkeypatch.setenv(
            f"MAGICPIC_{service.upper()}_DATABASE_ADMIN_URL", "postgresql://admin:secret@nowhere/postgres"
        )
    settings = load(OperatorSettings)
    with pytest.raises(SystemExit) as ended:
        settings.admin_urls()
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert "MAGICPIC_POSTGRES_ADMIN_URL" in said
    assert f"MAGICPIC_{SERVICES[-1].upper()}_DATABASE_ADMIN_URL" in said
    assert "secret" not in said
