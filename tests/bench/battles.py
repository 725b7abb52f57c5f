"""What someone is shown, with four thousand votes behind it and with a million: `current`, `next`, the history.

A tenth as many battles as votes are active. The person who asks has voted on one in twenty of them, and skips one with
every question. Tables are filled by SQL.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path
from time import perf_counter

import asyncpg

from contracts.rpc import battle as rpc
from deploy.local.servers import EmbeddedServers, embedded_servers
from kernel.clock import utc_now
from kernel.db import admin_url_of
from services.battle.queries import Queries
from services.battle.showing import Showing
from tests.bench.growth import database_of, settle_down
from tests.bench.report import Line, percentile_ms

BUSY = 1
CALLS = 300
FILL = (
    """
    INSERT INTO battles
    SELECT n, 2 * n, n % 100000 + 10, 2 * n + 1, n % 99991 + 200000,
           CASE WHEN n % 100 > 9 THEN 'active' ELSE 'ended' END,
           now(), now() + interval '1 day', now(), 10, 0, 1000, 0, 0, NULL, 0
    FROM generate_series($1::bigint, $2::bigint) n
    """,
    """
    INSERT INTO exposure SELECT battle_id, user_a, user_b, ends_at, battle_id % 50 FROM battles
    WHERE battle_id BETWEEN $1 AND $2 AND status = 'active'
    """,
    """
    INSERT INTO votes
    SELECT battle_id,
           CASE WHEN k = 0 AND battle_id % 20 = 0 THEN 1 ELSE (battle_id * 7 + k * 9973) % 100000 + 400000 END,
           creation_a, 100, battle_id * 10 + k, now()
    FROM battles, generate_series(0, 9) k WHERE battle_id BETWEEN $1 AND $2
    """,
    """
    INSERT INTO fought SELECT 1, battle_id * 10, battle_id FROM battles
    WHERE battle_id BETWEEN $1 AND $2 AND status = 'ended'
    """,
    """
    INSERT INTO fighters SELECT 1, 1000, count(*) FROM fought WHERE $1::bigint <= $2::bigint
    ON CONFLICT (user_id) DO UPDATE SET fought = excluded.fought
    """,
)


async def bench(directory: Path, *, short: bool) -> list[Line]:
    large = 20_000 if short else 1_000_000
    with embedded_servers(directory) as servers:
        database = await database_of(servers, "battle")
        showing, queries = Showing(database, utc_now), Queries(database)
        questions: dict[str, Callable[[], Awaitable[object]]] = {
            "current battle": lambda: showing.current(rpc.CurrentBattle(user_id=BUSY)),
            "next battle": lambda: showing.next(rpc.NextBattle(user_id=BUSY)),
            "battle history, page 1": lambda: queries.fought(rpc.ListFought(user_id=BUSY)),
        }
        await _fill(servers, database.url, 1, 400)
        small_ms = {name: await _p95_ms(question) for name, question in questions.items()}
        await _fill(servers, database.url, 401, large // 10)
        large_ms = {name: await _p95_ms(question) for name, question in questions.items()}
        await database.close()
    return [_line(f"{name} at {large:,} votes, p95", small_ms[name], large_ms[name]) for name in questions]


async def _fill(servers: EmbeddedServers, url: str, first: int, last: int) -> None:
    owner = await asyncpg.connect(admin_url_of(servers.postgres.admin_url, url))
    for statement in FILL:
        await owner.execute(statement, first, last)
    await owner.close()
    await settle_down(servers, "battle")


async def _p95_ms(question: Callable[[], Awaitable[object]]) -> float:
    seconds = []
    for _ in range(CALLS):
        began = perf_counter()
        await question()
        seconds.append(perf_counter() - began)
    return percentile_ms(seconds[20:], 95)


def _line(what: str, small_ms: float, large_ms: float) -> Line:
    ratio = large_ms / small_ms
    return Line(what, f"{large_ms:.2f} ms, {ratio:.0%}", f"at 4,000: {small_ms:.2f} ms", "≤ 150%", ratio <= 1.5)
