"""Events that auth listens to → what a person has done, in numbers; and its own: what an account's end leaves to do."""

from collections.abc import Mapping, Sequence

import msgspec

from contracts.envelope import Event
from contracts.events import auth, battle, creation
from kernel.bus import Delivery, Listener, MessageBus
from kernel.commands import CommandBus
from services.auth.deletions import Erasure
from services.auth.domain import (
    PICTURE,
    STATS,
    AddToStats,
    NoteDeleted,
    NoteMade,
    NoteVisibility,
    PictureCommand,
    PictureNoted,
    Tally,
)

CONSUMER = "auth"


class Subscribers:
    def __init__(self, commands: CommandBus, erasure: Erasure) -> None:
        self._commands = commands
        self._erasure = erasure

    def listen(self, bus: MessageBus) -> None:
        on_creation: Mapping[type[Event], Listener] = {
            creation.CreationGenerated: self.made,
            creation.CreationDeleted: self.deleted,
            creation.VisibilityChanged: self.shown,
            creation.CreationLiked: self.liked,
            creation.CreationUnliked: self.unliked,
        }
        on_battle: Mapping[type[Event], Listener] = {
            battle.BattleEntered: self.entered,
            battle.VoteCast: self.voted,
            battle.BattleEnded: self.ended,
        }
        bus.listen("creation", CONSUMER, on_creation)
        bus.listen("battle", CONSUMER, on_battle)
        bus.listen("auth", CONSUMER, {auth.AccountDeleted: self.erase})

    async def made(self, event: creation.CreationGenerated, delivery: Delivery) -> None:
        version = delivery.envelope.stream_version
        await self._note(NoteMade(event.creation_id, event.user_id, event.is_public, version), delivery)

    async def shown(self, event: creation.VisibilityChanged, delivery: Delivery) -> None:
        version = delivery.envelope.stream_version
        await self._note(NoteVisibility(event.creation_id, event.user_id, event.is_public, version), delivery)

    async def deleted(self, event: creation.CreationDeleted, delivery: Delivery) -> None:
        await self._note(NoteDeleted(event.creation_id, event.user_id), delivery)

    async def liked(self, event: creation.CreationLiked, delivery: Delivery) -> None:
        await self._add(event.owner_id, Tally(likes=1), delivery)

    async def unliked(self, event: creation.CreationUnliked, delivery: Delivery) -> None:
        await self._add(event.owner_id, Tally(likes=-1), delivery)

    async def entered(self, event: battle.BattleEntered, delivery: Delivery) -> None:
        await self._add(event.user_id, Tally(battles=1), delivery)

    async def voted(self, event: battle.VoteCast, delivery: Delivery) -> None:
        await self._add(event.user_id, Tally(votes=1), delivery)

    async def ended(self, event: battle.BattleEnded, delivery: Delivery) -> None:
        if event.winner_user_id is not None:
            await self._add(event.winner_user_id, Tally(wins=1), delivery)

    async def erase(self, event: auth.AccountDeleted, _: Delivery) -> None:
        await self._erasure.erase(event.user_id)

    async def _note(self, command: PictureCommand, delivery: Delivery) -> None:
        """Two steps, each with a key: what comes again gets the first step's answer again, and goes on from there."""
        noted = await self._commands.execute(
            PICTURE, command.creation_id, command, key=delivery.key, answer=_change_of_tally
        )
        if noted.answer is not None:
            await self._add(command.user_id, Tally(**noted.answer), delivery)

    async def _add(self, user_id: int, tally: Tally, delivery: Delivery) -> None:
        await self._commands.execute(STATS, user_id, AddToStats(user_id, tally), key=f"{delivery.key}:stats")


def _change_of_tally(_: object, events: Sequence[PictureNoted]) -> object:
    return msgspec.to_builtins(events[0].tally) if events else None
