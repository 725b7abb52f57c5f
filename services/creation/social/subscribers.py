"""Battle's events → what we know of who is in a battle, and who has won."""

from contracts.events import battle
from kernel.bus import Delivery, MessageBus
from kernel.commands import CommandBus
from services.creation.domain.contests import CONTEST, Command, NoteContestants, NoteEnd

CONSUMER = "creation"


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
