"""Events that catalog listens to → commands. A key names each effect, so that it happens once."""

from collections.abc import Mapping
from datetime import UTC

from contracts.envelope import Event
from contracts.events import auth, creation
from contracts.rpc.creation import FREE_STYLE_ID
from kernel.bus import Delivery, Listener, MessageBus
from kernel.commands import CommandBus
from services.catalog.challenge_queries import ChallengeQueries
from services.catalog.domain import (
    LIKE,
    PERSON,
    PICTURE,
    STYLE,
    Making,
    NoteDeleted,
    NoteLeft,
    NoteLike,
    NoteMade,
    NoteVisibility,
    PictureCommand,
    RecordUse,
    like_key,
)

CONSUMER = "catalog"


class Subscribers:
    def __init__(self, commands: CommandBus, challenges: ChallengeQueries, *, half_life_s: float) -> None:
        self._commands = commands
        self._challenges = challenges
        self._half_life_s = half_life_s

    def listen(self, bus: MessageBus) -> None:
        on_creation: Mapping[type[Event], Listener] = {
            creation.CreationGenerated: self.made,
            creation.CreationDeleted: self.deleted,
            creation.VisibilityChanged: self.shown,
            creation.CreationLiked: self.liked,
            creation.CreationUnliked: self.unliked,
        }
        bus.listen("creation", CONSUMER, on_creation)
        bus.listen("auth", CONSUMER, {auth.AccountDeleted: self.left})

    async def made(self, event: creation.CreationGenerated, delivery: Delivery) -> None:
        """It counts for when the picture was made, however late the event comes. The use is told to the others: whoever
        looks then finds the picture counted already.
        """
        if event.style_id == FREE_STYLE_ID:
            return
        made_at, position = delivery.envelope.time, delivery.envelope.position
        making = Making(event.user_id, event.style_id, made_at)
        await self._note(NoteMade(event.creation_id, making, event.is_public, position))
        command = RecordUse(event.style_id, event.creation_id, made_at, self._half_life_s)
        key = f"use:{event.creation_id}"
        await self._commands.execute(STYLE, event.style_id, command, key=key, fingerprint="")

    async def shown(self, event: creation.VisibilityChanged, delivery: Delivery) -> None:
        await self._note(NoteVisibility(event.creation_id, event.is_public, delivery.envelope.position))

    async def deleted(self, event: creation.CreationDeleted, _: Delivery) -> None:
        await self._note(NoteDeleted(event.creation_id))

    async def liked(self, event: creation.CreationLiked, delivery: Delivery) -> None:
        await self._like(event, delivery, liked=True)

    async def unliked(self, event: creation.CreationUnliked, delivery: Delivery) -> None:
        await self._like(event, delivery, liked=False)

    async def left(self, event: auth.AccountDeleted, _: Delivery) -> None:
        await self._commands.execute(PERSON, event.user_id, NoteLeft(event.user_id))

    async def _like(
        self, event: creation.CreationLiked | creation.CreationUnliked, delivery: Delivery, *, liked: bool
    ) -> None:
        """A like counts on the day on which the picture was made, and on no other."""
        day = delivery.envelope.time.astimezone(UTC).date()
        made_on = await self._challenges.day_of_picture(event.creation_id)
        if made_on not in (None, day):
            return
        command = NoteLike(event.creation_id, event.user_id, day, liked, delivery.envelope.position)
        await self._commands.execute(LIKE, like_key(event.creation_id, event.user_id, day), command)

    async def _note(self, command: PictureCommand) -> None:
        await self._commands.execute(PICTURE, command.creation_id, command)
