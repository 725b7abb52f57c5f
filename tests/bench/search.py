"""Finding people by name among a thousand and among a hundred thousand.

Names are made of syllables and drawn as people's are: a few first names are everywhere, and most surnames are rare.
The goal is not the ratio: a search may look at a hundred people of each kind of fit, and among a thousand it mostly
finds fewer.
"""

import random
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from time import perf_counter
from urllib.parse import urlsplit

import asyncpg

from contracts.rpc.auth import SearchPeople
from deploy.local.servers import embedded_servers
from kernel.clock import utc_now
from kernel.db import Database, admin_url_of
from kernel.migrations import create_database, migrate
from kernel.objects import Objects
from kernel.text import index_keys
from services.auth.people_search import PeopleSearch
from services.auth.queries import Queries
from tests.bench.report import Line, percentile_ms

CALLS = 300
MOST_MS = 10
SYLLABLES = [
    consonant + vowel for consonant in "bcdfghjklmnprstvwyz" for vowel in ("a", "e", "i", "o", "u", "ai", "ee")
]
FIRST_NAMES, SURNAMES = 400, 20_000
BATCH = 5000
Ask = Callable[[str], Awaitable[object]]


async def bench(directory: Path, *, short: bool) -> list[Line]:
    large = 10_000 if short else 100_000
    draw = random.Random(7)
    names = list(_names(draw, large))
    with embedded_servers(directory) as servers:
        admin_url = servers.postgres.admin_url
        database, owner = await _database(admin_url)
        objects = Objects(servers.s3.endpoint, servers.s3.access_key, servers.s3.secret_key, "bench", "us-east-1")
        search = PeopleSearch(database, Queries(database, objects, utc_now))

        async def ask(q: str) -> object:
            return await search.search(SearchPeople(q=q))

        await _fill(owner, names, 0, 1000)
        questions = _questions(draw, names[:1000])
        small_ms = {what: await _p95_ms(ask, asked) for what, asked in questions.items()}
        await _fill(owner, names, 1000, large)
        large_ms = {what: await _p95_ms(ask, asked) for what, asked in questions.items()}
        await owner.close()
        await database.close()
    return [_line(f"people by {what}, among {large:,}", small_ms[what], large_ms[what]) for what in questions]


def _names(draw: random.Random, count: int) -> Iterator[str]:
    def invented(least: int) -> str:
        return "".join(draw.choices(SYLLABLES, k=draw.randint(least, 3))).title()

    first, last = [invented(1) for _ in range(FIRST_NAMES)], [invented(2) for _ in range(SURNAMES)]
    often = [1 / (rank + 5) for rank in range(FIRST_NAMES)], [1 / (rank + 50) for rank in range(SURNAMES)]
    for one, other in zip(draw.choices(first, often[0], k=count), draw.choices(last, often[1], k=count), strict=True):
        yield f"{one} {other}"


def _questions(draw: random.Random, names: Sequence[str]) -> dict[str, list[str]]:
    asked = draw.sample(names, 100)
    return {
        "whole name": asked,
        "name with a slip": [_mistyped(draw, name) for name in asked],
        "first name": [name.split()[0] for name in asked],
        "three letters": [name.split()[1][:3] for name in asked],
        "one letter": [name[0] for name in asked],
        "what nobody is called": [f"qx{name[::-1]}" for name in asked],
    }


def _mistyped(draw: random.Random, name: str) -> str:
    at = draw.randrange(len(name) - 3, len(name) - 1)
    return name[:at] + name[at + 1] + name[at] + name[at + 2 :]


async def _database(admin_url: str) -> tuple[Database, asyncpg.Connection]:
    parts = urlsplit(admin_url)
    url = f"postgresql://auth:bench@{parts.hostname}:{parts.port}/auth"
    await create_database(admin_url, url)
    await migrate("auth", admin_url, url)
    database = Database(url)
    await database.open()
    return database, await asyncpg.connect(admin_url_of(admin_url, url))


async def _fill(owner: asyncpg.Connection, names: Sequence[str], first: int, last: int) -> None:
    now = utc_now()
    await owner.execute("DROP INDEX name_keys_forms")  # built at once it takes seconds, row by row a minute
    for begin in range(first, last, BATCH):
        ids = range(begin, min(last, begin + BATCH))
        tables = {
            "people": (["user_id", "name", "is_verified", "created_at"], [(n, names[n], True, now) for n in ids]),
            "accounts": (["user_id", "role", "suspended", "ends"], [(n, "user", False, 0) for n in ids]),
            "name_keys": (["user_id", "forms"], [(n, index_keys(names[n])) for n in ids]),
        }
        for table, (columns, rows) in tables.items():
            await owner.copy_records_to_table(table, records=rows, columns=columns)
    await owner.execute("CREATE INDEX name_keys_forms ON name_keys USING gin (forms) WITH (fastupdate = off)")
    await owner.execute("VACUUM ANALYZE")


async def _p95_ms(ask: Ask, asked: Sequence[str]) -> float:
    seconds = []
    for number in range(CALLS):
        began = perf_counter()
        await ask(asked[number % len(asked)])
        seconds.append(perf_counter() - began)
    return percentile_ms(seconds[20:], 95)


def _line(what: str, small_ms: float, large_ms: float) -> Line:
    measured = f"p95 {large_ms:.2f} ms, {large_ms / small_ms:.0%}"
    return Line(what, measured, f"among 1,000: {small_ms:.2f} ms", "≤ 10 ms", large_ms <= MOST_MS)
