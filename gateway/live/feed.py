"""Whom what happened concerns: events, votes and progress become what the connected are told."""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from contracts.events import battle, creation, ledger, notify
from contracts.subjects import ALL_PROGRESS, ALL_VOTES
from gateway.live import told
from gateway.live.hub import Hub
from gateway.live.likes import Likes
from gateway.live.pace import Pace
from gateway.revocations import Revocations
from gateway.tap import Tap
from kernel.caller import Caller

EVERY_S = 0.25
MAX_PICTURES = 20_000
DONE_PERCENT = 100
SYNC_STEPS, SYNC_PAUSE_S = 40, 0.05
"""All that are connected ask again at what `sync` tells them: not at once."""

Data = Mapping[str, Any]


@dataclass(slots=True)
class Painting:
    user_id: int
    progress: int = 0


class Feed:
    """Votes, balances and progress come as often as four times a second at most, and their last value always."""

    def __init__(self, hub: Hub, tap: Tap, revocations: Revocations, caller: Caller) -> None:
        self._hub = hub
        self._revocations = revocations
        self._likes = Likes(hub, caller)
        self._votes: Pace[int, tuple[int, int]] = Pace(self._tell_votes, EVERY_S)
        self._balances: Pace[int, int] = Pace(self._tell_balance, EVERY_S)
        self._progress: Pace[int, tuple[int, str, int]] = Pace(self._tell_progress, EVERY_S)
        self._paintings: OrderedDict[int, Painting] = OrderedDict()
        self._gaps = 0
        self._syncing: asyncio.Task[None] | None = None
        tap.hook_live(ALL_VOTES, self._voted)
        tap.hook_live(ALL_PROGRESS, self._painted)
        for paid in ledger.EVENTS:
            if {"user_id", "balance"} <= paid.model_fields.keys():
                tap.hook(paid, self._paid)
        tap.hook(battle.BattleEnded, self._battle_ended)
        tap.hook(battle.BattleCancelled, self._battle_ended)
        tap.hook(creation.CreationQueued, self._queued)
        tap.hook(creation.PaintingStarted, self._started)
        tap.hook(creation.CreationGenerated, lambda event: self._ended(event, "completed"))
        tap.hook(creation.CreationFailed, lambda event: self._ended(event, "failed"))
        tap.hook(creation.CreationCancelled, lambda event: self._ended(event, "cancelled"))
        tap.hook(creation.CreationLiked, self._likes.changed)
        tap.hook(creation.CreationUnliked, self._likes.changed)
        tap.hook(notify.NotificationAdded, self._notified)
        tap.on_gap(self._missed)

    async def close(self) -> None:
        tasks = [task for task in (self._syncing, self._likes.asking) if task and not task.done()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _voted(self, battle_id: int, body: bytes) -> None:
        if self._hub.is_watched(battle_id):
            votes = orjson.loads(body)
            self._votes.offer(battle_id, (int(votes["votes_a"]), int(votes["votes_b"])))

    def _battle_ended(self, event: Data) -> None:
        """The final count comes before the end, whatever was heard of it; then the room is closed."""
        battle_id = event["battle_id"]
        self._votes.flush(battle_id)
        final = (event.get("votes_a", 0), event.get("votes_b", 0))
        if self._hub.is_watched(battle_id) and any(final):
            self._tell_votes(battle_id, final)
        owners = [user_id for name in ("user_a_id", "user_b_id") if (user_id := event.get(name))]
        self._hub.tell_room(battle_id, told.battle_ended(battle_id, event.get("winner_id")), and_users=owners)
        self._hub.close_room(battle_id)

    def _paid(self, event: Data) -> None:
        if self._hub.is_here(event["user_id"]):
            self._balances.offer(event["user_id"], event["balance"])

    def _notified(self, event: Data) -> None:
        if self._hub.is_here(event["user_id"]):
            self._hub.tell_users([event["user_id"]], told.notification_new(event["notification_id"], event["kind"]))

    def _queued(self, event: Data) -> None:
        self._move(event["creation_id"], self._painting(event), "queued")

    def _started(self, event: Data) -> None:
        self._move(event["creation_id"], self._painting(event), "processing")

    def _painted(self, creation_id: int, body: bytes) -> None:
        """Only events say whose it is. They may come later than what the painter says: it never goes back."""
        if painting := self._paintings.get(creation_id):
            painting.progress = max(painting.progress, int(orjson.loads(body)["progress"]))
            self._move(creation_id, painting, "processing")

    def _ended(self, event: Data, status: str) -> None:
        painting = self._painting(event)
        if status == "completed":
            painting.progress = DONE_PERCENT
        self._move(event["creation_id"], painting, status)
        del self._paintings[event["creation_id"]]

    def _painting(self, event: Data) -> Painting:
        """Kept for everyone, since its owner may come later. The oldest of too many is forgotten."""
        painting = self._paintings.setdefault(event["creation_id"], Painting(event["user_id"]))
        if len(self._paintings) > MAX_PICTURES:
            self._paintings.popitem(last=False)
        return painting

    def _move(self, creation_id: int, painting: Painting, status: str) -> None:
        if self._hub.is_here(painting.user_id):
            self._progress.offer(creation_id, (painting.user_id, status, painting.progress))

    def _tell_votes(self, battle_id: int, votes: tuple[int, int]) -> None:
        self._hub.tell_room(battle_id, told.vote_update(battle_id, *votes))

    def _tell_balance(self, user_id: int, balance: int) -> None:
        self._hub.tell_users([user_id], told.credits_updated(balance))

    def _tell_progress(self, creation_id: int, news: tuple[int, str, int]) -> None:
        user_id, status, progress = news
        self._hub.tell_users([user_id], told.creation_progress(creation_id, status, progress))

    def _missed(self) -> None:
        self._gaps += 1
        if self._hub.listeners and (self._syncing is None or self._syncing.done()):
            self._syncing = asyncio.create_task(self._sync(), name="live-sync")

    async def _sync(self) -> None:
        """As soon as we hear again, and know whose access has ended; once more if there was another gap meanwhile."""
        gaps = None
        while gaps != self._gaps:
            gaps = self._gaps
            await self._revocations.settled()
            here = list(self._hub.listeners)
            for step in range(min(SYNC_STEPS, len(here))):
                self._hub.tell(self._hub.listeners.intersection(here[step::SYNC_STEPS]), told.SYNC)
                await asyncio.sleep(SYNC_PAUSE_S)
