"""`magicpic init`: everything that must exist before a service starts. Each step is harmless when done before."""

import asyncio
import zlib
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import asyncpg
import nats.errors
from rich.console import Console
from rich.progress import Progress

from cli.databases import Administrators
from contracts.subjects import SERVICES
from kernel.caller import connect_once
from kernel.db import LOST
from kernel.jetstream import declare_streams
from kernel.migrations import create_database, migrate
from kernel.objects import Objects
from kernel.settings import StorageSettings, load

console = Console(highlight=False)
PATIENCE_S = 60


class InitSettings(StorageSettings, Administrators):
    """The databases' URLs say what to create, those of administrators who may."""

    auth_database_url: str
    catalog_database_url: str
    creation_database_url: str
    battle_database_url: str
    ledger_database_url: str
    notify_database_url: str
    nats_replicas: int = 1


def run() -> None:
    asyncio.run(_run(load(InitSettings)))


async def _run(settings: InitSettings) -> None:
    await asyncio.gather(_databases(settings), _streams(settings), _bucket(settings))
    await _seed()


async def _databases(settings: InitSettings) -> None:
    for service, admin_url in settings.admin_urls().items():
        await _patiently(f"{service}'s PostgreSQL", partial(_can_connect, admin_url))
        url = getattr(settings, f"{service}_database_url")
        await create_database(admin_url, url)
        await migrate(service, admin_url, url)
    console.print(f"databases: {', '.join(SERVICES)}")


async def _can_connect(url: str) -> None:
    await (await asyncpg.connect(url)).close()


async def _streams(settings: InitSettings) -> None:
    async def declare() -> None:
        client = await connect_once(settings.nats_url)
        await declare_streams(client, replicas=settings.nats_replicas)
        await client.close()

    await _patiently("NATS", declare)
    console.print("streams: declared")


async def _bucket(settings: InitSettings) -> None:
    objects = Objects.of(settings)
    await _patiently("S3", objects.make_bucket)
    console.print(f"bucket: {settings.s3_bucket}")


async def _patiently(what: str, step: Callable[[], Awaitable[None]]) -> None:
    """A server that is still starting is waited for."""
    deadline = asyncio.get_running_loop().time() + PATIENCE_S
    while True:
        try:
            await step()
        except (*LOST, nats.errors.Error, TimeoutError) as error:
            if asyncio.get_running_loop().time() > deadline:
                console.print(f"[red]{what} cannot be reached:[/] {error!r}")
                raise SystemExit(1) from None
            await asyncio.sleep(0.3)
        else:
            return


async def _seed() -> None:
    """The catalog, its pictures painted by the local painter: that needs no key and no network."""
    from services.catalog.app import CatalogSettings
    from services.catalog.domain import StyleShape
    from services.catalog.seeding import seed_catalog
    from services.creation.adapters.thumbnails import thumbnail

    painters: list[Any] = []  # OpenCV is loaded only when there is something to paint

    async def paint(photo: bytes, style: StyleShape) -> bytes:
        from services.creation.adapters.local.painter import LocalPainter
        from services.creation.painter import PaintJob

        if not painters:
            painters.append(LocalPainter())
        words = (style.prompt_template, style.negative_prompt, style.effect)
        job = PaintJob(photo, *words, None, None, None, seed=zlib.crc32(style.slug.encode()))
        return bytes((await painters[0].paint(job, lambda _: None)).data)

    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("painting the catalog's previews", total=None)

        def tell(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)
            if not console.is_terminal and total and done % 10 == 0:
                console.print(f"catalog: {done} of {total} previews painted")

        report = await seed_catalog(load(CatalogSettings), paint, thumbnail, tell)
    for painter in painters:
        painter.close()
    console.print(
        f"catalog: {report.categories} categories, {report.styles} styles; "
        f"{report.painted} pictures painted and {report.published} changes published now"
    )
