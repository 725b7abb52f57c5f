"""Claiming what is sent once, and recording what came of it: for mails and pushes alike."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

from contracts.errors import ServiceError
from kernel.clock import Clock
from kernel.commands import CommandBus
from kernel.decider import Decider
from services.notify.domain import ClaimMail, Command, Event, LookAtMail, Mail, Status

RECORD_PAUSE_S = 0.5
TRANSIENT = {"SERVICE_UNAVAILABLE", "DEADLINE_EXCEEDED"}


@dataclass(frozen=True, slots=True)
class Standing:
    """`changed`: by what was just asked. `claim`: of the try that has it, or had it last."""

    status: Status
    claim: str
    changed: bool

    @property
    def was_given_up(self) -> bool:
        """Somebody's claim was found to be over, and nobody will ever know what came of it."""
        return self.status == "unknown" and self.changed


class Claims:
    """`life`: of a claim; longer than any handing over."""

    def __init__(
        self, commands: CommandBus, decider: Decider[Command, Mail, Event], *, life: timedelta, clock: Clock
    ) -> None:
        self._commands = commands
        self._decider = decider
        self._life = life
        self._clock = clock

    async def look(self, key: str, template: str) -> Standing:
        """A claim that is still good is not interfered with; one that is not leaves it unknown. Errors: BeingSent."""
        return await self._execute(key, LookAtMail(template), None)

    async def claim(self, key: str, template: str, claim: str) -> Standing:
        """Claimed under `claim`, we alone may send it now: committed when this returns. Errors: BeingSent."""
        return await self._execute(key, ClaimMail(template, claim, self._clock() + self._life), f"claim:{claim}")

    async def record(self, key: str, command: Command) -> None:
        """What came of a claim is known here alone: tried until the database takes it, or the claim is over."""
        command_key = f"record:{uuid4().hex}"
        over = self._clock() + self._life
        while True:
            try:
                await self._execute(key, command, command_key)
            except ServiceError as error:
                if error.code not in TRANSIENT or self._clock() > over:
                    raise
                await asyncio.sleep(RECORD_PAUSE_S)
            else:
                return

    async def _execute(self, key: str, command: Command, command_key: str | None) -> Standing:
        outcome = await self._commands.execute(
            self._decider,
            key,
            command,
            key=command_key,
            answer=lambda mail, events: {"status": mail.status, "claim": mail.claim, "changed": bool(events)},
        )
        answer: dict[str, Any] = outcome.answer
        return Standing(**answer)
