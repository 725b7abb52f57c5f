"""The worker's composition root: a process of its own, on creation's database."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from functools import partial

from kernel.bus import MessageBus
from kernel.commands import CommandBus
from kernel.db import Database
from kernel.objects import Objects
from services.creation import projections
from services.creation.adapters.thumbnails import thumbnail
from services.creation.app import CODEC, CreationSettings
from services.creation.attempts import Attempts
from services.creation.keeping import keep
from services.creation.painter import Painter
from services.creation.progress import Progress
from services.creation.queries import Queries
from services.creation.storage import Storage
from services.creation.workshop import ACK_WAIT_S, GRACE_S, NAME, Worker

GEMINI_CONCURRENCY = 64


Close = Callable[[], Awaitable[None]]


def build_worker(
    settings: CreationSettings,
    painter: Painter | None = None,
    *,
    ack_wait_s: float = ACK_WAIT_S,
    grace_s: float = GRACE_S,
) -> Worker:
    """`painter`: another one than the settings name; who brings it closes it."""
    cores = os.cpu_count() or 1
    concurrency = settings.paint_concurrency or (GEMINI_CONCURRENCY if settings.painter == "gemini" else cores)
    on_stop: list[Close] = []
    if painter is None:
        painter, close = choose_painter(settings, concurrency)
        on_stop.append(close)
    database = Database(settings.creation_database_url)
    bus = MessageBus(NAME, settings.nats_url)
    commands = CommandBus(database, CODEC, projections.project, keep)
    objects = Objects.of(settings)
    progress = Progress(bus.connected, database)
    attempts = Attempts(
        commands,
        Queries(database, objects),
        Storage(database, objects),
        objects,
        painter,
        thumbnail=thumbnail,
        progress=progress,
        threads=cores,
    )
    return Worker(
        settings,
        database,
        commands,
        bus,
        attempts,
        progress,
        concurrency=concurrency,
        ack_wait_s=ack_wait_s,
        grace_s=grace_s,
        on_stop=on_stop,
    )


def choose_painter(settings: CreationSettings, concurrency: int) -> tuple[Painter, Close]:
    """The painter that the settings name, and how to close it. Only what is used is imported: both are heavy."""
    if settings.painter == "gemini":
        from services.creation.adapters.gemini import GeminiPainter  # noqa: PLC0415  (65 MB)

        key = settings.gemini_api_key
        gemini = GeminiPainter(
            api_key=key.get_secret_value() if key else "",
            models=settings.gemini_models,
            base_url=settings.gemini_base_url,
            timeout_ms=round(settings.gemini_timeout_s * 1000),
            max_connections=concurrency,
        )
        return gemini, gemini.close
    from services.creation.adapters.local.painter import LocalPainter  # noqa: PLC0415  (OpenCV: 60 MB)

    local = LocalPainter(threads=concurrency)
    return local, partial(asyncio.to_thread, local.close)
