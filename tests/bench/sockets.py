"""5,000 people connected to one gateway: what they weigh, and how soon a room of 1,000 has a vote."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from deploy.local import procfs
from deploy.local.nats import Nats
from deploy.local.ports import throwaway_port
from tests.bench.report import Line, percentile_ms
from tests.integration.gateway.fakes import Fakes

MEGABYTES_GOAL, LATENCY_GOAL_MS = 500, 250
MANY = "1000000"
SETTLE_S = 2


async def bench(directory: Path, *, short: bool) -> list[Line]:
    connected, room, rounds = (500, 200, 3) if short else (5000, 1000, 20)
    nats = Nats(directory / "nats", throwaway_port([]), password="bench")
    nats.spawn()
    try:
        nats.wait_until_ready()
        fakes = Fakes(nats.url)
        await fakes.bus.start()
        tokens = directory / "tokens"
        tokens.write_text("\n".join(fakes.key.token(1000 + n) for n in range(connected)), encoding="utf-8")
        port = throwaway_port([nats.port])
        with gateway(nats.url, port) as process:
            await until_ready(port)
            lines = await measured(process.pid, port, nats.url, tokens, room, rounds)
        await fakes.bus.close()
    finally:
        nats.stop()
    return lines


async def measured(pid: int, port: int, nats_url: str, tokens: Path, room: int, rounds: int) -> list[Line]:
    before = procfs.resident_bytes(pid) / 1e6
    command = [sys.executable, "-m", "tests.bench.crowd", str(port), nats_url, str(room), str(rounds), str(tokens)]
    crowd = await asyncio.create_subprocess_exec(*command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, limit=2**26)
    assert crowd.stdin
    assert crowd.stdout
    there: dict[str, Any] = json.loads(await crowd.stdout.readline())
    await asyncio.sleep(SETTLE_S)
    megabytes = procfs.resident_bytes(pid) / 1e6
    crowd.stdin.write(b"\n")
    latencies: list[float] = json.loads(await crowd.stdout.readline())["latencies"]
    crowd.stdin.write(b"\n")
    await crowd.wait()
    count = there["connected"]
    each_kb = (megabytes - before) * 1000 / count
    p99 = percentile_ms(latencies, 99)
    return [
        Line(
            f"{count:,} sockets on one gateway process, connected in {there['seconds']:.0f} s",
            f"{megabytes:.0f} MB, {each_kb:.0f} KB each",
            f"nobody connected: {before:.0f} MB",
            f"≤ {MEGABYTES_GOAL} MB",
            megabytes <= MEGABYTES_GOAL,
        ),
        Line(
            f"one vote update to a room of {room:,}, from the broker to the last byte read",
            f"p50 {percentile_ms(latencies, 50):.0f} ms, p99 {p99:.0f} ms",
            "",
            f"p99 ≤ {LATENCY_GOAL_MS} ms",
            p99 <= LATENCY_GOAL_MS,
        ),
    ]


@contextmanager
def gateway(nats_url: str, port: int) -> Iterator[subprocess.Popen[bytes]]:
    settings = {
        "NATS_URL": nats_url,
        "S3_ENDPOINT": "http://localhost",
        "S3_ACCESS_KEY": "-",
        "S3_SECRET_KEY": "-",
        "GATEWAY_PORT": str(port),
        "HTTP_PORT": str(throwaway_port([port])),
        "LOG_LEVEL": "WARNING",
        "RATE_LIMIT_SOCKET": f"{MANY}/minute",
        "LIVE_CONNECTIONS": MANY,
        "LIVE_CONNECTIONS_PER_ADDRESS": MANY,
        "DRAIN_TIMEOUT_S": "2",
    }
    variables = {f"MAGICPIC_{name}": value for name, value in settings.items()}
    process = subprocess.Popen([sys.executable, "-m", "cli.serve", "gateway"], env={**os.environ, **variables})
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


async def until_ready(port: int) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client, asyncio.timeout(30):
        while True:
            try:
                if (await client.get("/readyz")).is_success:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.05)
