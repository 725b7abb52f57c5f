"""Places, ranks and pages, on PostgreSQL, against a board so small that it can be seen to be right."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.rpc.boards import BoardRow, GetOwnRank, ListAround, ListLeaders
from services.battle.app import BattleSettings, build
from services.battle.boards.periods import boards_of
from services.battle.boards.projections import Ended
from services.battle.boards.tables import LEAF_BITS, SHIFTS
from tests.given import refused
from tests.integration.battle.boards.conftest import MONDAY, Arena, ended

USERS = 8
GAPS = st.sampled_from([1, 2, 600, 2**16, 2**23, 2**30])
"""Between two positions: near and far apart in the tree."""


@dataclass
class Place:
    user_id: int
    arrived: int
    wins: int = 0
    battles: int = 0


def model(battles: Sequence[Ended], board: str) -> list[tuple[int, int, int]]:
    """`(user, wins, battles)` of everyone on a board, the first first."""
    places: dict[int, Place] = {}
    for battle in battles:
        if board not in boards_of(battle.at):
            continue
        for user_id in (battle.user_a, battle.user_b):
            place = places.setdefault(user_id, Place(user_id, len(places)))
            place.battles += 1
            if battle.winner_user == user_id:
                place.wins += 1
                place.arrived = USERS + 2 * battle.position
    order = sorted(places.values(), key=lambda place: (-place.wins, place.arrived))
    return [(place.user_id, place.wins, place.battles) for place in order]


@st.composite
def histories(draw: st.DrawFn) -> list[Ended]:
    found, position = [], 0
    for _ in range(draw(st.integers(1, 25))):
        position += draw(GAPS)
        pair = draw(st.lists(st.integers(1, USERS), min_size=2, max_size=2, unique=True))
        at = MONDAY + timedelta(days=draw(st.sampled_from([0, 7, 30])))
        found.append(ended(position, pair[0], pair[1], draw(st.sampled_from([pair[0], pair[0], pair[1], None])), at))
    return found


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(battles=histories(), cuts=st.sets(st.integers(0, 25)), gone=st.sets(st.integers(1, USERS), max_size=2))
async def test_places_and_ranks_are_right_however_the_battles_are_parted(
    arena: Arena, battles: list[Ended], cuts: set[int], gone: set[int]
) -> None:
    await arena.empty()
    await arena.write(*[[battle] for battle in battles])
    one_by_one = await arena.tables()
    await arena.empty()
    edges = [0, *sorted(cut for cut in cuts if cut < len(battles)), len(battles)]
    await arena.write(*[battles[begin:end] for begin, end in pairwise(edges)])
    assert await arena.tables() == one_by_one
    await arena.leave(*gone)
    for board in ("all_time", "2026-W46", "2026-W47", "2026-12"):
        await check_board(arena, board, [row for row in model(battles, board) if row[0] not in gone])
    await check_tree(arena)


async def check_board(arena: Arena, board: str, expected: list[tuple[int, int, int]]) -> None:
    of = None if board == "all_time" else board
    period = "all_time" if board == "all_time" else None
    places = [(rank, *row) for rank, row in enumerate(expected, start=1)]
    for page in (1, 2, 3, 4):
        found = await arena.boards.leaders(ListLeaders(period=period, of=of, page=page, limit=3))
        assert shown(found.standings) == places[3 * page - 3 : 3 * page]
        assert found.total == len(places)
    for rank, user_id, *_ in places:
        own = await arena.boards.standing(GetOwnRank(period=period, of=of, user_id=user_id))
        assert own.standing is not None
        assert own.standing.rank == rank
        around = await arena.boards.around(ListAround(period=period, of=of, user_id=user_id, size=2))
        assert shown(around.standings) == places[max(0, rank - 3) : rank + 2]
        assert around.total == len(places)


def shown(standings: Sequence[BoardRow]) -> list[tuple[int, int, int, int]]:
    return [(place.rank, place.user_id, place.wins, place.total_battles) for place in standings]


async def check_tree(arena: Arena) -> None:
    """Every node counts the places under it, and there is none without."""
    places, counts = await arena.tables()
    expected: dict[tuple[object, int, int], int] = {}
    for _, board, key, _, _ in places:
        assert isinstance(key, int)
        for shift in SHIFTS:
            node = (board, shift, key >> shift)
            expected[node] = expected.get(node, 0) + 1
    assert counts == {(*node, players) for node, players in expected.items()}


async def test_a_board_of_many_in_pages_through_all_levels(arena: Arena) -> None:
    """A leaf with more than a page, and leaves far apart."""
    crowd = 3 << LEAF_BITS
    battles = [ended(n, 2 * n, 2 * n + 1, 2 * n if n % 3 else None) for n in range(1, crowd // 2)]
    battles += [ended((n << 20) + crowd, n, n + 1, n) for n in range(1, 600)]
    await arena.write(*[battles[begin : begin + 500] for begin in range(0, len(battles), 500)])
    async with arena.database.write() as connection:
        order = await connection.fetch("SELECT user_id FROM board_places WHERE board = 'all_time' ORDER BY key")
    everyone = [row["user_id"] for row in order]
    for page in (1, 2, 11, 12, 33, 60, 62):
        found = await arena.boards.leaders(ListLeaders(period="all_time", page=page, limit=50))
        assert [place.user_id for place in found.standings] == everyone[50 * page - 50 : 50 * page]
        for place in (found.standings[0], found.standings[-1]) if found.standings else ():
            own = await arena.boards.standing(GetOwnRank(period="all_time", user_id=place.user_id))
            assert own.standing == place
    assert found.total == len(everyone)


async def test_the_present_week_begins_anew_and_the_past_one_stays_as_it_was(arena: Arena) -> None:
    await arena.write([ended(1, 1, 2, 2), ended(2, 1, 3, 1), ended(3, 4, 1, None)])
    before = await arena.boards.leaders(ListLeaders())
    assert shown(before.standings) == [(1, 2, 1, 1), (2, 1, 1, 3), (3, 3, 0, 1), (4, 4, 0, 1)]
    assert [place.win_rate for place in before.standings] == [100.0, 33.3, 0.0, 0.0]
    arena.now += timedelta(days=7)
    assert (await arena.boards.leaders(ListLeaders())).standings == []
    await arena.write([ended(4, 3, 1, 3, arena.now)])
    assert [place.user_id for place in (await arena.boards.leaders(ListLeaders())).standings] == [3, 1]
    assert await arena.boards.leaders(ListLeaders(of="2026-W46")) == before


async def test_one_is_nowhere_before_ones_first_battle_and_after_leaving(arena: Arena) -> None:
    nobody = GetOwnRank(period="all_time", user_id=1)
    assert (await arena.boards.standing(nobody)).standing is None
    assert (await arena.boards.around(ListAround(user_id=1))).total == 0
    await arena.leave(9)
    await arena.write([ended(1, 1, 2, 1), ended(2, 9, 3, 9)])
    assert (await arena.boards.standing(nobody)).standing is not None
    await arena.leave(1, 7)
    assert (await arena.boards.standing(nobody)).standing is None
    found = await arena.boards.around(ListAround(user_id=1))
    assert (found.standings, found.total) == ([], 2)
    await arena.write([ended(3, 1, 2, 1)])  # a battle of theirs that ends afterwards
    assert shown((await arena.boards.leaders(ListLeaders())).standings) == [(1, 2, 0, 2), (2, 3, 0, 1)]


async def test_what_is_no_page_is_refused(arena: Arena) -> None:
    for page, limit in ((0, 20), (-1, 20), (1, 0), (1, 51), (1_000_001, 1)):
        with refused("VALIDATION_ERROR"):
            await arena.boards.leaders(ListLeaders(page=page, limit=limit))
    for size in (0, 26):
        with refused("VALIDATION_ERROR"):
            await arena.boards.around(ListAround(user_id=1, size=size))
    assert (await arena.boards.leaders(ListLeaders(page=1_000_000, limit=50))).standings == []


async def test_who_reads_while_others_write_sees_whole_batches(arena: Arena) -> None:
    """Ranks of a page are 1 to n without a gap, whatever is being written."""
    battles = [ended(n, n % 40 + 1, n % 41 + 41, n % 40 + 1) for n in range(1, 400)]
    writing = asyncio.create_task(arena.write(*[battles[begin : begin + 7] for begin in range(0, 400, 7)]))
    while not writing.done():
        found = await arena.boards.leaders(ListLeaders(limit=50))
        assert [place.rank for place in found.standings] == list(range(1, min(50, found.total) + 1))
        around = await arena.boards.around(ListAround(user_id=5, size=3))
        assert [place.rank for place in around.standings] == [
            rank + (around.standings[0].rank if around.standings else 0) for rank in range(len(around.standings))
        ]
    await writing
    await check_tree(arena)


async def test_battle_answers_for_its_boards(arena: Arena, nats_url: str) -> None:
    await arena.write([ended(1, 1, 2, 2)])
    settings = BattleSettings(battle_database_url=arena.database.url, nats_url=nats_url)
    service = build(settings, clock=lambda: arena.now)
    await service.start()
    try:
        ask = service.bus.caller.ask
        leaders = await ask(ListLeaders())
        assert (leaders.period, leaders.of, leaders.total) == ("weekly", "2026-W46", 2)
        assert shown(leaders.standings) == [(1, 2, 1, 1), (2, 1, 0, 1)]
        assert (await ask(GetOwnRank(user_id=1))).standing.rank == 2
        assert shown((await ask(ListAround(user_id=2))).standings) == shown(leaders.standings)
        with refused("VALIDATION_ERROR"):
            await ask(ListLeaders(of="2026-W54"))
    finally:
        await service.stop()
