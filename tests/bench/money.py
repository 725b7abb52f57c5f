"""Money in bulk: batches from JetStream to durable transfers whose events are published, beside pgbench's single-row
inserts on the same server; one hot wallet; and the audit of what came of it.

Each transfer is one item with its own idempotency key, on one of 2,000 wallets with two lots: an event sealed into the
hash chain, the stream's state, the key, the transfer's row. The producer's batches wait in JetStream when time starts.
"""

import asyncio
import os
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import perf_counter
from urllib.parse import urlsplit

import asyncpg
import msgspec
import nats

from contracts import subjects
from contracts.bulk import MAX_ITEMS, Batch, Item
from deploy.local.servers import EmbeddedServers, embedded_servers
from kernel.clock import utc_now
from kernel.db import admin_url_of
from kernel.jetstream import declare_streams
from kernel.migrations import create_database, migrate
from kernel.service import Service, calm_collector
from services.ledger.app import CODEC, LedgerSettings, build
from services.ledger.audit import audit
from services.ledger.domain import WALLET, GrantCredits, SpendCredits
from tests.bench.ledger import pgbench
from tests.bench.report import Line, percentile_ms

WALLETS = 2000
HOT_CLIENTS = 256
PROGRESS = "SELECT (SELECT max(position) FROM events), (SELECT position FROM relay_cursor)"
AUDITED = int(os.environ.get("BENCH_AUDIT_ENTRIES", "0"))
"""How many entries the audit is to find; 0: as many as there are by then."""


async def prepare(servers: EmbeddedServers) -> LedgerSettings:
    """A database and streams for the whole service."""
    parts = urlsplit(servers.postgres.admin_url)
    url = f"postgresql://ledger:bench@{parts.hostname}:{parts.port}/bench_money"
    await create_database(servers.postgres.admin_url, url)
    await migrate("ledger", servers.postgres.admin_url, url)
    client = await nats.connect(servers.nats.url)
    await declare_streams(client)
    await client.close()
    return LedgerSettings(ledger_database_url=url, nats_url=servers.nats.url)


@asynccontextmanager
async def running(settings: LedgerSettings) -> AsyncIterator[Service]:
    service = build(settings)
    await service.start()
    calm_collector()
    yield service
    await service.stop()


class Producer:
    """Puts batches on the stream: first two grants for every wallet, then nine debits to each grant."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._number = 0

    def _item(self) -> Item:
        self._number += 1
        number = self._number
        user = number % WALLETS if number <= 2 * WALLETS else random.randrange(WALLETS)
        if number <= 2 * WALLETS or number % 10 == 0:
            bought = number > WALLETS
            return Item(str(number), "grant", user, 1_000_000, "purchase", "Pack", "purchase", bought, reference="o")
        return Item(str(number), "spend", user, 5, "consume", "Used credits")

    async def produce(self, items: int) -> None:
        client = await nats.connect(self._url)
        for _ in range(items // MAX_ITEMS):
            body = msgspec.json.encode(Batch([self._item() for _ in range(MAX_ITEMS)]))
            await client.jetstream().publish(subjects.BULK_TRANSFERS, body)
        await client.close()


async def until_there(owner: asyncpg.Connection, position: int) -> tuple[float, float]:
    """Seconds until that many events were committed, and published."""
    began, committed = perf_counter(), 0.0
    while True:
        last, published = await owner.fetchrow(PROGRESS)
        if not committed and (last or 0) >= position:
            committed = perf_counter() - began
        if (published or 0) >= position:
            return committed, perf_counter() - began
        await asyncio.sleep(0.02)


async def hot_wallet(service: Service, spends_each: int) -> tuple[float, list[float]]:
    """Spends per second from one wallet with 256 clients, and how long each took; it must end where it should."""
    user, spends = 1_000_000, HOT_CLIENTS * spends_each
    grant = GrantCredits(user, spends, "purchase", "Pack", "purchase")
    await service.commands.execute(WALLET, user, grant, key=f"hot:{spends}")
    seconds, refused = [], 0

    async def client(number: int) -> None:
        nonlocal refused
        for n in range(spends_each + 1):  # one more than there are credits for
            began = perf_counter()
            command = SpendCredits(user, 1, "consume", "Used credits")
            try:
                await service.commands.execute(WALLET, user, command, key=f"hot:{spends}:{number}:{n}")
            except Exception:  # noqa: BLE001  (counted: as many as went one too far)
                refused += 1
            seconds.append(perf_counter() - began)

    began = perf_counter()
    await asyncio.gather(*[client(number) for number in range(HOT_CLIENTS)])
    rate = len(seconds) / (perf_counter() - began)
    assert refused == HOT_CLIENTS, refused
    return rate, seconds


async def bench(directory: Path, *, short: bool) -> list[Line]:
    rounds, items = (1, 5_000) if short else (3, 60_000)
    with embedded_servers(directory, durable=True) as servers:
        settings = await prepare(servers)
        producer = Producer(servers.nats.url)
        owner = await asyncpg.connect(admin_url_of(servers.postgres.admin_url, settings.ledger_database_url))
        there = 2 * WALLETS + 1000
        await producer.produce(there)
        async with running(settings):
            await until_there(owner, there)
        rates, published_rates, references = [], [], []
        for _ in range(rounds):
            references.append(await asyncio.to_thread(pgbench, servers, directory, 2 if short else 4))
            await producer.produce(items)
            there += items
            async with running(settings):
                committed, published = await until_there(owner, there)
            rates.append(items / committed)
            published_rates.append(items / published)
        async with running(settings) as service:
            hot, seconds = await hot_wallet(service, 5 if short else 60)
            await _fill(owner, producer)
        lines = [*_bulk_lines(rates, published_rates, references), *_hot_lines(hot, seconds), await _audit_line(owner)]
        await owner.close()
    return lines


async def _fill(owner: asyncpg.Connection, producer: Producer) -> None:
    """As many entries as the audit is to find."""
    there = await owner.fetchval("SELECT max(position) FROM events")
    while there < AUDITED:
        await producer.produce(50_000)
        there += 50_000
        await until_there(owner, there)


async def _audit_line(owner: asyncpg.Connection) -> Line:
    began = perf_counter()
    report = await audit(owner, CODEC, utc_now())
    seconds = perf_counter() - began
    assert report.faults == [], report.faults[:3]
    per_million = seconds / report.events * 1e6
    measured = f"{seconds:.1f} s for {report.events:,} entries: {per_million:.0f} s for 10⁶"
    return Line("money: audit", measured, "", "≤ 60 s for 10⁶", per_million <= 60)


def _bulk_lines(rates: list[float], published: list[float], references: list[float]) -> list[Line]:
    rate, told, reference = (sorted(found)[len(found) // 2] for found in (rates, published, references))
    beside = f"pgbench insert c16: {reference:,.0f}/s"
    return [
        Line(
            "money: bulk transfers, durable",
            f"{rate:,.0f}/s, {rate / reference:.0%}",
            beside,
            "≥ 100%",
            rate >= reference,
        ),
        Line(
            "money: … and their events published",
            f"{told:,.0f}/s, {told / reference:.0%}",
            beside,
            "≥ 20,000/s",
            told >= 20_000,
        ),
    ]


def _hot_lines(rate: float, seconds: list[float]) -> list[Line]:
    p99_ms = percentile_ms(seconds, 99)
    return [
        Line(f"money: one hot wallet, {HOT_CLIENTS} clients", f"{rate:,.0f}/s", "", "≥ 2,000/s", rate >= 2000),
        Line("money: … p99", f"{p99_ms:.0f} ms", "", "≤ 300 ms", p99_ms <= 300),
    ]
