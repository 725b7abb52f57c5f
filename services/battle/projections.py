"""Events → read tables, a batch at a time. They can be rebuilt from events alone."""

from collections import defaultdict
from collections.abc import Sequence

import asyncpg

from kernel.projection import Inserter
from kernel.store import Recorded
from services.battle import tables
from services.battle.boards import projections as boards
from services.battle.domain import battle as b
from services.battle.domain import entry as e
from services.battle.domain.battle import FULL_WEIGHT
from services.battle.domain.fighter import FighterLeft
from services.battle.domain.rating import FIRST_RATING, after

INSERT_POOL = Inserter(tables.pool)
INSERT_BATTLES = Inserter(tables.battles)
INSERT_VOTES = Inserter(tables.votes)
INSERT_SUSPECTS = Inserter(tables.suspects)
INSERT_FOUGHT = Inserter(tables.fought)
LEAVE_POOL = "DELETE FROM pool WHERE creation_id = ANY($1)"
# Greatest: a battle's id says nothing of when it began beside another of the same two people.
MEET = """
INSERT INTO meetings (low_user, high_user, met_at) SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::timestamptz[])
ON CONFLICT (low_user, high_user) DO UPDATE SET met_at = greatest(meetings.met_at, excluded.met_at)
"""
ADD = """
UPDATE battles SET votes_a = battles.votes_a + d.votes_a, votes_b = battles.votes_b + d.votes_b,
                   weight_a = battles.weight_a + d.weight_a, weight_b = battles.weight_b + d.weight_b,
                   reviews = battles.reviews + d.reviews
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::int[])
  AS d(battle_id, votes_a, votes_b, weight_a, weight_b, reviews)
WHERE battles.battle_id = d.battle_id
"""
REWEIGH = """
UPDATE votes SET weight = r.weight
FROM unnest($1::bigint[], $2::bigint[], $3::smallint[]) AS r(battle_id, user_id, weight)
WHERE votes.battle_id = r.battle_id AND votes.user_id = r.user_id
"""
CLEAR_REVIEWED = """
DELETE FROM suspects USING unnest($1::bigint[], $2::bigint[]) AS r(battle_id, user_id)
WHERE suspects.battle_id = r.battle_id AND suspects.user_id = r.user_id
"""
CLEAR_ENDED = "DELETE FROM suspects WHERE battle_id = ANY($1)"
COUNT_SUSPECTS = """
INSERT INTO suspect_count (one, suspects) VALUES (1, $1)
ON CONFLICT (one) DO UPDATE SET suspects = suspect_count.suspects + excluded.suspects
"""
END = """
UPDATE battles SET status = e.status, ended_at = e.ended_at, winner_id = e.winner_id, prize = e.prize,
                   withheld = e.withheld
FROM unnest($1::bigint[], $2::text[], $3::timestamptz[], $4::bigint[], $5::int[], $6::text[])
  AS e(battle_id, status, ended_at, winner_id, prize, withheld)
WHERE battles.battle_id = e.battle_id
"""
RATINGS = "SELECT user_id, rating FROM fighters WHERE user_id = ANY($1)"
RATE = """
INSERT INTO fighters (user_id, rating, fought) SELECT * FROM unnest($1::bigint[], $2::int[], $3::int[])
ON CONFLICT (user_id) DO UPDATE SET rating = excluded.rating, fought = fighters.fought + excluded.fought
"""


async def project(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    await _pool(connection, recorded)
    await _started(connection, recorded)
    await _votes(connection, recorded)
    await _reviews(connection, recorded)
    await _over(connection, recorded)
    await _boards(connection, recorded)


async def _boards(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    """Who leaves within a batch is gone whatever ended before or after it."""
    await boards.leave(connection, [each.event.user_id for each in recorded if isinstance(each.event, FighterLeft)])
    ended = [record for record in recorded if isinstance(record.event, b.BattleEnded)]
    if ended:
        await boards.write(connection, [_ended(record, record.event) for record in ended])


def _ended(record: Recorded, event: b.BattleEnded) -> boards.Ended:
    winner = event.winner.user_id if event.winner else None
    return boards.Ended(event.battle_id, event.a.user_id, event.b.user_id, winner, record.at, record.position)


async def _pool(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    """Within a batch the last word on a picture counts."""
    places: dict[int, tuple[object, ...] | None] = {}
    for record in recorded:
        match record.event:
            case e.PoolEntered() | e.EntryReturned() as entered:
                places[entered.creation_id] = (entered.creation_id, entered.user_id, entered.entered_at)
            case e.PoolLeft() | e.EntryWithdrawn() | e.EntryMatched() as left:
                places[left.creation_id] = None
    if places:
        await connection.execute(LEAVE_POOL, list(places))
        await INSERT_POOL.insert(connection, [row for row in places.values() if row])


async def _started(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    started = [record for record in recorded if isinstance(record.event, b.BattleStarted)]
    if not started:
        return
    rows, met = [], {}
    for record in started:
        event: b.BattleStarted = record.event
        sides = (event.a.creation_id, event.a.user_id, event.b.creation_id, event.b.user_id)
        rows.append((event.battle_id, *sides, "active", record.at, event.ends_at, None, 0, 0, 0, 0, 0, None, 0, None))
        people = sorted((event.a.user_id, event.b.user_id))
        met[people[0], people[1]] = record.at
    await INSERT_BATTLES.insert(connection, rows)
    await connection.execute(MEET, [low for low, _ in met], [high for _, high in met], list(met.values()))


async def _votes(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    cast = [record for record in recorded if isinstance(record.event, b.VoteCast)]
    if not cast:
        return
    rows, doubted = [], []
    for record in cast:
        event: b.VoteCast = record.event
        key = (event.battle_id, event.user_id)
        rows.append((*key, event.creation_id, event.weight, record.position, record.at))
        if event.weight < FULL_WEIGHT:
            doubted.append((*key, record.position, event.reasons))
    await INSERT_VOTES.insert(connection, rows)
    await _add(connection, [(each.battle_id, each.for_a, 1, each.weight, 0) for each in (c.event for c in cast)])
    if doubted:
        await INSERT_SUSPECTS.insert(connection, doubted)
        await connection.execute(COUNT_SUSPECTS, len(doubted))


async def _reviews(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    """A vote may have been reviewed more than once: the sums move by every step, the row takes the last weight."""
    reviewed: list[b.VoteReviewed] = [record.event for record in recorded if isinstance(record.event, b.VoteReviewed)]
    if not reviewed:
        return
    await _add(connection, [(each.battle_id, each.for_a, 0, each.weight - each.before, 1) for each in reviewed])
    last = {(each.battle_id, each.user_id): each.weight for each in reviewed}
    battle_ids, user_ids = [key[0] for key in last], [key[1] for key in last]
    await connection.execute(REWEIGH, battle_ids, user_ids, list(last.values()))
    await _uncount(connection, await connection.execute(CLEAR_REVIEWED, battle_ids, user_ids))


async def _over(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    over = [record for record in recorded if isinstance(record.event, b.BattleEnded | b.BattleCancelled)]
    if not over:
        return
    rows: list[tuple[object, ...]] = []
    for record in over:
        match record.event:
            case b.BattleEnded(battle_id=battle_id, winner=winner, prize=prize, withheld=withheld):
                rows.append((battle_id, "ended", record.at, winner.creation_id if winner else None, prize, withheld))
            case b.BattleCancelled(battle_id=battle_id):
                rows.append((battle_id, "cancelled", record.at, None, 0, None))
    await connection.execute(END, *[list(column) for column in zip(*rows, strict=True)])
    await _uncount(connection, await connection.execute(CLEAR_ENDED, [row[0] for row in rows]))
    await _rate(connection, [record for record in over if isinstance(record.event, b.BattleEnded)])


async def _rate(connection: asyncpg.Connection, ended: Sequence[Recorded]) -> None:
    """One battle after another, in the order of their ends: no other transaction projects at the same time."""
    if not ended:
        return
    events: list[b.BattleEnded] = [record.event for record in ended]
    everyone = [side.user_id for event in events for side in (event.a, event.b)]
    ratings = dict.fromkeys(everyone, FIRST_RATING)
    ratings |= {row["user_id"]: row["rating"] for row in await connection.fetch(RATINGS, everyone)}
    fought = dict.fromkeys(sorted(ratings), 0)
    for event in events:
        a, b_ = event.a.user_id, event.b.user_id
        score = 0.5 if event.winner is None else float(event.winner == event.a)
        ratings[a], ratings[b_] = after(ratings[a], ratings[b_], score)
        fought[a] += 1
        fought[b_] += 1
    await connection.execute(RATE, list(fought), [ratings[user_id] for user_id in fought], list(fought.values()))
    both = [(side.user_id, record) for record in ended for side in (record.event.a, record.event.b)]
    await INSERT_FOUGHT.insert(
        connection, [(user_id, record.position, record.event.battle_id) for user_id, record in both]
    )


async def _add(connection: asyncpg.Connection, changes: Sequence[tuple[int, bool, int, int, int]]) -> None:
    """Changes `(battle, for_a, votes, weight, reviews)`: one row for each battle, however many they are."""
    sums: dict[int, list[int]] = defaultdict(lambda: [0] * 5)
    for battle_id, for_a, votes, weight, reviews in changes:
        sum_ = sums[battle_id]
        sum_[not for_a] += votes
        sum_[2 + (not for_a)] += weight
        sum_[4] += reviews
    await connection.execute(ADD, list(sums), *[list(column) for column in zip(*sums.values(), strict=True)])


async def _uncount(connection: asyncpg.Connection, deleted: str) -> None:
    """`deleted`: what PostgreSQL says of a DELETE."""
    if count := int(deleted.rpartition(" ")[2]):
        await connection.execute(COUNT_SUSPECTS, -count)
