"""The life of a service process: start in order, say how it is, stop without dropping anything.

Over HTTP it serves /healthz (the process lives), /readyz (it can do its work: broker, database, relay lag), /metrics
(Prometheus) and /asyncapi (what it says and hears).
"""

import asyncio
import gc
import json
import signal
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import sqlalchemy as sa
import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from contracts.errors import ServiceError
from kernel.bus import MessageBus
from kernel.clock import Clock, utc_now
from kernel.commands import CommandBus, Plain
from kernel.db import LOST, Database, Query
from kernel.decider import Codec
from kernel.logging import configure_logging, log
from kernel.publishing import Mirrored, Publish
from kernel.relay import Relay
from kernel.settings import Settings
from kernel.timers import Fire, Timers
from kernel.turn import Deadlines, Project

MAX_LAG = 10_000
COLLECT_AFTER_OBJECTS = 50_000
ALIVE = Query(sa.select(sa.literal(1)))
Hook = Callable[[], Awaitable[None]]


class Service:
    """Composes the kernel's parts for one service; its `app.py` adds handlers, listeners and its own parts.

    `project` writes the read tables that follow from events alone, and can be rebuilt; `keep` writes, in the same
    transaction, what does not: private data that a command carried. `deadlines` says which timers the events set or
    end; `fire` is what happens when one is due.
    """

    def __init__(
        self,
        name: str,
        settings: Settings,
        database_url: str,
        codec: Codec,
        *,
        project: Project,
        publish: Publish,
        mirrored: Mirrored | None = None,
        keep: Project | None = None,
        deadlines: Deadlines | None = None,
        conflicts: dict[str, Callable[[], ServiceError]] | None = None,
        fire: Fire | None = None,
        clock: Clock = utc_now,
        plain: Plain | None = None,
    ) -> None:
        self.name = name
        self.settings = settings
        self.database = Database(database_url)
        self.bus = MessageBus(name, settings.nats_url)
        self.relay = Relay(name, self.database, codec, publish, self.bus.connected, mirrored)
        self.commands = CommandBus(
            self.database,
            codec,
            project,
            keep,
            deadlines=deadlines,
            conflicts=conflicts,
            clock=clock,
            on_commit=self.relay.wake,
            plain=plain,
        )
        self.timers = Timers(self.database, fire, clock=clock) if fire else None
        self.on_start: list[Hook] = []
        self.on_stop: list[Hook] = []
        self._ready = False

    async def start(self) -> None:
        await self.database.open()
        self.commands.start()
        self.bus.on_reconnect(self.relay.recheck)
        for hook in self.on_start:
            await hook()
        await self.bus.start()
        self.relay.start()
        if self.timers:
            self.timers.start()
        self._ready = True
        log.info("ready", service=self.name)

    async def stop(self) -> None:
        """First no new work, then what has begun, then what it needs."""
        self._ready = False
        if self.timers:
            await self.timers.close()
        for hook in self.on_stop:
            await hook()
        await self.bus.close()
        await self.commands.close()
        await self.relay.close()
        await self.database.close()

    async def checks(self) -> dict[str, str]:
        """What stands between this process and its work; `ok` for what does not."""
        try:
            async with asyncio.timeout(2):
                await self.database.value(ALIVE)
            database = "ok"
        except (*LOST, TimeoutError, RuntimeError) as error:
            database = type(error).__name__
        connected = self.bus.client is not None and self.bus.client.is_connected
        return {
            "started": "ok" if self._ready else "starting or stopping",
            "broker": "ok" if connected else "not connected",
            "database": database,
            "relay": "ok" if self.relay.lag < MAX_LAG else f"{self.relay.lag} events behind",
        }


def ops_app(checks: Callable[[], Awaitable[dict[str, str]]], asyncapi: Callable[[], dict[str, Any]]) -> Starlette:
    """The small HTTP side of every process."""

    async def healthz(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def readyz(_: Request) -> Response:
        found = await checks()
        ready = all(state == "ok" for state in found.values())
        return JSONResponse({"ready": ready, "checks": found}, status_code=200 if ready else 503)

    async def metrics(_: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    async def describe(_: Request) -> Response:
        return Response(json.dumps(asyncapi(), indent=2), media_type="application/json")

    return Starlette(
        routes=[
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            Route("/metrics", metrics),
            Route("/asyncapi", describe),
        ],
    )


class Runnable(Protocol):
    """A service, or another process that is run like one."""

    name: str
    settings: Settings

    async def start(self) -> None: ...
    async def stop(self) -> None: ...
    async def checks(self) -> dict[str, str]: ...


def calm_collector() -> None:
    """Once a process is up, what it has loaded stays: the cyclic collector need not look at it, nor look so often.

    Thousands of commands in flight are thousands of new objects, none of them garbage: a tenth of the time went there.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER_OBJECTS)


async def serve(service: Runnable, asyncapi: Callable[[], dict[str, Any]]) -> None:
    """Run until SIGTERM or SIGINT, then drain and end."""
    configure_logging(service.name, service.settings.log_level)
    config = uvicorn.Config(
        ops_app(service.checks, asyncapi),
        host=service.settings.http_host,
        port=service.settings.http_port,
        log_config=None,
        access_log=False,
        lifespan="off",
    )
    server = uvicorn.Server(config)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    http = asyncio.create_task(server._serve())  # noqa: SLF001  (serve() would take the signals for itself)
    await service.start()
    calm_collector()
    await stop.wait()
    log.info("stopping", service=service.name)
    await service.stop()
    server.should_exit = True
    await http
