"""How fast this machine is beside the one on which the absolute goals were set, whose figures architecture.md gives:
without this, milliseconds and requests a second say little.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from deploy.local.servers import embedded_servers
from tests.bench.gateway import CLIENTS, bare_fastapi
from tests.bench.ledger import pgbench
from tests.bench.load import load
from tests.bench.people import CORES, bare_hashes
from tests.bench.report import Line

MESSAGE = b"x" * 300


async def bench(directory: Path, *, short: bool) -> list[Line]:
    rounds, seconds = (1, 1.0) if short else (5, 3.0)
    measured: dict[str, list[float]] = {}

    def note(what: str, rate: float) -> None:
        measured.setdefault(what, []).append(rate)

    with embedded_servers(directory, durable=True) as servers:
        async with bare_fastapi() as bare:
            for _ in range(rounds):
                note("bare FastAPI route", (await load(bare, clients=CLIENTS, seconds=seconds)).rate)
                note("argon2-cffi, a core", await asyncio.to_thread(bare_hashes, seconds) / CORES)
                note("Ed25519 verified by cryptography", await asyncio.to_thread(_rate, _verification(), seconds))
                note("pgbench insert c16", await asyncio.to_thread(pgbench, servers, directory, round(seconds)))
    there = ("8,000 to 11,800/s", "50/s", "6,800/s", "15,900 to 18,800/s")
    return [
        Line(what, _span(found), f"where the goals were set: {rate}", "", met=True)
        for (what, found), rate in zip(measured.items(), there, strict=True)
    ]


def _verification() -> Callable[[], None]:
    key = Ed25519PrivateKey.generate()
    signature, public = key.sign(MESSAGE), key.public_key()
    return lambda: public.verify(signature, MESSAGE)


def _rate(work: Callable[[], None], seconds: float) -> float:
    done, began = 0, perf_counter()
    while perf_counter() - began < seconds:
        work()
        done += 1
    return done / (perf_counter() - began)


def _span(rates: list[float]) -> str:
    return f"{min(rates):,.0f} to {max(rates):,.0f}/s"
