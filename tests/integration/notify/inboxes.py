"""Looking at inboxes, through what notify answers."""

from dataclasses import dataclass
from typing import Any

from contracts.envelope import Envelope, Event
from contracts.events.battle import BattleEnding, BattleStarted
from contracts.events.catalog import StylePublished
from contracts.rpc import notify as rpc
from kernel.service import Service
from tests.integration.ledger.conftest import Voice
from tests.waiting import until

ENDS_AT = "2099-01-01T00:00:00Z"
ANA, BEN = 7, 8


def started(battle_id: int = 3) -> BattleStarted:
    return BattleStarted(
        battle_id=battle_id, creation_a_id=70, creation_b_id=80, user_a_id=ANA, user_b_id=BEN, ends_at=ENDS_AT
    )


def ending(battle_id: int = 3, ends_at: str = ENDS_AT) -> BattleEnding:
    return BattleEnding.model_validate(started(battle_id).model_dump() | {"ends_at": ends_at})


def style(style_id: int, name: str = "Neon", *, is_new: bool = True) -> StylePublished:
    return StylePublished(
        style_id=style_id,
        name=name,
        slug=f"s{style_id}",
        prompt_template="-",
        negative_prompt="-",
        effect="-",
        credits_required=50,
        active=True,
        is_new=is_new,
    )


@dataclass
class Inboxes:
    notify: Service
    voice: Voice

    async def ask(self, request: Any) -> Any:
        return await self.notify.bus.caller.ask(request)

    async def say(self, *events: Event) -> list[Envelope]:
        return [await self.voice.say(event) for event in events]

    async def page(self, user_id: int = ANA, **options: Any) -> rpc.NotificationPage:
        found: rpc.NotificationPage = await self.ask(rpc.ListNotifications(user_id=user_id, **options))
        return found

    async def bodies(self, user_id: int = ANA, **options: Any) -> list[str]:
        return [item.body for item in (await self.page(user_id, **options)).items]

    async def has(self, count: int, user_id: int = ANA) -> rpc.NotificationPage:
        """Wait until so many are there."""
        return await until(
            lambda: self.page(user_id, limit=50), lambda page: page.total == count == len(page.items), 15
        )

    async def unread(self, user_id: int = ANA) -> int:
        found: rpc.Unread = await self.ask(rpc.CountUnread(user_id=user_id))
        return found.unread
