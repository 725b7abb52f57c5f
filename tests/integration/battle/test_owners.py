"""Votes from the device or the address of somebody whose picture fights."""

import asyncio

from contracts.events import auth
from contracts.rpc import battle as rpc
from tests.integration.battle.conftest import MODERATOR, MakeRing, Ring, later

WEIGHTS = "SELECT user_id, weight FROM votes WHERE user_id >= 50 ORDER BY user_id"
MARKED = "SELECT user_id, count(*) FROM marks GROUP BY user_id ORDER BY user_id"
A_PHONE, A_LAPTOP, A_FLAT, ELSEWHERE = 7, 2**62 + 1, -(2**61), 9


async def test_a_vote_from_an_owners_device_weighs_nothing_and_one_from_their_address_little(ring: Ring) -> None:
    battle_id, other = await ring.fight(1, 2, device=A_PHONE, address=A_FLAT), await ring.fight(3, 4)
    # One of the two votes elsewhere with another device; so does somebody who does not fight.
    await ring.vote(other, 2, 30, device=A_LAPTOP)
    await ring.vote(other, 60, 30, device=80, address=81)
    assert await ring.rows(MARKED) == [(1, 2), (2, 3)]
    assert await ring.rows("SELECT count(*), count(DISTINCT mark) FROM marks") == [(5, 5)]  # no two people's agree
    assert not {A_PHONE, A_LAPTOP, A_FLAT} & {mark for (mark,) in await ring.rows("SELECT mark FROM marks")}
    for user_id, device, address in (
        (50, A_PHONE, ELSEWHERE),
        (51, 10, A_FLAT),
        (52, A_LAPTOP, 0),
        (53, 80, 81),
        (55, 0, 0),
    ):
        await ring.vote(battle_id, user_id, 10, device=device, address=address)
    await ring.vote(other, 56, 30, device=A_PHONE, address=A_FLAT)  # whose owners are others
    weights = {50: 0, 51: 25, 52: 0, 53: 100, 55: 100, 56: 100, 60: 100}
    assert dict(await ring.rows(WEIGHTS)) == weights
    found: rpc.Battle = await ring.ask(rpc.GetBattle(user_id=50, battle_id=battle_id))
    assert found.a.votes == 5
    assert await ring.rows(f"SELECT weight_a FROM battles WHERE battle_id = {battle_id}") == [(225,)]  # noqa: S608
    page: rpc.VotePage = await ring.ask(rpc.ListSuspects(by=MODERATOR))
    assert [(vote.user_id, vote.reasons) for vote in page.items] == [
        (52, ["owner_device"]),
        (51, ["owner_address"]),
        (50, ["owner_device"]),
    ]
    review = rpc.ReviewVote(by=MODERATOR, battle_id=battle_id, user_id=50, decision="count", reason="a sister")
    assert (await ring.ask(review)).weight == 100


async def test_marks_come_once_and_go_with_time_and_with_the_person(make_ring: MakeRing) -> None:
    ring = await make_ring(battle_hours=1)
    battle_id = await ring.fight(device=A_PHONE, address=A_FLAT)
    other = await ring.fight(3, 4, device=A_LAPTOP)
    # Two phones of one person at once, through two processes.
    second = await ring.another()
    await asyncio.gather(
        *[
            service.bus.caller.ask(rpc.CastVote(battle_id=each, user_id=user_id, creation_id=picture, device=A_PHONE))
            for service, each, user_id, picture in (
                (ring.service, other, 1, 30),
                (second, other, 2, 40),
                (ring.service, battle_id, 3, 10),
                (second, battle_id, 4, 20),
            )
        ]
    )
    await second.stop()
    assert await ring.rows(MARKED) == [(1, 2), (2, 2), (3, 2), (4, 2)]
    await ring.rows("UPDATE marks SET seen_at = now() - interval '15 days' WHERE user_id = 1")
    await ring.rows("DELETE FROM marks WHERE user_id = 2")
    await ring.vote(battle_id, 50, 10, device=A_PHONE, address=A_FLAT)
    assert await ring.rows(WEIGHTS) == [(50, 0)]  # the third one has voted here with that device
    page: rpc.VotePage = await ring.ask(rpc.ListSuspects(by=MODERATOR, limit=1))
    assert page.items[0].reasons == ["same_device"]
    ahead = await ring.another(clock=later)
    await ring.becomes("SELECT DISTINCT status FROM battles", ("ended",))
    await ahead.stop()
    # Nobody fights any more, and what is old goes all the same.
    await ring.rows("UPDATE marks SET seen_at = now() - interval '15 days' WHERE user_id = 4")
    sweeping = await ring.another()
    await ring.becomes(MARKED, (3, 2))
    await sweeping.stop()
    await ring.voice.say(auth.AccountDeleted(user_id=3))
    await ring.becomes(MARKED)
