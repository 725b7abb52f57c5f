"""Commands per second through the ledger's command bus, beside pgbench's single-row inserts on the same server.

A settled pair is two commands: a hold and its settlement, each with its own idempotency key, on one of 2,000 wallets,
each committed durably (fsync) with its event, stream state, key, transfer and timer before it is answered.
"""

import asyncio
import random
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from time import perf_counter
from urllib.parse import urlsplit

from deploy.local.programs import postgres_program
from deploy.local.servers import EmbeddedServers, embedded_servers
from kernel.clock import utc_now
from kernel.commands import CommandBus
from kernel.db import Database
from kernel.migrations import create_database, migrate
from kernel.service import calm_collector
from services.ledger import projections
from services.ledger.app import CODEC
from services.ledger.domain import WALLET, GrantCredits, HoldCredits, SettleHold
from tests.bench.report import Line, percentile_ms

WALLETS = 2000
INSERT = "INSERT INTO pgbench_single (a, b) VALUES (:client_id, 'x');\n"


@asynccontextmanager
async def ledger(servers: EmbeddedServers, name: str = "bench_ledger") -> AsyncIterator[CommandBus]:
    """A ledger's command bus on a database of its own, with credits in every wallet."""
    parts = urlsplit(servers.postgres.admin_url)
    url = f"postgresql://ledger:bench@{parts.hostname}:{parts.port}/{name}"
    await create_database(servers.postgres.admin_url, url)
    await migrate("ledger", servers.postgres.admin_url, url)
    database = Database(url)
    await database.open()
    bus = CommandBus(database, CODEC, projections.project, deadlines=projections.deadlines, plain=projections.PLAIN)
    bus.start()
    await asyncio.gather(
        *[
            bus.execute(WALLET, user, GrantCredits(user, 1_000_000_000, "signup_bonus", "x"), key=f"signup:{user}")
            for user in range(WALLETS)
        ]
    )
    yield bus
    await bus.close()
    await database.close()


class Spender:
    """Holds and settles pictures; remembers how long each command took."""

    def __init__(self, bus: CommandBus) -> None:
        self._bus = bus
        self._next = 0
        self.seconds: list[float] = []

    async def settle(self, pairs: int) -> None:
        for _ in range(pairs):
            self._next += 1
            user, creation = random.randrange(WALLETS), self._next
            hold = HoldCredits(user, creation, 50, utc_now() + timedelta(minutes=15), 100_000, "Created x image")
            await self._timed(user, hold, f"hold:{creation}")
            await self._timed(user, SettleHold(user, creation, 50, "Created x image"), f"settle:{creation}")

    async def _timed(self, user: int, command: HoldCredits | SettleHold, key: str) -> None:
        began = perf_counter()
        await self._bus.execute(WALLET, user, command, key=key)
        self.seconds.append(perf_counter() - began)

    async def run(self, in_flight: int, pairs_each: int) -> float:
        """Commands per second with `in_flight` of them under way."""
        self.seconds.clear()
        began = perf_counter()
        await asyncio.gather(*[self.settle(pairs_each) for _ in range(in_flight)])
        return len(self.seconds) / (perf_counter() - began)


def pgbench(servers: EmbeddedServers, directory: Path, seconds: int) -> float:
    """Single-row inserts per second, 16 clients, prepared statements."""
    script = directory / "insert.sql"
    script.write_text(INSERT)
    url = servers.postgres.admin_url
    table = "DROP TABLE IF EXISTS pgbench_single; CREATE TABLE pgbench_single (id bigserial PRIMARY KEY, a int, b text)"
    subprocess.run([postgres_program("psql"), "-q", url, "-c", table], check=True, capture_output=True)
    options = ["-n", "-M", "prepared", "-c", "16", "-j", "1", "-T", str(seconds), "-f", str(script)]
    done = subprocess.run([postgres_program("pgbench"), *options, url], check=True, capture_output=True, text=True)
    return float(next(line for line in done.stdout.splitlines() if line.startswith("tps")).split()[2])


async def bench(directory: Path, *, short: bool) -> list[Line]:
    with embedded_servers(directory, durable=True) as servers:
        return await _bench(servers, directory, short=short)


async def _bench(servers: EmbeddedServers, directory: Path, *, short: bool) -> list[Line]:
    rounds, pairs, seconds = (1, 10, 2) if short else (5, 40, 4)
    rates: list[float] = []
    async with ledger(servers) as bus:
        spender = Spender(bus)
        await spender.run(64, 5)
        calm_collector()
        references = [await asyncio.to_thread(pgbench, servers, directory, seconds)]
        for _ in range(rounds):
            rates.append(await spender.run(1024, pairs))
            references.append(await asyncio.to_thread(pgbench, servers, directory, seconds))
        await spender.run(32, 50 if short else 400)
        latencies = list(spender.seconds)
    # Each round beside what came before and after it: a shared machine's speed changes within a minute.
    beside = [(before + after) / 2 for before, after in pairwise(references)]
    share, rate, reference = sorted((rate / there, rate, there) for rate, there in zip(rates, beside, strict=True))[
        rounds // 2
    ]
    p99_ms = percentile_ms(latencies, 99)
    return [
        Line(
            "ledger: settled commands, 1,024 in flight",
            f"{rate:,.0f}/s, {share:.0%}",
            f"pgbench insert c16: {reference:,.0f}/s",
            "≥ 100%",
            share >= 1,
        ),
        Line("ledger: p99 at 32 in flight", f"{p99_ms:.1f} ms", "", "≤ 10 ms", p99_ms <= 10),
    ]
