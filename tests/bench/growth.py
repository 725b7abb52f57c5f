"""Balance, history, `mine` and the feed with a thousandth and with all of it behind them: growth must not slow reading.

The ledger's events are made by its own command bus; one wallet has a fifth of them. Creation's tables are filled by
SQL, one person having a fifth of the pictures.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

import asyncpg

from contracts.rpc.creation import ListMine
from contracts.rpc.ledger import GetBalance, GetHistory
from contracts.rpc.social import ListFeed, Sort
from deploy.local.servers import EmbeddedServers, embedded_servers
from kernel.clock import utc_now
from kernel.commands import CommandBus
from kernel.db import Database, admin_url_of
from kernel.migrations import create_database, migrate
from kernel.objects import Objects
from services.creation.domain.trend import HALF_LIFE_S
from services.creation.queries import Queries as CreationQueries
from services.creation.social.feed import Feed
from services.ledger import projections
from services.ledger.app import CODEC
from services.ledger.domain import WALLET, GrantCredits
from services.ledger.queries import Queries as LedgerQueries
from tests.bench.report import Line, percentile_ms

EVENTS = int(os.environ.get("BENCH_LEDGER_EVENTS", "1000000"))
BUSY = 1
WALLETS = 1000
CALLS = 300
A_MOMENT = timedelta(seconds=1)
FILL_CREATIONS = """
INSERT INTO creations (creation_id, user_id, style_id, position, is_public, credits_used, credits_remaining,
                       processing_ms, created_at)
SELECT n, CASE WHEN n % 5 = 0 THEN 1 ELSE n % 1000 + 2 END, n % 30 + 1, n, true, 50, 100, 300, now()
FROM generate_series($1::bigint, $2::bigint) n
"""
FILL_MATERIALS = """
INSERT INTO materials (creation_id, user_id, prompt, negative_prompt, effect,
                       original_key, working_key, result_key, thumbnail_key)
SELECT creation_id, user_id, 'p', 'n', 'oil', 'o' || creation_id, 'w' || creation_id, 'r' || creation_id,
       't' || creation_id
FROM creations WHERE creation_id BETWEEN $1 AND $2
"""
FILL_COUNTS = """
INSERT INTO counts (user_id, finished) SELECT user_id, count(*) FROM creations GROUP BY user_id
ON CONFLICT (user_id) DO UPDATE SET finished = excluded.finished
"""
# Few are liked much, and what is new has more of a trend.
FILL_SHOWINGS = f"""
INSERT INTO showings (creation_id, user_id, style_id, position, visible, hidden, likes, views, trend, battle_wins)
SELECT creation_id, user_id, style_id, position, true, false, 1000 / (creation_id * 7919 % 1000 + 1), 0,
       20000 + position * 10 / {HALF_LIFE_S} + log(2, 1 + 1000 / (creation_id * 7919 % 1000 + 1)), 0
FROM creations WHERE creation_id BETWEEN $1 AND $2
"""  # noqa: S608  (a number of our own)
FILL_SHOWN = """
INSERT INTO shown_counts (user_id, style_id, shown)
SELECT coalesce(user_id, 0), coalesce(style_id, 0), count(*) FROM showings GROUP BY CUBE (user_id, style_id)
ON CONFLICT (user_id, style_id) DO UPDATE SET shown = excluded.shown
"""


async def bench(directory: Path, *, short: bool) -> list[Line]:
    events, creations = (20_000, 20_000) if short else (EVENTS, 1_000_000)
    with embedded_servers(directory) as servers:
        return [*await _ledger(servers, events), *await _creation(servers, creations)]


async def _ledger(servers: EmbeddedServers, large: int) -> list[Line]:
    small = max(1000, large // 1000)
    database = await database_of(servers, "ledger")
    commands = CommandBus(
        database, CODEC, projections.project, deadlines=projections.deadlines, plain=projections.PLAIN
    )
    commands.start()
    queries = LedgerQueries(database)
    questions: dict[str, Callable[[], Awaitable[object]]] = {
        "balance": lambda: queries.balance(GetBalance(user_id=BUSY)),
        "balance of a past moment": lambda: queries.balance(GetBalance(user_id=BUSY, at=utc_now() - A_MOMENT)),
        "history, page 1": lambda: queries.history(GetHistory(user_id=BUSY)),
        "history, last page": lambda: queries.history(GetHistory(user_id=BUSY, page=10)),
        "history, by cursor": lambda: queries.history(GetHistory(user_id=BUSY, cursor=100)),
    }
    await _grant(commands, 0, small)
    small_ms = {name: await p50_ms(question) for name, question in questions.items()}
    await _grant(commands, small, large)
    await settle_down(servers, "ledger")
    large_ms = {name: await p50_ms(question) for name, question in questions.items()}
    await commands.close()
    await database.close()
    return [line(f"{name} at {large:,} events", small_ms[name], large_ms[name], small) for name in questions]


async def _grant(commands: CommandBus, first: int, last: int) -> None:
    for begin in range(first, last, 2000):
        await asyncio.gather(
            *[
                commands.execute(WALLET, user, GrantCredits(user, 10, "signup_bonus", "x"), key=f"g{n}")
                for n in range(begin, min(last, begin + 2000))
                for user in [BUSY if n % 5 == 0 else n % WALLETS + 2]
            ]
        )


async def _creation(servers: EmbeddedServers, large: int) -> list[Line]:
    database = await database_of(servers, "creation")
    s3 = servers.s3
    objects = Objects(s3.endpoint, s3.access_key, s3.secret_key, "bench", "us-east-1")
    queries, feed = CreationQueries(database, objects), Feed(database, objects)
    questions: dict[str, Callable[[], Awaitable[object]]] = {
        "mine, page 1": lambda: queries.mine(ListMine(user_id=BUSY)),
        "feed, newest": lambda: _feed(feed, "newest"),
        "feed, newest, 10th page by cursor": lambda: _feed(feed, "newest", cursor="800_800"),
        "feed, popular": lambda: _feed(feed, "popular"),
        "feed, popular, of a style": lambda: _feed(feed, "popular", style_id=7),
        "feed, trending": lambda: _feed(feed, "trending"),
        "feed, trending, of one person": lambda: _feed(feed, "trending", of_user=BUSY),
    }
    await _fill(servers, database, 1, 1000)
    small_ms = {name: await percentile(question, 95) for name, question in questions.items()}
    await _fill(servers, database, 1001, large)
    large_ms = {name: await percentile(question, 95) for name, question in questions.items()}
    await database.close()
    return [line(f"{name}, at {large:,} creations, p95", small_ms[name], large_ms[name]) for name in questions]


def _feed(feed: Feed, sort: Sort, **options: Any) -> Awaitable[object]:
    return feed.page(ListFeed(user_id=BUSY, sort=sort, **options))


async def _fill(servers: EmbeddedServers, database: Database, first: int, last: int) -> None:
    owner = await asyncpg.connect(admin_url_of(servers.postgres.admin_url, database.url))
    await owner.execute(FILL_CREATIONS, first, last)
    await owner.execute(FILL_MATERIALS, first, last)
    await owner.execute(FILL_SHOWINGS, first, last)
    await owner.execute(FILL_COUNTS)
    await owner.execute(FILL_SHOWN)
    await owner.close()
    await settle_down(servers, "creation")


async def settle_down(servers: EmbeddedServers, name: str) -> None:
    """What autovacuum would do by and by, in the database of this name."""
    parts = urlsplit(servers.postgres.admin_url)
    owner = await asyncpg.connect(parts._replace(path=f"/{name}").geturl())
    await owner.execute("VACUUM ANALYZE")
    await owner.close()


async def database_of(servers: EmbeddedServers, service: str, name: str | None = None) -> Database:
    """A database of a service's, named like it unless told."""
    parts = urlsplit(servers.postgres.admin_url)
    url = f"postgresql://{service}:bench@{parts.hostname}:{parts.port}/{name or service}"
    await create_database(servers.postgres.admin_url, url)
    await migrate(service, servers.postgres.admin_url, url)
    database = Database(url)
    await database.open()
    return database


async def p50_ms(question: Callable[[], Awaitable[object]]) -> float:
    return await percentile(question, 50)


async def percentile(question: Callable[[], Awaitable[object]], percent: int) -> float:
    """Of the milliseconds that asking takes."""
    seconds = []
    for _ in range(CALLS):
        began = perf_counter()
        await question()
        seconds.append(perf_counter() - began)
    return percentile_ms(seconds[20:], percent)


def line(what: str, small_ms: float, large_ms: float, small: int = 1000) -> Line:
    ratio = large_ms / small_ms
    return Line(what, f"{large_ms:.2f} ms, {ratio:.0%}", f"at {small:,}: {small_ms:.2f} ms", "≤ 150%", ratio <= 1.5)
