"""Battle's events → what we know of who is in a battle, and who has won. Auth's → when each account signed up."""

from contracts.events import auth, battle
from kernel.bus import Delivery, MessageBus
from kernel.commands import CommandBus
from kernel.db import Database
from services.creation.domain.contests import CONTEST, Command, NoteContestants, NoteEnd

CONSUMER = "creation"
ACCOUNTS_CONSUMER = "creation-accounts"
"""One of its own: it began later than the other, and has to hear from the beginning who signed up."""
LEARN_ACCOUNT = """
INSERT INTO accounts (user_id, since) SELECT $1, $2 WHERE NOT EXISTS (SELECT FROM departed WHERE user_id = $1)
ON CONFLICT DO NOTHING
"""


class BattleNews:
    """What comes twice does nothing the second time: the aggregate knows, so these commands need no keys."""

    def __init__(self, commands: CommandBus) -> None:
        self._commands = commands

    def listen(self, bus: MessageBus) -> None:
        bus.listen(
            "battle",
            CONSUMER,
            {
                battle.BattleEntered: self.entered,
                battle.BattleStarted: self.started,
                battle.BattleEnded: self.ended,
                battle.BattleCancelled: self.cancelled,
            },
        )

    async def entered(self, event: battle.BattleEntered, _: Delivery) -> None:
        await self._note(NoteContestants(event.battle_id, (event.creation_id,)))

    async def started(self, event: battle.BattleStarted, _: Delivery) -> None:
        await self._note(NoteContestants(event.battle_id, (event.creation_a_id, event.creation_b_id)))

    async def ended(self, event: battle.BattleEnded, _: Delivery) -> None:
        await self._note(NoteEnd(event.battle_id, event.winner_id))

    async def cancelled(self, event: battle.BattleCancelled, _: Delivery) -> None:
        await self._note(NoteEnd(event.battle_id, None))

    async def _note(self, command: Command) -> None:
        await self._commands.execute(CONTEST, command.battle_id, command)


class AccountNews:
    """Guests are not noted: a guest's time is not an account's."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def listen(self, bus: MessageBus) -> None:
        bus.listen("auth", ACCOUNTS_CONSUMER, {auth.UserSignedUp: self.signed_up})

    async def signed_up(self, event: auth.UserSignedUp, delivery: Delivery) -> None:
        async with self._database.write() as connection:
            await connection.execute(LEARN_ACCOUNT, event.user_id, delivery.envelope.time)
