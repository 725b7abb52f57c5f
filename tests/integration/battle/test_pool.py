"""The way into a battle and out of it, whatever dies or disappears on the way."""

from typing import Any

import pytest

from contracts.errors import ServiceError
from contracts.events import auth, creation
from contracts.events import battle as events
from contracts.rpc import battle as rpc
from kernel.commands import CommandBus
from services.battle.domain.battle import BATTLE, Side, StartBattle
from services.battle.domain.entry import ENTRY, MatchEntry
from tests.given import refused
from tests.integration.battle.conftest import MakeRing, Ring
from tests.waiting import until

POOL = "SELECT creation_id FROM pool ORDER BY creation_id"
STATUS = "SELECT status FROM battles ORDER BY battle_id"
NEVER_S = 3600.0


async def test_who_may_enter_and_leave(make_ring: MakeRing) -> None:
    ring = await make_ring(battle_match_every_s=NEVER_S)
    ring.pictures.known = {10: (1, True), 11: (1, False)}
    for user_id, creation_id, code in (
        (1, 12, "CREATION_NOT_FOUND"),
        (2, 10, "NOT_OWNER"),
        (1, 11, "CREATION_PRIVATE"),
    ):
        with refused(code):
            await ring.ask(rpc.EnterPool(user_id=user_id, creation_id=creation_id))
    with refused("CREATION_NOT_FOUND"):
        await ring.ask(rpc.LeavePool(user_id=1, creation_id=10))
    for _ in range(2):  # in, out, and in again
        await ring.enter(10, 1)
        with refused("ALREADY_IN_BATTLE"):
            await ring.enter(10, 1)
        assert await ring.rows(POOL) == [(10,)]
        with refused("NOT_OWNER"):
            await ring.ask(rpc.LeavePool(user_id=2, creation_id=10))
        for _ in range(2):
            await ring.ask(rpc.LeavePool(user_id=1, creation_id=10))
        assert await ring.rows(POOL) == []


async def test_nobody_fights_oneself_nor_the_same_one_again_nor_a_picture_that_is_gone(ring: Ring) -> None:
    for creation_id in (10, 11, 12):
        await ring.enter(creation_id, 1)
    other = await ring.another()  # two processes pair
    await ring.enter(20, 2)
    await ring.hears(events.BattleStarted, user_a_id=1, user_b_id=2, creation_a_id=10)
    await ring.enter(21, 2)
    del ring.pictures.known[11]
    await ring.enter(30, 3)  # meets 11, which is longest there but hidden, and then 12 or 21
    await until(lambda: ring.rows(STATUS), lambda rows: len(rows) == 2)
    [(low, high)] = await ring.rows("SELECT user_a, user_b FROM battles WHERE creation_a <> 10")
    assert 3 in {low, high}
    await ring.becomes("SELECT count(*) FROM pool", (1,))
    assert await ring.rows("SELECT count(*) FROM meetings") == [(2,)]
    for who, creation_id, code in ((1, 10, "CREATION_IN_BATTLE"), (3, 20, "NOT_OWNER")):
        with refused(code):
            await ring.ask(rpc.LeavePool(user_id=who, creation_id=creation_id))
    await other.stop()


async def test_a_picture_that_goes_leaves_the_pool_and_ends_its_battle_without_a_winner(ring: Ring) -> None:
    battle_id = await ring.fight()
    await ring.vote(battle_id, 5, 10)
    await ring.enter(31, 3)
    await ring.voice.say(
        creation.VisibilityChanged(creation_id=31, user_id=3, is_public=False)
    )  # old news: it is public
    deleted = await ring.voice.say(creation.CreationDeleted(creation_id=20, user_id=2, style_id=1))
    await ring.voice.repeat(deleted)
    told = await ring.hears(events.BattleCancelled)
    assert (told["battle_id"], told["user_a_id"], told["creation_b_id"]) == (battle_id, 1, 20)
    with refused("BATTLE_ENDED"):
        await ring.vote(battle_id, 6, 10)
    found: rpc.Battle = await ring.ask(rpc.GetBattle(user_id=5, battle_id=battle_id))
    assert (found.status, found.winner_id, found.a.votes) == ("cancelled", None, 1)
    assert (await ring.ask(rpc.ListFought(user_id=1))).total == 0
    # The other one may fight again, and does so with who still waits; a person who leaves ends it.
    await until(lambda: _enters(ring, 10, 1), bool)
    await ring.hears(events.BattleStarted, 2)
    await ring.voice.say(auth.AccountDeleted(user_id=3))
    await ring.hears(events.BattleCancelled, 2)
    await until(lambda: _enters(ring, 10, 1), bool)
    ring.pictures.known[10] = (1, False)
    await ring.voice.say(creation.CreationBarred(creation_id=10, user_id=1))
    await ring.becomes(POOL)


async def test_reports_alone_take_a_picture_out_of_the_pool_and_out_of_no_battle(ring: Ring) -> None:
    battle_id = await ring.fight()
    await ring.enter(30, 3)
    hidden = [creation.VisibilityChanged(creation_id=id_, user_id=id_ // 10, is_public=False) for id_ in (10, 30)]
    ring.pictures.under_review = {10, 30}
    for event in hidden:
        await ring.voice.repeat(await ring.voice.say(event))
    await ring.becomes(POOL)
    await ring.vote(battle_id, 5, 10)
    # Old news: what was removed has been kept since.
    await ring.voice.say(creation.CreationBarred(creation_id=20, user_id=2))
    ring.pictures.under_review = set()
    await ring.enter(30, 3)  # it is all right again
    await ring.becomes(POOL, (30,))
    await ring.vote(battle_id, 6, 20)
    assert ring.of(events.BattleCancelled) == []
    ring.pictures.known[10] = (1, False)  # a moderator's word
    await ring.voice.repeat(await ring.voice.say(creation.CreationBarred(creation_id=10, user_id=1)))
    told = await ring.hears(events.BattleCancelled)
    assert (told["battle_id"], told["creation_a_id"]) == (battle_id, 10)
    with refused("BATTLE_ENDED"):
        await ring.vote(battle_id, 7, 10)
    # The other one may fight on, and so may this one once it has been kept after all.
    await until(lambda: _enters(ring, 20, 2), bool)
    await until(lambda: _enters(ring, 10, 1), bool)


async def _enters(ring: Ring, creation_id: int, user_id: int) -> bool:
    try:
        await ring.enter(creation_id, user_id)
    except ServiceError:
        return False
    return True


@pytest.mark.parametrize("statements", [1, 2, 3])
async def test_whoever_pairs_may_die_after_any_statement(make_ring: MakeRing, statements: int) -> None:
    """One match, both matches, or the battle itself is all that was done: nothing is half done in the end."""
    ring = await make_ring(battle_match_every_s=NEVER_S)
    await ring.enter(10, 1)
    await ring.enter(20, 2)
    steps: list[tuple[Any, int, Any]] = [
        (ENTRY, 10, MatchEntry(10, 77)),
        (ENTRY, 20, MatchEntry(20, 77)),
        (BATTLE, 77, _start(77)),
    ]
    bus: CommandBus = ring.service.commands
    for decider, key, command in steps[:statements]:
        await bus.execute(decider, key, command)
    await ring.rows("UPDATE timers SET due_at = now() WHERE timer_id LIKE 'pairing:%'")
    if statements == 3:
        assert await ring.rows("SELECT timer_id FROM timers") == [("end:77",), ("ending:77",)]
    else:
        await ring.becomes(POOL, (10,), (20,))
        await ring.becomes("SELECT timer_id FROM timers")
        with refused("BATTLE_ENDED"):  # a process that only slept cannot begin it any more,
            await bus.execute(BATTLE, 77, _start(77))
        await bus.execute(ENTRY, 10, MatchEntry(10, 77))  # and what it still matches comes back, too
        await ring.rows("UPDATE timers SET due_at = now() WHERE timer_id LIKE 'pairing:%'")
        await ring.becomes(POOL, (10,), (20,))
    other = await ring.another(battle_match_every_s=0.05)
    await ring.becomes("SELECT creation_a, creation_b, status FROM battles", (10, 20, "active"))
    await ring.becomes(POOL)
    await other.stop()


def _start(battle_id: int) -> StartBattle:
    return StartBattle(battle_id, Side(10, 1), Side(20, 2), 86400)
