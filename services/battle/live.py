"""Votes as they come, for those who look on: at most a few times a second for each battle, and always the last word."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import nats.errors

from contracts.errors import ServiceError
from contracts.subjects import votes_subject
from kernel.logging import log

PAUSE_S = 0.25
Totals = tuple[int, int]
Publish = Callable[[str, bytes], Awaitable[None]]


@dataclass(slots=True)
class _Pause:
    """After something was told about a battle. `said` is what, `latest` what is true by now."""

    said: Totals
    latest: Totals


class LiveVotes:
    """Nothing here is kept: whoever missed it asks."""

    def __init__(self, publish: Publish) -> None:
        self._publish = publish
        self._pauses: dict[int, _Pause] = {}
        self._telling: set[asyncio.Task[None]] = set()

    def tell(self, battle_id: int, votes: Totals) -> None:
        """The totals after a vote. Answers may overtake each other: totals only grow, so the larger one is later."""
        pause = self._pauses.get(battle_id)
        if pause is None:
            self._say(battle_id, votes)
        elif sum(votes) > sum(pause.latest):
            pause.latest = votes

    async def close(self) -> None:
        """Say what is left to say."""
        for battle_id, pause in self._pauses.items():
            if pause.latest != pause.said:
                self._spawn(battle_id, pause.latest)
        self._pauses.clear()
        if self._telling:
            await asyncio.wait(self._telling, timeout=1)

    def _say(self, battle_id: int, votes: Totals) -> None:
        self._pauses[battle_id] = _Pause(votes, votes)
        self._spawn(battle_id, votes)
        asyncio.get_running_loop().call_later(PAUSE_S, self._go_on, battle_id)

    def _go_on(self, battle_id: int) -> None:
        pause = self._pauses.pop(battle_id, None)
        if pause and pause.latest != pause.said:
            self._say(battle_id, pause.latest)

    def _spawn(self, battle_id: int, votes: Totals) -> None:
        task = asyncio.create_task(self._send(battle_id, votes))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _send(self, battle_id: int, votes: Totals) -> None:
        body = json.dumps({"battle_id": battle_id, "votes_a": votes[0], "votes_b": votes[1]}).encode()
        try:
            await self._publish(votes_subject(battle_id), body)
        except (nats.errors.Error, ServiceError, OSError) as error:
            log.warning("votes were not told live", error=repr(error))
