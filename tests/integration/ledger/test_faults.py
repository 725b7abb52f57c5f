"""A fault at every await of the path that a command goes, one after another: what was asked is done once all the same.

The path is all that the command bus, its turn and the projections await: each database call of a transaction, its
begin and its commit; or the two calls of a turn that needs none. In turn each of them fails before it reaches
PostgreSQL, or after PostgreSQL has done it and the answer is lost, or ends with the process: its bus is thrown away
where it stands. Then the same key comes again, to a new process.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Self

import asyncpg
import pytest

from contracts.errors import ServiceError
from kernel.clock import utc_now
from kernel.commands import CommandBus, Plain
from kernel.db import Database
from services.ledger import projections
from services.ledger.app import CODEC
from services.ledger.audit import audit
from services.ledger.domain import WALLET, Command, GrantCredits, HoldCredits, SettleHold, SpendCredits, TakeBack
from services.ledger.queries import Queries
from tests.conftest import MakeDatabase

AWAITED = ("fetch", "fetchval", "fetchrow", "execute", "copy_records_to_table")
MOST_AWAITS = 40
LATER = utc_now() + timedelta(days=1)
COMMANDS: dict[str, Command] = {
    "grant": GrantCredits(7, 40, "promo", "x", "promo", expires_at=LATER),
    "spend": SpendCredits(7, 40, "consume", "x"),
    "hold": HoldCredits(7, 2, 40, LATER, 4, "x"),
    "settle": SettleHold(7, 1, 30, "x"),
    "take back": TakeBack(7, 500, "refund", "o1", "x"),
}
BALANCES = {"grant": (110, 30), "spend": (30, 30), "hold": (30, 70), "settle": (70, 0), "take back": (-430, 30)}
"""What can be spent and what is held, after 100 were granted and 30 of them held, and then the command."""


class Killed(BaseException):
    """The process ended here."""


class Faults:
    """Counts every await of a database call, and makes the chosen one fail."""

    def __init__(self, at: int, kind: str) -> None:
        self.at = at
        self.kind = kind
        self.seen = 0

    async def around(self, call: Callable[[], Awaitable[Any]], connection: asyncpg.Connection) -> Any:
        self.seen += 1
        if self.seen != self.at:
            return await call()
        if self.kind == "not sent":
            connection.terminate()
            raise asyncpg.ConnectionDoesNotExistError("cut before it was sent")
        if self.kind == "answer lost":
            await call()
            connection.terminate()
            raise asyncpg.ConnectionDoesNotExistError("cut after it was done")
        if self.kind == "killed":
            connection.terminate()
            raise Killed
        await call()
        connection.terminate()
        raise Killed


KINDS = ("not sent", "answer lost", "killed", "killed after it")


class FaultyDatabase(Database):
    """A database whose connections meet the faults."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.faults = Faults(0, "")

    def write(self) -> Any:
        return _Faulty(super().write(), self.faults)


class _Faulty:
    def __init__(self, inner: Any, faults: Faults) -> None:
        self._inner = inner
        self._faults = faults

    async def __aenter__(self) -> Any:
        return _Connection(await self._inner.__aenter__(), self._faults)

    async def __aexit__(self, *error: object) -> Any:
        return await self._inner.__aexit__(*error)


class _Connection:
    """A connection as the command bus sees it, its transaction's begin and commit included."""

    def __init__(self, connection: asyncpg.Connection, faults: Faults) -> None:
        self._connection = connection
        self._faults = faults
        self._transaction: Any = None

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._connection, name)
        if name not in AWAITED:
            return found
        return lambda *a, **k: self._faults.around(lambda: found(*a, **k), self._connection)

    def transaction(self) -> "_Connection":
        self._transaction = self._connection.transaction()
        return self

    async def __aenter__(self) -> None:
        await self._faults.around(self._transaction.start, self._connection)

    async def __aexit__(self, kind: object, *_: object) -> None:
        if kind is None:
            await self._faults.around(self._transaction.commit, self._connection)
        elif not self._connection.is_closed():
            await self._transaction.rollback()


class Process:
    """A command bus on a faulty database, which can end at any moment."""

    def __init__(self, url: str, plain: Plain | None) -> None:
        self.database = FaultyDatabase(url)
        self.plain = plain

    async def __aenter__(self) -> Self:
        await self.database.open()
        self.bus = CommandBus(
            self.database,
            CODEC,
            projections.project,
            projections.keep,
            deadlines=projections.deadlines,
            plain=self.plain,
        )
        self.bus.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        for runner in self.bus._lanes._runners:
            runner.cancel()
            await asyncio.gather(runner, return_exceptions=True)
        assert self.database._pool
        self.database._pool.terminate()

    async def do(self, command: Command, key: str) -> bool:
        """Whether it was told to be done; a process that is killed tells nothing."""
        executing = asyncio.create_task(self.bus.execute(WALLET, 7, command, key=key))
        await asyncio.wait([executing, *self.bus._lanes._runners], return_when=asyncio.FIRST_COMPLETED, timeout=20)
        if executing.done():
            return not isinstance(executing.exception(), ServiceError)
        executing.cancel()
        return False


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("plain", [projections.PLAIN, None], ids=["one statement", "a transaction"])
async def test_a_command_takes_effect_once_whatever_ends_wherever(
    make_database: MakeDatabase, plain: Plain | None, name: str, kind: str
) -> None:
    command, at = COMMANDS[name], 0
    while True:
        at += 1
        assert at < MOST_AWAITS
        url = await make_database("ledger")
        async with Process(url, plain) as first:
            await first.do(GrantCredits(7, 100, "purchase", "x", "purchase", bought=True, reference="o1"), "before")
            await first.do(HoldCredits(7, 1, 30, LATER, 4, "x"), "before too")
            first.database.faults.at, first.database.faults.kind, first.database.faults.seen = at, kind, 0
            told = await first.do(command, "key")
            reached = first.database.faults.seen >= at
        async with Process(url, plain) as second:
            before = (await Queries(second.database).wallet(7)).balance
            assert await second.do(command, "key")
            wallet = await Queries(second.database).wallet(7)
            assert (wallet.balance, wallet.pending) == BALANCES[name], f"await {at}, {kind}"
            assert not told or before == wallet.balance, f"await {at}, {kind}: told before it was durable"
            async with second.database.write() as connection:
                report = await audit(connection._connection, CODEC, utc_now())
            assert report.faults == []
        if not reached:
            break
    assert at > (2 if plain else 4)
