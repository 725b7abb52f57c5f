"""The leaderboard: a page through the gateway beside a bare FastAPI route; and reads and writes as the board grows.

A board of so many is filled by COPY: twelve wins in the middle, most with fewer and some with hundreds.
"""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from time import perf_counter

import asyncpg

from contracts.rpc.boards import ListAround, ListLeaders
from deploy.local.servers import EmbeddedServers, embedded_servers
from kernel.db import Database
from services.battle.boards.periods import boards_of
from services.battle.boards.projections import Ended, key_of, write
from services.battle.boards.queries import Boards
from services.battle.boards.tables import SHIFTS
from tests.bench.gateway import UNLIMITED, bare_fastapi, sign_up
from tests.bench.growth import database_of, line, settle_down
from tests.bench.load import load
from tests.bench.report import Line, percentile_ms
from tests.stack import running_stack

CLIENTS = 16
GOAL = 3300
"""What Nakama's leaderboard page makes on two cores."""
SMALL = 1000
CALLS, WARM_UP = 1020, 20
FIRST = 1_000_000
"""The first of the people's ids."""
EVENTS_A_WIN = 25
"""Most events of battle's store are votes: arrivals are so far apart."""
COUNT = f"""
INSERT INTO board_counts SELECT board, shift, key >> shift, count(*)
FROM board_places CROSS JOIN unnest(ARRAY{list(SHIFTS)}) AS shift GROUP BY 1, 2, 3
"""  # noqa: S608
EMPTY = "DELETE FROM board_places; DELETE FROM board_counts"
COLUMNS = ["user_id", "board", "key", "wins", "battles"]


async def bench(directory: Path, *, short: bool) -> list[Line]:
    large = 5_000 if short else 100_000
    with embedded_servers(directory / "servers") as servers:
        lines = await _growth(servers, large)
    return [*lines, *await _page(directory, large, short=short)]


async def fill(connection: asyncpg.Connection, users: int) -> int:
    """A board of so many for the present week, the month and all time. Returns the position of the last event."""
    dice = random.Random(users)
    wins = [min(500, int(dice.expovariate(1 / 12))) for _ in range(users)]
    positions = iter(dice.sample(range(1, users * EVENTS_A_WIN), users))
    rows = [
        (user_id, board, key_of(won, 2 * position), won, 2 * won + 1)
        for user_id, won, position in zip(count(FIRST), wins, positions, strict=False)
        for board in boards_of(datetime.now(UTC))
    ]
    await connection.execute(EMPTY)
    await connection.copy_records_to_table("board_places", records=rows, columns=COLUMNS)
    await connection.execute(COUNT)
    return users * EVENTS_A_WIN


@dataclass
class _Filled:
    """A database with boards of so many people, and what is asked of it."""

    database: Database
    users: int
    position: int
    dice: random.Random = field(default_factory=lambda: random.Random(1))

    def questions(self) -> dict[str, Callable[[], Awaitable[object]]]:
        boards, dice = Boards(self.database), self.dice
        return {
            "page 1": lambda: boards.leaders(ListLeaders()),
            "any page": lambda: boards.leaders(ListLeaders(page=dice.randrange(1, self.users // 20))),
            "around me": lambda: boards.around(ListAround(user_id=FIRST + dice.randrange(self.users))),
            "a battle's end": self._end_a_battle,
        }

    async def _end_a_battle(self) -> None:
        winner, other = self.dice.sample(range(FIRST, FIRST + self.users), 2)
        self.position += EVENTS_A_WIN
        battle = Ended(self.position, winner, other, winner, datetime.now(UTC), self.position)
        async with self.database.write() as connection, connection.transaction():
            await write(connection, [battle])


async def _growth(servers: EmbeddedServers, large: int) -> list[Line]:
    """Small and large by turns, so that both meet the same machine."""
    small, great = await _filled(servers, SMALL), await _filled(servers, large)
    lines = []
    for (name, on_small), on_great in zip(small.questions().items(), great.questions().values(), strict=True):
        small_s, great_s = [], []
        for _ in range(CALLS):
            small_s.append(await _seconds(on_small))
            great_s.append(await _seconds(on_great))
        for percent in (50, 95):
            small_ms, great_ms = [percentile_ms(seconds[WARM_UP:], percent) for seconds in (small_s, great_s)]
            lines.append(line(f"board: {name}, p{percent}, at {large:,} people", small_ms, great_ms))
    await small.database.close()
    await great.database.close()
    return lines


async def _filled(servers: EmbeddedServers, users: int) -> _Filled:
    """Read on connections of their own: those that filled it remember plans for an empty board."""
    name = f"battle_{users}"
    filling = await database_of(servers, "battle", name)
    async with filling.write() as connection:
        position = await fill(connection, users)
    await filling.close()
    await settle_down(servers, name)
    return _Filled(await database_of(servers, "battle", name), users, position)


async def _seconds(question: Callable[[], Awaitable[object]]) -> float:
    began = perf_counter()
    await question()
    return perf_counter() - began


async def _page(directory: Path, users: int, *, short: bool) -> list[Line]:
    """By somebody who is not on the page, so that their own rank has to be known."""
    rounds, seconds = (1, 2.0) if short else (3, 3.0)
    with running_stack(directory / "stack", UNLIMITED) as stack:
        me = await sign_up(stack.url)
        headers = {"Authorization": f"Bearer {me['access_token']}"}
        owner = await asyncpg.connect(stack.variables["MAGICPIC_BATTLE_DATABASE_URL"])
        position = await fill(owner, users)
        async with owner.transaction():
            now, user_id = datetime.now(UTC), me["user"]["id"]
            await write(owner, [Ended(1, user_id, FIRST, user_id, now, position + 1)])
        await owner.close()
        found: dict[str, list[tuple[float, float, float, float]]] = {"": [], "/around-me": []}
        async with bare_fastapi() as bare:
            for _ in range(rounds):
                for path, results in found.items():
                    reference = (await load(bare, clients=CLIENTS, seconds=seconds)).rate
                    url = f"{stack.url}/api/battles/leaderboard{path}"
                    result = await load(url, clients=CLIENTS, seconds=seconds, headers=headers)
                    assert set(result.statuses) == {200}, result.statuses
                    p99_ms = percentile_ms(result.seconds, 99)
                    results.append((result.rate, result.rate / reference, reference, p99_ms))
    page, around = (sorted(results)[rounds // 2] for results in found.values())
    return [
        _rate("GET /api/battles/leaderboard", page, f"≥ {GOAL:,}/s", met=page[0] >= GOAL),
        _rate("GET /api/battles/leaderboard/around-me", around, "", met=True),
    ]


def _rate(what: str, found: tuple[float, float, float, float], goal: str, *, met: bool) -> Line:
    rate, ratio, reference, p99_ms = found
    measured = f"{rate:,.0f}/s, {ratio:.0%}; p99 {p99_ms:.1f} ms"
    return Line(f"{what}, {CLIENTS} clients", measured, f"bare FastAPI route: {reference:,.0f}/s", goal, met)
