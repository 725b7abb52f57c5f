"""Which battle someone is shown: fair to all battles, and nothing twice."""

import asyncio
from collections import Counter

import pytest

from contracts.rpc import battle as rpc
from services.battle import showing
from tests.integration.battle.conftest import MakeRing, Ring, later
from tests.waiting import until

VOTER = 50
SEEN = "SELECT battle_id, seen FROM exposure ORDER BY battle_id"


async def shown(ring: Ring, user_id: int = VOTER) -> int | None:
    found: rpc.MaybeBattle = await ring.ask(rpc.CurrentBattle(user_id=user_id))
    return found.battle.id if found.battle else None


async def skip(ring: Ring, user_id: int = VOTER, exclude_id: int | None = None) -> int | None:
    found: rpc.MaybeBattle = await ring.ask(rpc.NextBattle(user_id=user_id, exclude_id=exclude_id))
    return found.battle.id if found.battle else None


@pytest.fixture
def nothing_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else it would depend on the moment of counting which of the battles has been seen least."""
    monkeypatch.setattr(showing, "COUNT_EVERY_S", 3600)


@pytest.mark.usefixtures("nothing_is_counted")
async def test_current_stays_until_one_asks_for_the_next_and_nothing_comes_twice(ring: Ring) -> None:
    assert (await shown(ring), await skip(ring)) == (None, None)
    first, second, third = [await ring.fight(one, one + 1) for one in (1, 3, 5)]
    assert [await shown(ring) for _ in range(3)] == [first, first, first]
    await ring.vote(first, VOTER, 10)
    found = (await ring.ask(rpc.CurrentBattle(user_id=VOTER))).battle
    assert (found.id, found.user_vote, found.a.votes) == (first, 10, 1)
    assert await skip(ring) == second
    assert await skip(ring, exclude_id=99) == third  # there is no battle 99
    assert [await shown(ring), await skip(ring), await shown(ring), await skip(ring)] == [third, None, None, None]
    # What is excluded counts as skipped; one's own battles are never shown.
    assert await skip(ring, 51, exclude_id=first) == second
    assert await skip(ring, 51) == third
    assert await skip(ring, 51) is None
    assert {await shown(ring, 1), await skip(ring, 1), await skip(ring, 1)} == {second, third, None}
    # A new one is there for those who have seen all.
    fourth = await ring.fight(7, 8)
    assert (await shown(ring), await shown(ring, 7)) == (fourth, first)


async def test_the_least_seen_come_first_and_every_battle_is_seen_as_often_as_any(ring: Ring) -> None:
    battles = [await ring.fight(one, one + 1) for one in (1, 3, 5)]
    for user_id in range(100, 106):
        await skip(ring, user_id)
        await until(lambda: ring.rows("SELECT sum(seen) FROM exposure"), lambda rows, n=user_id - 99: rows == [(n,)])  # type: ignore[misc]
    assert await ring.rows(SEEN) == [(battle_id, 2) for battle_id in battles]
    # At once, of one person's two phones and of many people: nothing is lost, and nobody sees nothing.
    found = Counter(await asyncio.gather(*[skip(ring, 200 + number % 30) for number in range(60)]))
    assert None not in found
    await until(lambda: ring.rows("SELECT sum(seen) FROM exposure"), lambda rows: rows == [(66,)])


async def test_what_is_over_is_not_shown(make_ring: MakeRing) -> None:
    ring = await make_ring(battle_hours=1)
    battle_id = await ring.fight()
    assert await shown(ring) == battle_id
    await skip(ring, 51)
    ahead = await ring.another(clock=later)
    await ring.becomes("SELECT status FROM battles", ("ended",))
    await ahead.stop()
    assert (await shown(ring), await skip(ring)) == (None, None)
    found: rpc.Battle = await ring.ask(rpc.GetBattle(user_id=VOTER, battle_id=battle_id))
    assert (found.status, found.winner_id, found.prize) == ("ended", None, 0)
    assert (await ring.ask(rpc.ListFought(user_id=1))).items[0].result == "tie"
