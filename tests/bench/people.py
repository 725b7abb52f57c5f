"""Signing in beside bare argon2 hashes of the same run; everyone else while many sign in; and checking a token."""

import asyncio
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

import httpx
import orjson
from argon2 import PasswordHasher

from contracts.rpc.auth import RevocationPage
from gateway.revocations import Revocations
from gateway.security import Tokens
from services.auth.app import AuthSettings
from tests.bench.load import Result, load
from tests.bench.report import Line, percentile_ms
from tests.stack import running_stack
from tests.unit.gateway.signing import SigningKey

PASSWORD = "Correct-Horse-1"
LOGINS = 50
READERS = 4
CORES = os.cpu_count() or 1
UNLIMITED = {f"MAGICPIC_RATE_LIMIT_{name}": "100000000/minute" for name in ("USER", "SIGNUP", "LOGIN")} | {
    "MAGICPIC_AUTH_WRONG_PASSWORDS_PER_IP": "1000000",
    "MAGICPIC_AUTH_HASH_WORKERS": str(CORES),
}


async def bench(directory: Path, *, short: bool) -> list[Line]:
    rounds, seconds = (1, 3.0) if short else (5, 8.0)
    lines = await _token_checks(2_000)
    shares: list[tuple[float, float, float]] = []
    waits: list[float] = []
    with running_stack(directory / "stack", UNLIMITED) as stack:
        bodies = await _sign_up(stack.url)
        headers = {"Authorization": f"Bearer {await _token(stack.url, bodies[0])}"}
        await asyncio.sleep(3)
        for _ in range(rounds):
            reference = await asyncio.to_thread(bare_hashes, seconds)
            logins = await load(f"{stack.url}/api/auth/login", clients=LOGINS, seconds=seconds, bodies=bodies)
            assert set(logins.statuses) == {200}, logins.statuses
            shares.append((logins.rate / reference, logins.rate, reference))
            waits.append(percentile_ms((await _reading_beside_logins(stack.url, bodies, headers, seconds)).seconds, 99))
    share, rate, reference = sorted(shares)[rounds // 2]
    lines.append(
        Line(
            f"logins through the gateway, {LOGINS} in flight",
            f"{rate:.1f}/s, {share:.0%}",
            f"bare argon2id in {CORES} threads: {reference:.1f}/s",
            "≥ 80%",
            share >= 0.8,
        )
    )
    wait = median(waits)
    what = f"GET /api/auth/me while {LOGINS} logins are in flight, p99"
    lines.append(Line(what, f"{wait:.0f} ms", f"worst of {rounds} rounds: {max(waits):.0f} ms", "< 50 ms", wait < 50))
    return lines


async def _token_checks(count: int) -> list[Line]:
    key = SigningKey()

    async def keys() -> list[dict[str, object]]:
        return [key.jwk]

    async def nothing_revoked(_: int) -> RevocationPage:
        return RevocationPage(sessions=[], users={}, next=None)

    revocations = Revocations(nothing_revoked)
    revocations.missed()
    tokens = Tokens(keys, revocations)
    await tokens.learn()
    await revocations.settled()
    headers = [f"Bearer {key.token(user, sid=f'{user:032x}', role='user')}".encode() for user in range(count)]
    found = []
    for _ in range(2):
        began = time.perf_counter()
        for header in headers:
            await tokens.caller(header)
        found.append((time.perf_counter() - began) / count * 1e6)
    return [
        Line("token check, a token first seen", f"{found[0]:.0f} µs", "", "≤ 150 µs", found[0] <= 150),
        Line("token check, seen before", f"{found[1]:.1f} µs", "", "≤ 10 µs", found[1] <= 10),
    ]


def bare_hashes(seconds: float) -> float:
    """Verifications a second by threads that do nothing else, with the parameters that auth has by default."""
    fields = AuthSettings.model_fields
    passes, memory = [fields[f"auth_hash_{name}"].default for name in ("passes", "memory_kib")]
    hasher = PasswordHasher(passes, memory, parallelism=1)
    kept = hasher.hash(PASSWORD)
    began = time.perf_counter()

    def work(_: int) -> int:
        done = 0
        while time.perf_counter() - began < seconds:
            hasher.verify(kept, PASSWORD)
            done += 1
        return done

    with ThreadPoolExecutor(CORES) as threads:
        done = sum(threads.map(work, range(CORES)))
    return done / (time.perf_counter() - began)


async def _sign_up(base: str) -> list[bytes]:
    """As many accounts as will sign in at once; returns what each says."""
    people = [{"email": f"user{number}@example.com", "password": PASSWORD} for number in range(LOGINS)]
    async with httpx.AsyncClient(base_url=base, timeout=60) as client:
        for person in people:
            (await client.post("/api/auth/signup", json={**person, "name": "Jane"})).raise_for_status()
    return [orjson.dumps(person) for person in people]


async def _token(base: str, body: bytes) -> str:
    async with httpx.AsyncClient(base_url=base, timeout=60) as client:
        token: str = (await client.post("/api/auth/login", content=body)).json()["data"]["access_token"]
    return token


async def _reading_beside_logins(base: str, bodies: list[bytes], headers: dict[str, str], seconds: float) -> Result:
    logins = asyncio.create_task(load(f"{base}/api/auth/login", clients=LOGINS, seconds=seconds, bodies=bodies))
    await asyncio.sleep(seconds / 4)  # until all of them are there
    reads = await load(f"{base}/api/auth/me", clients=READERS, seconds=seconds / 2, headers=headers)
    assert set(reads.statuses) == {200}, reads.statuses
    await logins
    return reads
