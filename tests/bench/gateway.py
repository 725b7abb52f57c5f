"""Reads through the gateway, beside a bare FastAPI route measured in the same run; and what the idle stack weighs."""

import asyncio
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from deploy.local import procfs
from deploy.local.ports import throwaway_port
from tests.bench.load import load
from tests.bench.report import Line
from tests.stack import Stack, running_stack

CLIENTS = 32
UNLIMITED = {f"MAGICPIC_RATE_LIMIT_{name}": "100000000/minute" for name in ("USER", "UPLOAD", "UPLOAD_ADDRESS")}


@asynccontextmanager
async def bare_fastapi() -> AsyncIterator[str]:
    port = throwaway_port([])
    command = [sys.executable, "-m", "uvicorn", "tests.bench.bare:app", "--port", str(port), "--no-access-log"]
    process = subprocess.Popen([*command, "--log-level", "warning"])
    url = f"http://127.0.0.1:{port}/"
    async with httpx.AsyncClient() as client, asyncio.timeout(20):
        while True:
            try:
                await client.get(url)
                break
            except httpx.TransportError:
                await asyncio.sleep(0.05)
    yield url
    process.terminate()
    process.wait()


async def sign_up(base: str) -> dict[str, Any]:
    account = {"email": f"{secrets.token_hex(6)}@example.com", "password": "Correct-Horse-1", "name": "Jane"}
    async with httpx.AsyncClient(base_url=base, timeout=30) as client:
        found: dict[str, Any] = (await client.post("/api/auth/signup", json=account)).json()["data"]
    return found


def resident_megabytes(stack: Stack) -> float:
    """Of all processes together, with the pages that they share counted once (PSS)."""
    return procfs.resident_bytes(stack.status().supervisor_pid) / 1e6


async def bench(directory: Path, *, short: bool) -> list[Line]:
    rounds, seconds = (1, 2.0) if short else (5, 4.0)
    with running_stack(directory / "stack", UNLIMITED) as stack:
        await asyncio.sleep(3)
        megabytes = resident_megabytes(stack)
        token = (await sign_up(stack.url))["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        ratios: dict[str, list[tuple[float, float, float]]] = {"/api/styles": [], "/api/credits/balance": []}
        async with bare_fastapi() as bare:
            for _ in range(rounds):
                for path, found in ratios.items():
                    reference = (await load(bare, clients=CLIENTS, seconds=seconds)).rate
                    result = await load(stack.url + path, clients=CLIENTS, seconds=seconds, headers=headers)
                    assert set(result.statuses) == {200}, result.statuses
                    found.append((result.rate / reference, result.rate, reference))
    lines = []
    for (path, found), goal in zip(ratios.items(), (0.7, 0.3), strict=True):
        ratio, rate, reference = sorted(found)[rounds // 2]
        lines.append(
            Line(
                f"GET {path}, {CLIENTS} clients",
                f"{rate:,.0f}/s, {ratio:.0%}",
                f"bare FastAPI route: {reference:,.0f}/s",
                f"≥ {goal:.0%}",
                ratio >= goal,
            )
        )
    lines.append(Line("idle stack, resident", f"{megabytes:.0f} MB", "", "≤ 900 MB", megabytes <= 900))
    return lines
