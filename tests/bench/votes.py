"""Votes on ONE hot battle through the gateway, each by another person from another address, from 64 clients.

Beside them a bare FastAPI route of the same run that takes the same body.

Each vote is durable, counted once, and looked into by the guards before it is answered. Whoever votes has asked for
something before (the battle itself, as a rule), so the gateway knows the token. In the end the battle must have as many
votes as were answered, and the audit must find nothing.
"""

from collections.abc import Iterator
from pathlib import Path

import asyncpg

from kernel.clock import utc_now
from kernel.commands import CommandBus
from kernel.db import Database
from services.auth.tokens import Tokens, seed_of
from services.battle.app import CODEC
from services.battle.domain.battle import BATTLE, Side, StartBattle
from services.battle.keeping import deadlines, keep
from services.battle.projections import project
from tests.bench.gateway import UNLIMITED, bare_fastapi
from tests.bench.load import Result, load, load_each, request_to
from tests.bench.report import Line, percentile_ms
from tests.stack import Stack, running_stack

CLIENTS = 64
BATTLE_ID, A, B = 1_000_000, Side(1_000_001, 1), Side(1_000_002, 2)
FIRST_VOTER = 10_000
BODIES = [b'{"creation_id":%d}' % side.creation_id for side in (A, B)]
SETTINGS = UNLIMITED | {"MAGICPIC_TRUSTED_PROXIES": "127.0.0.1"}
OLD_ACCOUNTS = "INSERT INTO accounts SELECT n, now() - interval '1 year' FROM generate_series($1::bigint, $2) n"
TOTALS = "SELECT votes_a + votes_b, (SELECT count(*) FROM votes), (SELECT count(*) FROM suspects) FROM battles"


async def bench(directory: Path, *, short: bool) -> list[Line]:
    rounds, seconds, voters = (1, 2.0, 3_000) if short else (3, 4.0, 12_000)
    with running_stack(directory / "stack", SETTINGS) as stack:
        await begin_battle(stack, rounds * voters)
        heads = list(voters_of(stack, rounds * voters))
        found: list[tuple[float, Result, float]] = []
        async with bare_fastapi() as bare:
            for number in range(rounds):
                some = heads[number * voters : (number + 1) * voters]
                known = await load_each(stack.url, _known(stack, some), clients=CLIENTS, seconds=60)
                assert known.statuses == {200: voters}, known.statuses
                reference = await load(f"{bare}votes", clients=CLIENTS, seconds=seconds, bodies=BODIES)
                result = await load_each(stack.url, _votes(stack, some), clients=CLIENTS, seconds=seconds)
                assert set(result.statuses) == {200}, result.statuses
                found.append((result.rate / reference.rate, result, reference.rate))
        votes = sum(len(result.seconds) for _, result, _ in found)
        connection = await asyncpg.connect(stack.variables["MAGICPIC_BATTLE_DATABASE_URL"])
        assert tuple(await connection.fetchrow(TOTALS)) == (votes, votes, 0)
        await connection.close()
        stack.magicpic("audit")
    share, result, reference_rate = sorted(found, key=lambda each: each[0])[rounds // 2]
    worst_ms = percentile_ms(result.seconds, 99)
    return [
        Line(
            f"votes on one battle, {CLIENTS} clients",
            f"{result.rate:,.0f}/s, {share:.0%}",
            f"bare FastAPI POST route: {reference_rate:,.0f}/s",
            "≥ 30%",
            share >= 0.3,
        ),
        Line("the same, p99", f"{worst_ms:.0f} ms", f"{votes:,} votes, all counted", "≤ 100 ms", worst_ms <= 100),
    ]


async def begin_battle(stack: Stack, voters: int) -> None:
    """One without pictures, and people whose accounts are old."""
    database = Database(stack.variables["MAGICPIC_BATTLE_DATABASE_URL"])
    await database.open()
    commands = CommandBus(database, CODEC, project, keep, deadlines=deadlines)
    commands.start()
    await commands.execute(BATTLE, BATTLE_ID, StartBattle(BATTLE_ID, A, B, 3600))
    await commands.close()
    async with database.write() as connection:
        await connection.execute(OLD_ACCOUNTS, FIRST_VOTER, FIRST_VOTER + voters)
    await database.close()


def voters_of(stack: Stack, count: int) -> Iterator[dict[str, str]]:
    """What each sends along: a token as auth gives it, and an address of their own."""
    seed = seed_of(stack.variables["MAGICPIC_AUTH_SIGNING_KEY"])
    tokens = Tokens(seed, clock=utc_now, access_life_s=1800, refresh_life_s=1800)
    for number in range(count):
        token = tokens.access(FIRST_VOTER + number, f"{number:032x}")
        address = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
        yield {"Authorization": f"Bearer {token}", "X-Forwarded-For": address}


def _known(stack: Stack, heads: list[dict[str, str]]) -> Iterator[bytes]:
    return (request_to(f"{stack.url}/api/categories", head) for head in heads)


def _votes(stack: Stack, heads: list[dict[str, str]]) -> Iterator[bytes]:
    url = f"{stack.url}/api/battles/{BATTLE_ID}/vote"
    return iter([request_to(url, head, BODIES[number % 3 % 2]) for number, head in enumerate(heads)])
