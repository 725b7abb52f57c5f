"""How many like a picture now, for its owner and for who has just liked it."""

import asyncio
from collections.abc import Mapping
from typing import Any

from contracts.errors import ServiceError
from contracts.rpc.creation import CountLikes, LikeCounts
from gateway.live.hub import DROPPED, UNCOUNTED, Hub
from gateway.live.told import creation_liked
from kernel.caller import Caller
from kernel.logging import log

EVERY_S = 0.25
TIMEOUT_S = 2.0
MAX_AT_ONCE = 100
MAX_WAITING = 10_000
MAX_TRIES = 3


class Likes:
    """Asks for what has changed four times a second at most, only about pictures of which somebody here is to know."""

    def __init__(self, hub: Hub, caller: Caller) -> None:
        self._hub = hub
        self._caller = caller
        self._waiting: dict[int, set[int]] = {}
        self.asking: asyncio.Task[None] | None = None

    def changed(self, event: Mapping[str, Any]) -> None:
        here = {user_id for user_id in (event["user_id"], event["owner_id"]) if self._hub.is_here(user_id)}
        if not here:
            return
        if len(self._waiting) >= MAX_WAITING and event["creation_id"] not in self._waiting:
            DROPPED.labels(UNCOUNTED).inc()
            return
        self._waiting.setdefault(event["creation_id"], set()).update(here)
        if self.asking is None or self.asking.done():
            self.asking = asyncio.create_task(self._ask(), name="live-likes")

    async def _ask(self) -> None:
        """Until nothing waits. What creation cannot say after a few tries is not told."""
        while self._waiting:
            await asyncio.sleep(EVERY_S)
            wanted = {creation_id: self._waiting.pop(creation_id) for creation_id in list(self._waiting)[:MAX_AT_ONCE]}
            counts = await self._counts(list(wanted))
            for creation_id, users in wanted.items():
                if creation_id in counts:
                    self._hub.tell_users(users, creation_liked(creation_id, counts[creation_id]))

    async def _counts(self, creation_ids: list[int]) -> Mapping[int, int]:
        for attempt in range(1, MAX_TRIES + 1):
            try:
                found: LikeCounts = await self._caller.ask(CountLikes(creation_ids=creation_ids), timeout_s=TIMEOUT_S)
            except ServiceError as error:
                log.info("likes are not counted", code=error.code, attempt=attempt)
                await asyncio.sleep(EVERY_S * attempt)
            else:
                return found.counts
        DROPPED.labels(UNCOUNTED).inc(len(creation_ids))
        return {}
