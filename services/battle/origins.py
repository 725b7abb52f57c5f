"""Where votes and entries come from, as far as it matters: whether two of them come from the same place.

The gateway sends salted hashes, the same wherever a device or an address is met. They are not kept as they come: what
is kept of a vote is hashed anew with the number of its battle, and what is kept of a person with that person's. So
nobody can be followed by them from one battle to the next, nor be seen to share a device with somebody else; only a
vote that comes can be held against them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b

import asyncpg

from kernel.db import Database
from kernel.store import Recorded
from services.battle.domain import battle as b
from services.battle.domain import entry as e

MARKS_LAST = timedelta(days=14)
"""So long after it was last seen a device or an address is still taken for that of whoever fights."""
AT_ONCE = 1000


def sealed(battle_id: int, mark: int) -> int:
    """A mark as it is kept in this battle, in 64 bits with a sign; 0, which is unknown, stays 0."""
    if not mark:
        return 0
    digest = blake2b(b"%d:%d" % (battle_id, mark), digest_size=8, person=b"ballot").digest()
    return int.from_bytes(digest, signed=True) or 1


def _persons(user_id: str, mark: str) -> str:
    """The same for a person, in SQL: whose it may be is found out there. Both arguments are expressions."""
    digest = f"sha256(int8send({user_id}) || int8send({mark}))"
    return f"('x' || encode(substr({digest}, 1, 8), 'hex'))::bit(64)::bigint"


def of_owner(mark: str) -> str:
    """SQL: whether an owner of battle `w` was seen with this mark (an expression, as text) since $9."""
    return f"""({mark} <> '0' AND EXISTS (
    SELECT FROM exposure f CROSS JOIN LATERAL (VALUES (f.user_a), (f.user_b)) AS o(user_id)
    JOIN marks m ON m.user_id = o.user_id AND m.mark = {_persons("o.user_id", f"{mark}::bigint")} AND m.seen_at > $9
    WHERE f.battle_id = w.battle_id::bigint
  ))"""


# Of voters only those who fight themselves are remembered: others' devices and addresses matter to nobody. In order, as
# every transaction does it: none waits for another in a circle. A mark is written again once an hour at most.
REMEMBER = f"""
INSERT INTO marks (user_id, mark, seen_at)
SELECT DISTINCT user_id, {_persons("user_id", "mark")} AS mark, $4::timestamptz
FROM unnest($1::bigint[], $2::bigint[], $3::bool[]) AS seen(user_id, mark, enters)
WHERE enters OR EXISTS (SELECT FROM pool p WHERE p.user_id = seen.user_id)
  OR EXISTS (SELECT FROM battles a WHERE a.user_a = seen.user_id AND a.status = 'active')
  OR EXISTS (SELECT FROM battles b WHERE b.user_b = seen.user_id AND b.status = 'active')
ORDER BY user_id, mark
ON CONFLICT (user_id, mark) DO UPDATE SET seen_at = excluded.seen_at
WHERE marks.seen_at < excluded.seen_at - interval '1 hour'
"""  # noqa: S608
FORGET = """
DELETE FROM marks WHERE (user_id, mark) IN (
  SELECT user_id, mark FROM marks WHERE seen_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED
) RETURNING 1
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """A person's device and address, as the gateway sends them; 0 where not known."""

    device_mark: int
    address_mark: int


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a vote comes from. `device` and `address` are what is kept of the marks in its battle."""

    battle_id: int
    device_mark: int
    address_mark: int
    device: int = field(init=False)
    address: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "device", sealed(self.battle_id, self.device_mark))
        object.__setattr__(self, "address", sealed(self.battle_id, self.address_mark))


async def remember(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    """Where people entered from, and where those who fight voted from."""
    seen = [
        (record.event.user_id, mark, isinstance(record.event, e.PoolEntered))
        for record in recorded
        if isinstance(record.event, e.PoolEntered | b.VoteCast) and record.private
        for mark in (record.private.device_mark, record.private.address_mark)
        if mark
    ]
    if seen:
        user_ids, marks, enters = (list(column) for column in zip(*seen, strict=True))
        await connection.execute(REMEMBER, user_ids, marks, enters, recorded[-1].at)


async def forget_old(database: Database, now: datetime) -> int:
    """What was not seen again for long; whether or not anybody fights any more. How much that was."""
    forgotten = 0
    async with database.write() as connection:
        while True:
            some = len(await connection.fetch(FORGET, now - MARKS_LAST, AT_ONCE))
            forgotten += some
            if some < AT_ONCE:
                return forgotten
