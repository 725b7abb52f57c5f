"""A real gateway on a real socket and broker, with stand-ins behind it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from deploy.local.servers import EmbeddedServers
from gateway.app import Gateway, GatewaySettings, create_app, http_server
from kernel.objects import Objects
from tests.clients import NO_TLS
from tests.integration.gateway.fakes import Fakes


@dataclass(frozen=True)
class Running:
    """`anonymous` has no token, `client` is user 42's."""

    app: FastAPI
    port: int
    anonymous: httpx.AsyncClient
    client: httpx.AsyncClient

    @property
    def gateway(self) -> Gateway:
        gateway: Gateway = self.app.state.gateway
        return gateway


StartGateway = Callable[..., Awaitable[Running]]


@pytest.fixture
async def fakes(nats_url: str) -> AsyncIterator[Fakes]:
    fakes = Fakes(nats_url)
    await fakes.bus.start()
    yield fakes
    await fakes.bus.close()


@pytest.fixture
async def start_gateway(
    servers: EmbeddedServers, objects: Objects, nats_url: str, fakes: Fakes
) -> AsyncIterator[StartGateway]:
    """Starts a gateway with settings of its own; `ready=False` does not wait until it can do its work."""
    async with AsyncExitStack() as stack:

        async def start(*, ready: bool = True, **changes: Any) -> Running:
            settings = GatewaySettings(
                **{
                    "nats_url": nats_url,
                    "s3_endpoint": servers.s3.endpoint,
                    "s3_access_key": servers.s3.access_key,
                    "s3_secret_key": servers.s3.secret_key,
                    "s3_bucket": objects._bucket,
                    "gateway_port": 0,
                    "drain_timeout_s": 2,
                    **changes,
                }
            )
            running = await stack.enter_async_context(serving(settings, fakes))
            if ready:
                await until_ready(running)
            return running

        yield start


@pytest.fixture
async def gateway(start_gateway: StartGateway) -> Running:
    return await start_gateway()


@asynccontextmanager
async def serving(settings: GatewaySettings, fakes: Fakes) -> AsyncIterator[Running]:
    app = create_app(settings)
    server = http_server(app, settings)
    await start_up(server)
    port = server.servers[0].sockets[0].getsockname()[1]
    url, headers = f"http://127.0.0.1:{port}", {"Authorization": f"Bearer {fakes.key.token(42)}"}
    async with (
        httpx.AsyncClient(base_url=url, timeout=30, verify=NO_TLS) as anonymous,
        httpx.AsyncClient(base_url=url, timeout=30, verify=NO_TLS, headers=headers) as client,
    ):
        yield Running(app, port, anonymous, client)
    await shut_down(server)


async def start_up(server: uvicorn.Server) -> None:
    """As uvicorn does it, without its loop: that looks ten times a second whether a signal has come."""
    server.config.load()
    server.lifespan = server.config.lifespan_class(server.config)
    await server.startup()
    await server.on_tick(0)  # else answers had no date


async def shut_down(server: uvicorn.Server) -> None:
    """As uvicorn does it, which takes a tenth of a second; where nothing is under way any more, at once."""
    if server.server_state.connections:
        await asyncio.sleep(0.005)  # until it has seen that the clients are gone
    if server.server_state.connections or server.server_state.tasks:
        await server.shutdown()
        return
    for listener in server.servers:
        listener.close()
        await listener.wait_closed()
    await server.lifespan.shutdown()


async def until_ready(running: Running) -> None:
    async with asyncio.timeout(10):
        while (await running.anonymous.get("/readyz")).status_code != 200:
            await asyncio.sleep(0.005)


async def eventually(condition: Callable[[], Awaitable[bool]], within_s: float = 5) -> None:
    """Ask again until it holds."""
    async with asyncio.timeout(within_s):
        while not await condition():
            await asyncio.sleep(0.01)
