"""How the gateway begins and ends."""

import asyncio
import os
import signal

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from contracts.rpc import jobs
from deploy.local.ports import throwaway_port
from deploy.local.servers import EmbeddedServers
from gateway.app import GatewaySettings, serve_gateway
from kernel.objects import Objects
from tests.integration.gateway.conftest import Running, StartGateway, eventually
from tests.integration.gateway.fakes import Fakes, job
from tests.integration.gateway.live import wire
from tests.unit.gateway.photos import encoded, scene


async def answers(url: str, status: int) -> bool:
    async with httpx.AsyncClient() as client:
        try:
            return (await client.get(url)).status_code == status
        except httpx.TransportError:
            return False


async def test_told_to_end_it_lets_those_who_wait_go_with_a_good_answer(
    servers: EmbeddedServers, objects: Objects, nats_url: str, fakes: Fakes
) -> None:
    public, operators = throwaway_port([]), throwaway_port([])
    settings = GatewaySettings(
        nats_url=nats_url,
        s3_endpoint=servers.s3.endpoint,
        s3_access_key=servers.s3.access_key,
        s3_secret_key=servers.s3.secret_key,
        s3_bucket=objects._bucket,
        gateway_port=public,
        http_port=operators,
        log_level="WARNING",
    )
    serving = asyncio.create_task(serve_gateway(settings))
    await eventually(lambda: answers(f"http://127.0.0.1:{operators}/readyz", 200), within_s=10)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{operators}") as watcher:
        assert "http_request_seconds" in (await watcher.get("/metrics")).text
        heard = (await watcher.get("/asyncapi")).json()["operations"]
        assert "hear catalog.style_published" in heard
    fakes.jobs[7] = job(7, "processing")
    base, headers = f"http://127.0.0.1:{public}", {"Authorization": f"Bearer {fakes.key.token(42)}"}
    async with httpx.AsyncClient(base_url=base, headers=headers, timeout=20) as client:
        files = {"image": ("photo.jpg", encoded(scene()), "image/jpeg")}
        waiting = asyncio.create_task(client.post("/api/creations/generate", data={"style_id": "1"}, files=files))
        await fakes.until_asked(jobs.RequestCreation)
        async with client.stream("GET", "/api/creations/jobs/7/events") as following:
            lines = following.aiter_lines()
            while await anext(lines) != "event: processing":
                pass
            async with wire(public, fakes.key.token(42)) as line:
                os.kill(os.getpid(), signal.SIGTERM)
                with pytest.raises(ConnectionClosed):
                    await asyncio.wait_for(line.recv(), 3)
            assert not [line async for line in lines if line.startswith("event")]  # the stream ends, the job does not
        answer = await waiting
    assert answer.status_code == 202
    assert answer.json()["data"]["job"]["id"] == 101
    async with asyncio.timeout(10):
        await serving
    assert not await answers(f"{base}/healthz", 200)


async def test_a_gateway_that_can_do_its_work_says_so(gateway: Running) -> None:
    checks = (await gateway.anonymous.get("/readyz")).json()
    assert checks == {"ready": True, "checks": {"started": "ok", "broker": "ok", "keys": "ok", "revocations": "ok"}}


async def test_it_starts_without_the_broker_and_is_ready_when_that_comes(
    start_gateway: StartGateway, servers: EmbeddedServers
) -> None:
    servers.nats.kill()
    try:
        running = await start_gateway(ready=False)
        assert (await running.anonymous.get("/healthz")).status_code == 200
        assert (await running.anonymous.get("/readyz")).status_code == 503
    finally:
        servers.nats.restart()

    async def is_ready() -> bool:
        return (await running.anonymous.get("/readyz")).status_code == 200

    await eventually(is_ready, within_s=15)


@pytest.mark.parametrize("setting", [{"cors_origins": "https://a.example, https://b.example"}])
def test_lists_in_the_environment_have_commas(setting: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in setting.items():
        monkeypatch.setenv(f"MAGICPIC_{name.upper()}", value)
    settings = GatewaySettings(nats_url="-", s3_endpoint="-", s3_access_key="-", s3_secret_key="-")
    assert settings.cors_origins == ("https://a.example", "https://b.example")
