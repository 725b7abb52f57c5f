"""A picture's way through the whole stack, without the painter; and 500 pictures in flight in one worker."""

import asyncio
import io
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from itertools import accumulate, repeat
from pathlib import Path
from time import perf_counter
from typing import Any

import asyncpg
import httpx
import numpy as np
from PIL import Image

from deploy.local.ports import throwaway_port
from deploy.local.processes import MEMORY
from gateway.pictures import accept
from kernel.db import admin_url_of
from services.creation.adapters.thumbnails import thumbnail
from tests.bench.gateway import UNLIMITED, sign_up
from tests.bench.load import load_each, request_to
from tests.bench.report import Line, percentile_ms
from tests.fakes.gemini import FakeGemini, picture
from tests.stack import Stack, running_stack

TABLE = "tests.bench.processes:PROCESSES"
SETTINGS = {
    **UNLIMITED,
    "MAGICPIC_RATE_LIMIT_SIGNUP": "100000/minute",
    "MAGICPIC_MAX_OPEN_JOBS": "1000",
    "MAGICPIC_SIGNUP_BONUS": "1000000",
}
PROVIDER_DELAY_MS = 30_000
ENDS = """
SELECT CASE type WHEN 'PaintingStarted' THEN 1 ELSE -1 END AS change FROM events
WHERE type IN ('PaintingStarted', 'CreationGenerated') AND data->>'creation_id' = ANY($1) ORDER BY position
"""
PHOTO = Path(__file__).parents[2] / "services" / "catalog" / "photos" / "astronaut.jpg"


def photo(width: int, height: int, megabytes: float) -> bytes:
    """A real photograph at that size, with a sensor's grain, as a JPEG of about that many megabytes."""
    with Image.open(PHOTO) as opened:
        real = np.asarray(opened.convert("RGB").resize((width, height), Image.Resampling.LANCZOS), np.float64)
    grain = np.random.default_rng(1).normal(0, 4, real.shape)
    picture = Image.fromarray(np.clip(real + grain, 0, 255).astype(np.uint8))
    for quality in range(98, 50, -2):
        out = io.BytesIO()
        picture.save(out, "JPEG", quality=quality)
        if out.tell() <= megabytes * 1e6:
            break
    return out.getvalue()


def peak_resident_bytes(pid: int) -> int:
    """The most that a process has ever had in memory."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) * 1024


@asynccontextmanager
async def worker(stack: Stack, *command: str, extra: Mapping[str, str] | None = None) -> AsyncIterator[int]:
    """A creation worker of the bench's own; gives its process id when it is ready."""
    port = throwaway_port([])
    environment = {**MEMORY, **os.environ, **stack.variables, **(extra or {}), "MAGICPIC_HTTP_PORT": str(port)}
    log = (stack.state.path / "bench-worker.log").open("w")
    process = subprocess.Popen([sys.executable, *command], env=environment, stdout=log, stderr=log)
    async with httpx.AsyncClient() as client, asyncio.timeout(30):
        while True:
            try:
                if (await client.get(f"http://127.0.0.1:{port}/readyz")).status_code == 200:
                    break
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.05)
    yield process.pid
    process.terminate()
    process.wait(20)


async def bench(directory: Path, *, short: bool) -> list[Line]:
    with running_stack(directory / "stack", SETTINGS, table=TABLE) as stack:
        user = await sign_up(stack.url)
        headers = {"Authorization": f"Bearer {user['access_token']}"}
        async with httpx.AsyncClient(base_url=stack.url, headers=headers, timeout=120) as client:
            return [await _latency(stack, headers, short=short), await _in_flight(stack, client, short=short)]


async def _latency(stack: Stack, headers: Mapping[str, str], *, short: bool) -> Line:
    """From the first byte of the request to the last of the answer; the form was made before."""
    large = photo(2240, 1680, 2.2)
    url = f"{stack.url}/api/creations/generate"
    form = httpx.Request("POST", url, files={"image": ("photo.jpg", large)}, data={"style_id": "1"})
    request = request_to(url, {**headers, "Content-Type": form.headers["Content-Type"]}, form.read())
    async with worker(stack, "-m", "tests.bench.null_worker"):
        result = await load_each(url, repeat(request, 5 if short else 60), clients=1, seconds=300)
    assert set(result.statuses) == {200}, result.statuses
    p50_ms = percentile_ms(result.seconds[2:], 50)
    what = f"generate, null painter, {len(large) / 1e6:.1f} MB photo, p50"
    alone = f"reading, shrinking, encoding the photo alone: {percentile_ms(_pictures_alone(large), 50):.0f} ms"
    return Line(what, f"{p50_ms:.0f} ms", alone, "≤ 60 ms", p50_ms <= 60)


def _pictures_alone(upload: bytes) -> list[float]:
    """Seconds that the picture libraries take for a job's pictures, on an otherwise idle machine."""
    seconds = []
    for _ in range(10):
        began = perf_counter()
        thumbnail(accept(io.BytesIO(upload)).working_copy)
        seconds.append(perf_counter() - began)
    return seconds


async def _in_flight(stack: Stack, client: httpx.AsyncClient, *, short: bool) -> Line:
    jobs = 50 if short else 500
    small = photo(1024, 768, 0.2)
    gate = asyncio.Semaphore(8)

    async def ask() -> int:
        async with gate:
            answer = await client.post(
                "/api/creations/generate",
                files={"image": ("photo.jpg", small)},
                data={"style_id": "1"},
                headers={"Prefer": "respond-async"},
            )
        return int(answer.json()["data"]["job"]["id"])

    asked = await asyncio.gather(*[ask() for _ in range(jobs)])
    async with FakeGemini() as provider:
        provider.otherwise = picture(photo(1024, 768, 0.2), "image/jpeg").after(PROVIDER_DELAY_MS)
        settings = {
            "MAGICPIC_PAINTER": "gemini",
            "MAGICPIC_GEMINI_API_KEY": "bench",
            "MAGICPIC_GEMINI_BASE_URL": provider.base_url,
            "MAGICPIC_PAINT_CONCURRENCY": str(jobs),
        }
        async with worker(stack, "-m", "cli.serve", "creation-worker", extra=settings) as pid:
            await asyncio.gather(*[_completed(client, creation_id, gate) for creation_id in asked])
            megabytes = peak_resident_bytes(pid) / 1e6
        at_provider = provider.most_in_flight
    most = await _most_at_once(stack, asked)
    what = f"{most} jobs in flight in one worker ({at_provider} at a 30-second provider): peak memory"
    return Line(what, f"{megabytes:.0f} MB", "", f"≤ 400 MB at {jobs}", megabytes <= 400 and most >= jobs * 0.95)


async def _most_at_once(stack: Stack, asked: list[int]) -> int:
    """How many of the jobs were begun and not yet ended at the same moment, by the events' own times."""
    urls = stack.variables
    owner = admin_url_of(urls["MAGICPIC_POSTGRES_ADMIN_URL"], urls["MAGICPIC_CREATION_DATABASE_URL"])
    connection = await asyncpg.connect(owner)
    rows = await connection.fetch(ENDS, [str(creation_id) for creation_id in asked])
    await connection.close()
    return max(accumulate(int(row["change"]) for row in rows))


async def _completed(client: httpx.AsyncClient, creation_id: int, gate: asyncio.Semaphore) -> None:
    async with asyncio.timeout(300):
        while True:
            async with gate:
                job: dict[str, Any] = (await client.get(f"/api/creations/jobs/{creation_id}")).json()["data"]
            assert job["status"] in ("queued", "processing", "completed"), job
            if job["status"] == "completed":
                return
            await asyncio.sleep(1)
