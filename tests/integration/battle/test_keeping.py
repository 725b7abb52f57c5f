"""Suspicious votes and their review; what is kept of a person, and that all of it can be made again from events."""

import asyncio
from collections.abc import Awaitable, Callable

import asyncpg

from contracts.events import auth
from contracts.rpc import battle as rpc
from contracts.rpc.exporting import ExportPage
from kernel.projection import rebuild
from services.battle import projections, tables
from services.battle.app import CODEC
from services.battle.audit import audit
from tests.given import refused
from tests.integration.battle.conftest import MODERATOR, SUSPENDED, MakeRing, Ring, later

WEIGHTS = "SELECT user_id, weight FROM votes ORDER BY user_id"
TOTALS = "SELECT votes_a, weight_a, votes_b, weight_b FROM battles ORDER BY battle_id LIMIT 1"


async def test_suspicious_votes_count_but_weigh_less_until_a_moderator_decides(make_ring: MakeRing) -> None:
    ring = await make_ring(battle_new_account_hours=24, battle_burst_votes=2, battle_votes_per_address=4)
    battle_id, other = await ring.fight(1, 2), await ring.fight(3, 4)
    await ring.rows("INSERT INTO accounts SELECT n, now() - interval '2 days' FROM generate_series(50, 60) n")
    await ring.voice.say(auth.UserSignedUp(user_id=61))
    await ring.becomes("SELECT count(*) FROM accounts", (12,))
    # Three accounts of one device at once: the first of them is whose it is.
    await asyncio.gather(*[ring.vote(battle_id, user_id, 10, device=7, address=1) for user_id in (50, 51, 52)])
    await ring.vote(battle_id, 53, 20, device=8, address=1)
    await ring.vote(battle_id, 54, 20, device=9, address=1)  # the fifth of that address
    await ring.vote(battle_id, 55, 20, device=7, address=2)
    await ring.vote(battle_id, 61, 20, address=3)
    for each, creation_id in ((other, 30), (battle_id, 20)):  # no burst yet
        await ring.vote(each, 56, creation_id)
    third = await ring.fight(5, 6)
    await ring.vote(third, 56, 60)
    assert sorted(weight for _, weight in (await ring.rows(WEIGHTS))[:3]) == [0, 0, 100]
    assert (await ring.rows(WEIGHTS))[3:] == [(53, 100), (54, 50), (55, 0), (56, 100), (56, 100), (56, 25), (61, 50)]
    assert await ring.rows(TOTALS) == [(3, 100, 5, 300)]

    with refused("PERMISSION_DENIED"):
        await ring.ask(rpc.ListSuspects(by=50))
    page: rpc.VotePage = await ring.ask(rpc.ListSuspects(by=MODERATOR, limit=2))
    assert (page.total, [vote.user_id for vote in page.items]) == (6, [56, 61])
    assert (page.items[0].reasons, page.items[1].weight) == (["burst"], 50)

    def review(user_id: int, decision: rpc.Decision, by: int = MODERATOR, reason: str = "known") -> Awaitable[rpc.Vote]:
        return ring.ask(rpc.ReviewVote(by=by, battle_id=battle_id, user_id=user_id, decision=decision, reason=reason))

    for code, wrong in (
        ("PERMISSION_DENIED", review(55, "count", by=50)),
        ("PERMISSION_DENIED", review(55, "count", by=SUSPENDED)),
        ("NOT_FOUND", review(70, "count")),
        ("VALIDATION_ERROR", review(55, "count", reason=" ")),
    ):
        with refused(code):
            await wrong
    # Three reviews at once, and one of them changes its mind.
    await asyncio.gather(review(55, "count"), review(53, "discard"), review(54, "discard"))
    assert (await review(54, "count")).weight == 100
    assert await ring.rows(TOTALS) == [(3, 100, 5, 350)]
    assert (await ring.ask(rpc.ListSuspects(by=MODERATOR))).total == 4


async def test_what_is_kept_of_a_person_goes_with_them(ring: Ring) -> None:
    """While battles go on: what one was shown and skipped, and where one voted from."""
    battle_id, other = await ring.fight(1, 2), await ring.fight(3, 4)
    await ring.vote(battle_id, 3, 20, device=7, address=7)
    for _ in range(2):
        await ring.ask(rpc.NextBattle(user_id=3))
    await ring.ask(rpc.CurrentBattle(user_id=5))
    await ring.enter(31, 3)
    await ring.voice.say(auth.UserSignedUp(user_id=3))
    await ring.becomes("SELECT user_id FROM accounts", (3,))
    gone = await ring.voice.say(auth.AccountDeleted(user_id=3))
    await ring.voice.repeat(gone)
    for table in ("accounts", "ballots", "skips"):
        await ring.becomes(f"SELECT user_id FROM {table}")  # noqa: S608
    await ring.becomes("SELECT user_id FROM shown", (5,))
    await ring.becomes("SELECT count(*) FROM pool", (0,))
    await ring.becomes("SELECT battle_id, votes_b FROM battles WHERE status = 'active'", (battle_id, 1))
    assert (await ring.ask(rpc.GetBattle(user_id=5, battle_id=other))).status == "cancelled"


async def test_rebuilt_tables_are_the_same_and_the_audit_finds_what_was_tampered_with(
    make_ring: MakeRing, owner_of: Callable[[str], Awaitable[asyncpg.Connection]]
) -> None:
    ring = await make_ring(battle_hours=1, battle_new_account_hours=24)
    first, second = await ring.fight(1, 2), await ring.fight(3, 4)
    await asyncio.gather(*[ring.vote(first, user_id, 10 + 10 * (user_id % 3 > 0)) for user_id in range(50, 70)])
    await ring.ask(rpc.ReviewVote(by=MODERATOR, battle_id=first, user_id=50, decision="discard", reason="bot"))
    await ring.enter(50, 5)
    await ring.ask(rpc.LeavePool(user_id=5, creation_id=50))
    ahead = await ring.another(clock=later)
    await ring.becomes("SELECT status FROM battles", ("ended",), ("ended",))
    await ahead.stop()
    await ring.enter(60, 6)
    page: ExportPage = await ring.ask(rpc.ExportBattles(user_id=50))
    [vote] = page.records
    assert (vote["kind"], vote["battle_id"], vote["creation_id"], page.next) == ("vote", first, 20, None)
    [battle] = (await ring.ask(rpc.ExportBattles(user_id=1))).records
    assert (battle["kind"], battle["creation_id"], battle["winner_id"]) == ("battle", 10, 20)
    owner = await owner_of(ring.settings.battle_database_url)
    for difference in await rebuild(owner, CODEC, tables.metadata, projections.project):
        assert (difference.only_live, difference.only_rebuilt) == (0, 0), difference
    assert await ring.rows("SELECT sum(rating) FROM fighters") == [(4000,)]
    report = await audit(owner, CODEC)
    assert (report.battles, report.votes, report.faults) == (2, 20, [])
    await owner.execute("UPDATE votes SET weight = 100 WHERE user_id = 50")
    await owner.execute("UPDATE battles SET votes_b = votes_b + 1 WHERE battle_id = $1", second)
    await owner.execute("UPDATE streams SET version = version + 1 WHERE stream_id = $1", f"battle-{second}")
    assert len((await audit(owner, CODEC)).faults) == 4
