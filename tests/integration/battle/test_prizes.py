"""Prizes: what they need, and how many of them one person wins in a day."""

import asyncio

from contracts.events import battle as events
from contracts.rpc import battle as rpc
from kernel.commands import CommandBus
from kernel.db import Database
from services.battle.app import CODEC
from services.battle.domain.battle import BATTLE, EndBattle
from services.battle.domain.fighter import FIGHTER, ClaimPrize
from services.battle.keeping import deadlines, keep
from services.battle.projections import project
from tests.integration.battle.conftest import MakeRing, Ring, later

DEVICE, FLAT = 7, 8
FOUGHT = "SELECT battle_id, creation_a, creation_b, user_a FROM battles ORDER BY battle_id"


async def five_battles(ring: Ring) -> list[tuple[int, int, int]]:
    """Of the first person against five others: number, their own picture, the other."""
    for number in range(1, 6):
        await ring.enter(10 * number, 1, device=DEVICE, address=FLAT)
        await ring.enter(100 + number, 100 + number)
        await ring.becomes("SELECT count(*) FROM battles", (number,))
    sides = await ring.rows(FOUGHT)
    return [(battle_id, a, b) if user_a == 1 else (battle_id, b, a) for battle_id, a, b, user_a in sides]


async def killed_halfway(ring: Ring, verdict: int, claim: int) -> None:
    """What two processes leave behind that ended a battle each and were killed: after the verdict, after the claim."""
    database = Database(ring.settings.battle_database_url)
    await database.open()
    commands = CommandBus(database, CODEC, project, keep, deadlines=deadlines, clock=later)
    commands.start()
    for battle_id in (verdict, claim):
        await commands.execute(BATTLE, battle_id, EndBattle(battle_id, 100, 50))
    command = ClaimPrize(1, claim, most=2)
    await commands.execute(
        FIGHTER, 1, command, key=f"prize:{claim}", fingerprint="1", answer=lambda _, them: bool(them)
    )
    await commands.close()
    await database.close()


async def test_battles_that_end_at_once_pay_one_person_as_many_prizes_as_a_day_has(make_ring: MakeRing) -> None:
    ring = await make_ring(battle_hours=1, battle_prizes_per_day=2)
    fought = await five_battles(ring)
    for battle_id, mine, other in fought:
        await ring.vote(battle_id, 50, other if battle_id == fought[4][0] else mine)
    await killed_halfway(ring, fought[0][0], fought[1][0])
    ahead = [await ring.another(clock=later) for _ in range(2)]
    await ring.hears(events.BattleEnded, 5)
    told = ring.of(events.BattleEnded)
    won = [(each["prize"], each["prize_withheld"]) for each in told if each["winner_user_id"] == 1]
    assert sorted(won) == [(0, "daily_limit"), (0, "daily_limit"), (100, None), (100, None)]
    assert [each["prize"] for each in told if each["battle_id"] == fought[1][0]] == [100]  # it was claimed already
    assert [each["prize"] for each in told if each["loser_user_id"] == 1] == [100]
    page: rpc.FoughtPage = await ring.ask(rpc.ListFought(user_id=1))
    assert sorted((each.result, each.prize, each.prize_withheld or "") for each in page.items) == [
        ("lost", 0, ""),
        ("won", 0, "daily_limit"),
        ("won", 0, "daily_limit"),
        ("won", 100, ""),
        ("won", 100, ""),
    ]
    place = "SELECT wins, battles FROM board_places WHERE user_id = 1 AND board = 'all_time'"
    assert await ring.rows(place) == [(4, 5)]  # wins are wins
    await asyncio.gather(*[service.stop() for service in ahead])


async def test_a_prize_needs_votes_that_weigh(make_ring: MakeRing) -> None:
    ring = await make_ring(battle_hours=1, battle_new_account_hours=24)
    await ring.rows("INSERT INTO accounts SELECT n, now() - interval '2 days' FROM generate_series(50, 59) n")
    fought = await five_battles(ring)
    (phone, mine, _), (flat, mine_too, _), (new, mine_three, _), (close, mine_four, other), (honest, mine_five, _) = (
        fought
    )
    await ring.vote(phone, 60, mine, device=DEVICE)
    await ring.vote(flat, 51, mine_too, address=FLAT)
    await ring.vote(new, 61, mine_three)
    for user_id, creation_id, address in ((52, mine_four, 0), (53, other, 0), (54, mine_four, FLAT)):
        await ring.vote(close, user_id, creation_id, address=address)
    await ring.vote(honest, 55, mine_five)
    ahead = await ring.another(clock=later)
    await ring.hears(events.BattleEnded, 5)
    found = {
        each["battle_id"]: (each["winner_user_id"], each["prize"], each["prize_withheld"])
        for each in ring.of(events.BattleEnded)
    }
    assert found == {
        phone: (None, 0, None),
        flat: (1, 0, "too_few_votes"),
        new: (1, 100, None),
        close: (1, 0, "too_close"),
        honest: (1, 100, None),
    }
    shown: rpc.Battle = await ring.ask(rpc.GetBattle(user_id=50, battle_id=flat))
    assert (shown.winner_id, shown.a.votes + shown.b.votes, shown.prize) == (mine_too, 1, 0)
    assert shown.prize_withheld == "too_few_votes"
    await ahead.stop()
