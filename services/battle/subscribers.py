"""Events that battle listens to → commands, and its own → pictures that are free again."""

from collections.abc import Mapping

from contracts.envelope import Event
from contracts.events import auth, battle, creation
from kernel.bus import Delivery, Listener, MessageBus
from kernel.commands import CommandBus
from kernel.db import Database
from services.battle.domain.entry import ENTRY, FreeEntry
from services.battle.entries import Entries
from services.battle.erasing import Departures

CONSUMER = "battle"
# Whichever event comes first: an account is as old as the oldest of them.
LEARN_ACCOUNT = """
INSERT INTO accounts (user_id, since) VALUES ($1, $2)
ON CONFLICT (user_id) DO UPDATE SET since = least(accounts.since, excluded.since)
"""


class Subscribers:
    """What comes twice does nothing the second time: the streams know, so these commands need no keys."""

    def __init__(self, database: Database, commands: CommandBus, entries: Entries, departures: Departures) -> None:
        self._database = database
        self._commands = commands
        self._entries = entries
        self._departures = departures

    def listen(self, bus: MessageBus) -> None:
        on_auth: Mapping[type[Event], Listener] = {
            auth.UserSignedUp: self.learn_account,
            auth.GuestArrived: self.learn_account,
            auth.AccountDeleted: self.erase,
        }
        on_creation: Mapping[type[Event], Listener] = {
            creation.CreationDeleted: self.withdraw,
            creation.VisibilityChanged: self.hide,
            creation.CreationBarred: self.bar,
        }
        on_battle: Mapping[type[Event], Listener] = {battle.BattleEnded: self.free, battle.BattleCancelled: self.free}
        bus.listen("auth", CONSUMER, on_auth)
        bus.listen("creation", CONSUMER, on_creation)
        bus.listen("battle", CONSUMER, on_battle)

    async def learn_account(self, event: auth.UserSignedUp | auth.GuestArrived, delivery: Delivery) -> None:
        async with self._database.write() as connection:
            await connection.execute(LEARN_ACCOUNT, event.user_id, delivery.envelope.time)

    async def erase(self, event: auth.AccountDeleted, _: Delivery) -> None:
        await self._departures.erase(event.user_id)

    async def withdraw(self, event: creation.CreationDeleted, _: Delivery) -> None:
        await self._entries.withdraw(event.creation_id)

    async def hide(self, event: creation.VisibilityChanged, _: Delivery) -> None:
        """A battle goes on: reports alone may have hidden it."""
        if not event.is_public:
            await self._entries.leave_pool_if_hidden(event.creation_id)

    async def bar(self, event: creation.CreationBarred, _: Delivery) -> None:
        await self._entries.withdraw_if_barred(event.creation_id)

    async def free(self, event: battle.BattleEnded | battle.BattleCancelled, _: Delivery) -> None:
        for creation_id in (event.creation_a_id, event.creation_b_id):
            await self._commands.execute(ENTRY, creation_id, FreeEntry(creation_id, event.battle_id))
