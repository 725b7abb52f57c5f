"""What other services tell → what people are told. Each event once, whatever comes twice, late or out of order."""

from dataclasses import replace
from datetime import timedelta

from contracts.events import auth, battle, catalog, creation, ledger
from kernel.bus import Delivery, MessageBus
from kernel.clock import Clock
from kernel.commands import CommandBus
from services.notify.domain import BROADCAST, INBOX, LIKES, Kind
from services.notify.domain.inbox import Data, Notify, OpenInbox, TellEveryone
from services.notify.domain.likes import EndGathering, GatherLike, Likes
from services.notify.preferences import PreferenceBook

CONSUMER = "notify-news"


class News:
    """What happened longer ago than `max_age` is no news. Likes are gathered for `like_window`."""

    def __init__(
        self,
        commands: CommandBus,
        preferences: PreferenceBook,
        *,
        max_age: timedelta,
        like_window: timedelta,
        clock: Clock,
    ) -> None:
        self._commands = commands
        self._preferences = preferences
        self._max_age = max_age
        self._like_window = like_window
        self._clock = clock

    def listen(self, bus: MessageBus) -> None:
        bus.listen(
            "auth",
            CONSUMER,
            {
                auth.UserSignedUp: self.arrived,
                auth.GuestArrived: self.arrived,
                auth.AchievementAwarded: self.achievement_awarded,
            },
        )
        bus.listen("creation", CONSUMER, {creation.CreationLiked: self.liked, creation.CreationUnliked: self.unliked})
        bus.listen(
            "battle",
            CONSUMER,
            {
                battle.BattleStarted: self.battle_started,
                battle.BattleEnding: self.battle_ending,
                battle.BattleEnded: self.battle_ended,
            },
        )
        bus.listen("ledger", CONSUMER, {ledger.CreditsLow: self.credits_low})
        bus.listen("catalog", CONSUMER, {catalog.StylePublished: self.style_published})

    async def arrived(self, event: auth.UserSignedUp | auth.GuestArrived, delivery: Delivery) -> None:
        command = OpenInbox(event.user_id, delivery.envelope.time)
        await self._commands.execute(INBOX, event.user_id, command)

    async def achievement_awarded(self, event: auth.AchievementAwarded, delivery: Delivery) -> None:
        data = {"achievement": event.achievement, "name": event.name}
        await self._tell(event.user_id, "achievement", data, delivery)

    async def credits_low(self, event: ledger.CreditsLow, delivery: Delivery) -> None:
        await self._tell(event.user_id, "credits_low", {"balance": str(event.balance)}, delivery)

    async def battle_started(self, event: battle.BattleStarted, delivery: Delivery) -> None:
        await self._tell_both(event, "battle_started", delivery)

    async def battle_ending(self, event: battle.BattleEnding, delivery: Delivery) -> None:
        await self._tell_both(event, "battle_ending", delivery)

    async def battle_ended(self, event: battle.BattleEnded, delivery: Delivery) -> None:
        if event.winner_user_id is None:
            return
        data = {"battle_id": str(event.battle_id)}
        if event.winner_id is not None:
            data["creation_id"] = str(event.winner_id)
        if event.prize:
            data["prize"] = str(event.prize)
        if event.prize_withheld:
            data["prize_withheld"] = event.prize_withheld
        await self._tell(event.winner_user_id, "battle_won", data, delivery)

    async def style_published(self, event: catalog.StylePublished, delivery: Delivery) -> None:
        if event.is_new and event.active and self._is_news(delivery):
            data = {"style_id": str(event.style_id), "style_name": event.name}
            command = TellEveryone("new_style", data, delivery.envelope.time)
            await self._commands.execute(BROADCAST, event.style_id, command)

    async def liked(self, event: creation.CreationLiked, delivery: Delivery) -> None:
        await self._gather(event, 1, delivery)

    async def unliked(self, event: creation.CreationUnliked, delivery: Delivery) -> None:
        await self._gather(event, -1, delivery)

    async def end_gathering(self, creation_id: int, gathering: int) -> None:
        """Told once, by its key, however often the timer fires."""
        outcome = await self._commands.execute(
            LIKES, creation_id, EndGathering(gathering), answer=lambda likes, _: likes
        )
        likes: Likes = outcome.answer
        if likes.told_gathering != gathering or likes.told_at is None:
            return
        data = {"creation_id": str(creation_id), "people": str(likes.told)}
        key = f"likes:{creation_id}:{gathering}"
        await self._notify(Notify(likes.owner_id, "creation_liked", data, likes.told_at, in_inbox=True), key)

    async def _gather(
        self, event: creation.CreationLiked | creation.CreationUnliked, change: int, delivery: Delivery
    ) -> None:
        if event.user_id != event.owner_id and self._is_news(delivery):
            command = GatherLike(event.owner_id, event.user_id, change, self._like_window)
            await self._commands.execute(LIKES, event.creation_id, command, key=delivery.key)

    async def _tell_both(
        self, event: battle.BattleStarted | battle.BattleEnding, kind: Kind, delivery: Delivery
    ) -> None:
        sides = ((event.user_a_id, event.creation_a_id), (event.user_b_id, event.creation_b_id))
        for user_id, creation_id in sides:
            data = {"battle_id": str(event.battle_id), "creation_id": str(creation_id), "ends_at": event.ends_at}
            await self._tell(user_id, kind, data, delivery)

    async def _tell(self, user_id: int, kind: Kind, data: Data, delivery: Delivery) -> None:
        if self._is_news(delivery):
            command = Notify(user_id, kind, data, delivery.envelope.time, in_inbox=True)
            await self._notify(command, f"{delivery.key}:{user_id}")

    async def _notify(self, command: Notify, key: str) -> None:
        wishes = await self._preferences.wishes(command.user_id)
        in_inbox = command.kind not in wishes.no_inbox
        if in_inbox or command.kind not in wishes.no_push:
            command = replace(command, in_inbox=in_inbox)
            # Wishes may be others when it comes again, and it is the same notification all the same.
            await self._commands.execute(INBOX, command.user_id, command, key=key, fingerprint="")

    def _is_news(self, delivery: Delivery) -> bool:
        return self._clock() - delivery.envelope.time <= self._max_age
