"""What a vote weighs, found out before it is cast. Votes that come together are looked into with one question."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from kernel.clock import Clock
from kernel.db import Database, json_column
from services.battle.domain.weighing import Rules, Signals, weigh
from services.battle.origins import MARKS_LAST, Origin, of_owner

MAX_AT_ONCE = 256
REMEMBERED = 10_000
# The person's vote that lies `burst_votes` back tells whether it is a burst, and no vote need be counted. Each account
# is looked up on its own: for a join the planner may read the whole table.
LOOK = f"""
SELECT number, (SELECT since FROM accounts a WHERE a.user_id = w.user_id::bigint), (
    SELECT voted_at FROM votes v WHERE v.user_id = w.user_id::bigint ORDER BY position DESC OFFSET $5 LIMIT 1
  ) AS earlier, w.device <> '0' AND EXISTS (
    SELECT FROM ballots b WHERE b.battle_id = w.battle_id::bigint AND b.device = w.device::bigint AND b.device <> 0
                            AND b.user_id <> w.user_id::bigint
  ) AS device_used, (
    SELECT count(*) FROM (
      SELECT FROM ballots b
      WHERE b.battle_id = w.battle_id::bigint AND b.address = w.address::bigint AND b.address <> 0 LIMIT $6
    ) counted
  ) AS from_address, {of_owner("w.device_mark")} AS owner_device, {of_owner("w.address_mark")} AS owner_address
FROM ROWS FROM (
  json_array_elements_text($1::json), json_array_elements_text($2::json),
  json_array_elements_text($3::json), json_array_elements_text($4::json),
  json_array_elements_text($7::json), json_array_elements_text($8::json)
) WITH ORDINALITY AS w(battle_id, user_id, device, address, device_mark, address_mark, number)
ORDER BY number
"""  # noqa: S608  (expressions of our own)


@dataclass(frozen=True, slots=True)
class Ballot:
    """A vote as it comes: who votes where, and from where."""

    battle_id: int
    user_id: int
    origin: Origin


@dataclass(slots=True)
class _Waiting:
    ballot: Ballot
    told: "asyncio.Future[tuple[int, tuple[str, ...]]]"


class Guards:
    """A device is remembered here, too, from the moment it was asked about: its other accounts' votes may come before
    the first one is committed. Several processes may each let one of them through.
    """

    def __init__(self, database: Database, rules: Rules, clock: Clock) -> None:
        self._database = database
        self._rules = rules
        self._clock = clock
        self._waiting: list[_Waiting] = []
        self._looking: asyncio.Task[None] | None = None
        self._devices: OrderedDict[tuple[int, int], int] = OrderedDict()

    async def weigh(self, ballot: Ballot) -> tuple[int, tuple[str, ...]]:
        """The weight, and what speaks against the vote. Errors: whatever the database raises."""
        told: asyncio.Future[tuple[int, tuple[str, ...]]] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(ballot, told))
        if self._looking is None:
            self._looking = asyncio.create_task(self._look(), name="guards")
        return await told

    async def _look(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:MAX_AT_ONCE], self._waiting[MAX_AT_ONCE:]
            try:
                found = await self._signals([each.ballot for each in batch])
            except Exception as error:  # noqa: BLE001  (whoever waits is told; the next ones are looked into)
                for each in batch:
                    if not each.told.done():
                        each.told.set_exception(error)
                continue
            for each, signals in zip(batch, found, strict=True):
                if not each.told.done():
                    each.told.set_result(self._weigh(each.ballot, signals))
        self._looking = None

    async def _signals(self, ballots: Sequence[Ballot]) -> Sequence[Signals]:
        columns = [json_column(getattr(each, name) for each in ballots) for name in ("battle_id", "user_id")]
        device, address, device_mark, address_mark = (
            json_column(getattr(each.origin, name) for each in ballots)
            for name in ("device", "address", "device_mark", "address_mark")
        )
        limits = (self._rules.burst_votes - 1, self._rules.per_address)
        since = self._clock() - MARKS_LAST
        async with self._database.write() as connection:
            rows = await connection.fetch(LOOK, *columns, device, address, *limits, device_mark, address_mark, since)
        return [Signals(*row[1:]) for row in map(tuple, rows)]

    def _weigh(self, ballot: Ballot, signals: Signals) -> tuple[int, tuple[str, ...]]:
        if ballot.origin.device and self._used_by_another(ballot):
            signals = replace(signals, device_used=True)
        return weigh(signals, self._rules, self._clock())

    def _used_by_another(self, ballot: Ballot) -> bool:
        """The first one who was seen with a device in a battle is whose it is."""
        owner = self._devices.setdefault((ballot.battle_id, ballot.origin.device), ballot.user_id)
        if len(self._devices) > REMEMBERED:
            self._devices.popitem(last=False)
        return owner != ballot.user_id
