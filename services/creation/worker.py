"""The worker's composition root: a process of its own, on creation's database."""

import asyncio
import os
from collections.abc import Sequence
from functools import partial

from kernel.bus import MessageBus
from kernel.commands import CommandBus
from kernel.db import Database
from kernel.memory import keep_buffers
from kernel.objects import Objects
from services.creation import projections
from services.creation.adapters.choosing import ChoosingPainter, Close, Made, Make
from services.creation.adapters.thumbnails import thumbnail
from services.creation.app import CODEC, CreationSettings
from services.creation.attempts import Attempts
from services.creation.keeping import deadlines, keep
from services.creation.models import LOCAL
from services.creation.painter import Painter
from services.creation.progress import Progress
from services.creation.queries import Queries
from services.creation.storage import Storage
from services.creation.workshop import ACK_WAIT_S, GRACE_S, NAME, Worker

GEMINI_CONCURRENCY = 64


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
    if settings.painter == "local":
        keep_buffers()  # a provider's pictures are hundreds at a time: there every byte goes back
    if painter is None:
        painter, close = choose_painter(settings, concurrency)
        on_stop.append(close)
    database = Database(settings.creation_database_url)
    bus = MessageBus(NAME, settings.nats_url)
    commands = CommandBus(database, CODEC, projections.project, keep, deadlines=deadlines)
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


def choose_painter(settings: CreationSettings, concurrency: int) -> Made:
    """The painter that the settings name, in front of those that can be asked for; and how to close them.

    Only what is used is imported: all are heavy.
    """
    local, gemini = partial(_local, concurrency), partial(_gemini, settings, concurrency)

    def by_name(model: str) -> Make | None:
        if model == LOCAL:
            return local
        return partial(gemini, (model,)) if settings.gemini_is_set_up and model in settings.gemini_models else None

    default = gemini(settings.gemini_models) if settings.painter == "gemini" else local()
    choosing = ChoosingPainter(default, by_name)
    return choosing, choosing.close


def _local(concurrency: int) -> Made:
    from services.creation.adapters.local.painter import LocalPainter  # noqa: PLC0415  (OpenCV: 60 MB)

    painter = LocalPainter(threads=concurrency)
    return painter, partial(asyncio.to_thread, painter.close)


def _gemini(settings: CreationSettings, concurrency: int, models: Sequence[str]) -> Made:
    from services.creation.adapters.gemini import GeminiPainter  # noqa: PLC0415  (65 MB)

    key = settings.gemini_api_key
    painter = GeminiPainter(
        api_key=key.get_secret_value() if key else "",
        models=models,
        base_url=settings.gemini_base_url,
        timeout_ms=round(settings.gemini_timeout_s * 1000),
        max_connections=concurrency,
    )
    return painter, painter.close
