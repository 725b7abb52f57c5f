"""Votes on real servers: one for each person, whatever comes at once; the end at its very moment."""

import asyncio
from collections import Counter

from contracts.errors import ServiceError
from contracts.events import battle as events
from contracts.rpc import battle as rpc
from kernel.clock import utc_now
from tests.given import refused
from tests.integration.battle.conftest import MakeRing, Ring
from tests.waiting import until

TOTALS = "SELECT votes_a, votes_b, weight_a, weight_b FROM battles"


async def code_of(vote: object) -> str:
    try:
        await vote  # type: ignore[misc]
    except ServiceError as error:
        return error.code
    return "voted"


async def test_a_vote_counts_once_and_is_told_with_percentages(ring: Ring) -> None:
    battle_id = await ring.fight()
    assert (await ring.vote(battle_id, 3, 10)).model_dump() == {
        "votes_a": 1,
        "votes_b": 0,
        "user_vote": 10,
        "vote_percentage": {"a": 100.0, "b": 0.0},
    }
    for creation_id in (10, 20):  # the same again, and another one
        with refused("ALREADY_VOTED"):
            await ring.vote(battle_id, 3, creation_id)
    voted = await ring.vote(battle_id, 4, 20)
    assert voted.vote_percentage == rpc.VotePercentage(a=50, b=50)
    with refused("INVALID_CREATION"):
        await ring.vote(battle_id, 5, 30)
    for owner, creation_id in ((1, 10), (1, 20), (2, 20)):
        with refused("OWN_CREATION"):
            await ring.vote(battle_id, owner, creation_id)
    with refused("BATTLE_NOT_FOUND"):
        await ring.vote(battle_id + 1, 5, 10)
    found: rpc.Battle = await ring.ask(rpc.GetBattle(user_id=4, battle_id=battle_id))
    assert (found.a.votes, found.b.votes, found.user_vote, found.status) == (1, 1, 20, "active")
    await ring.hears(events.VoteCast, 2)
    for _ in range(2):  # an hour before the end it is told, once
        await ring.rows("UPDATE timers SET due_at = now() WHERE timer_id LIKE 'ending:%'")
        assert (await ring.hears(events.BattleEnding))["user_b_id"] == 2
    assert ring.of(events.BattleEntered) == [
        {"battle_id": battle_id, "creation_id": 10, "user_id": 1},
        {"battle_id": battle_id, "creation_id": 20, "user_id": 2},
    ]


async def test_two_hundred_votes_at_once_are_exact_by_one_person_and_by_two_hundred(ring: Ring) -> None:
    """Through two processes, half of them each."""
    battle_id = await ring.fight()
    other = await ring.another()
    await ring.hears(events.BattleStarted)

    async def vote(number: int, user_id: int) -> str:
        command = rpc.CastVote(battle_id=battle_id, user_id=user_id, creation_id=10 + 10 * (number % 2))
        return await code_of((ring.service, other)[number % 2].bus.caller.ask(command))

    by_one = Counter(await asyncio.gather(*[vote(number, 3) for number in range(200)]))
    assert by_one == {"voted": 1, "ALREADY_VOTED": 199}
    [before] = await ring.rows("SELECT votes_a, votes_b FROM battles")
    twice = await asyncio.gather(*[vote(number % 200, 1000 + number % 200) for number in range(400)])
    assert Counter(twice) == {"voted": 200, "ALREADY_VOTED": 200}
    [totals] = await ring.rows(TOTALS)
    assert totals == (before[0] + 100, before[1] + 100, 100 * (before[0] + 100), 100 * (before[1] + 100))
    assert await ring.rows("SELECT count(*), count(DISTINCT user_id) FROM votes") == [(201, 201)]
    await other.stop()
    # The last word of each process is told live, and not much more than the pauses allow.
    told = await until(lambda: _told(ring, battle_id), lambda votes: (before[0] + 100, before[1] + 100) in votes)
    assert len(told) < 40


async def _told(ring: Ring, battle_id: int) -> list[tuple[int, int]]:
    return ring.live[battle_id]


async def test_votes_around_the_end_are_in_it_or_refused(make_ring: MakeRing) -> None:
    ring = await make_ring(battle_hours=1.5 / 3600)
    battle_id = await ring.fight()
    cast: Counter[str] = Counter()
    user_id = 100

    async def vote_on() -> None:
        nonlocal user_id
        while not cast["BATTLE_ENDED"]:
            user_id += 1
            cast[await code_of(ring.vote(battle_id, user_id, 20))] += 1

    await asyncio.gather(*[vote_on() for _ in range(8)])
    told = await ring.hears(events.BattleEnded)
    [(ends_at, last)] = await ring.rows("SELECT ends_at, (SELECT max(voted_at) FROM votes) FROM battles")
    assert last < ends_at <= utc_now()
    assert set(cast) == {"voted", "BATTLE_ENDED"}
    assert told == {
        "battle_id": battle_id,
        "winner_user_id": 2,
        "loser_user_id": 1,
        "winner_id": 20,
        "creation_a_id": 10,
        "creation_b_id": 20,
        "user_a_id": 1,
        "user_b_id": 2,
        "votes_a": 0,
        "votes_b": cast["voted"],
        "prize": 100,
        "prize_withheld": None,
    }
    page: rpc.FoughtPage = await ring.ask(rpc.ListFought(user_id=1))
    assert (page.total, page.items[0].result, page.items[0].mine.creation_id) == (1, "lost", 10)
    assert (await ring.ask(rpc.ListFought(user_id=2))).items[0].result == "won"
    assert await ring.rows("SELECT rating FROM fighters ORDER BY user_id") == [(984,), (1016,)]
    # Both are free again, and nothing passing is left.
    await until(lambda: code_of(ring.enter(10, 1)), lambda code: code == "voted")
    for table in ("exposure", "shown", "skips", "ballots", "timers"):
        assert await ring.rows(f"SELECT * FROM {table}") == [], table  # noqa: S608
