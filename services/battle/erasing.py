"""When someone leaves: their pictures fight no more, and nothing is kept of where they voted from or what they saw.

Their votes and battles stay as numbers: an id that no service can give a name to any more, and that is on no board.
"""

from kernel.commands import CommandBus
from kernel.db import Database
from services.battle import tables
from services.battle.domain.fighter import FIGHTER, ForgetFighter
from services.battle.entries import Entries
from services.battle.queries import Queries

OF_USER = tuple(
    f"DELETE FROM {table.name} WHERE user_id = $1"  # noqa: S608  (names of our own tables)
    for table in (tables.ballots, tables.marks, tables.shown, tables.skips, tables.accounts)
)


class Departures:
    def __init__(self, database: Database, commands: CommandBus, queries: Queries, entries: Entries) -> None:
        self._database = database
        self._commands = commands
        self._queries = queries
        self._entries = entries

    async def erase(self, user_id: int) -> None:
        """Harmless twice."""
        for creation_id in await self._queries.in_play(user_id):
            await self._entries.withdraw(creation_id)
        await self._commands.execute(FIGHTER, user_id, ForgetFighter(user_id))
        async with self._database.write() as connection, connection.transaction():
            for statement in OF_USER:
                await connection.execute(statement, user_id)
