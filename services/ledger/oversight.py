"""Whether an administrator may do something to somebody's credits alone, or another one must approve it."""

from collections.abc import Sequence
from datetime import UTC, datetime

from kernel.clock import from_iso
from kernel.commands import CommandBus
from services.ledger.domain.allowance import (
    ALLOWANCE,
    Allowance,
    AllowanceUsed,
    Event,
    ReturnAllowance,
    Use,
    UseAllowance,
)

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class Oversight:
    """Alone: up to `limit` credits for each person in any 24 hours, corrections and refunds together."""

    def __init__(self, commands: CommandBus, *, limit: int) -> None:
        self._commands = commands
        self._limit = limit

    async def may_alone(self, by: int, user_id: int, credits_: int, *, key: str | None, fingerprint: str) -> Use | None:
        """Counts it if so; None: another one must approve it. Under the same key the answer stays the same.

        Errors: IDEMPOTENCY_CONFLICT.
        """
        if by == user_id:
            return None
        outcome = await self._commands.execute(
            ALLOWANCE,
            f"{by}:{user_id}",
            UseAllowance(by, user_id, abs(credits_), self._limit),
            key=f"allowance:{key}" if key else None,
            fingerprint=fingerprint,
            answer=_used_at,
        )
        if outcome.answer is True:  # of a key from before uses were named: it cannot be given back
            return Use(LONG_AGO, abs(credits_))
        return Use(from_iso(outcome.answer), abs(credits_)) if outcome.answer else None

    async def give_back(self, by: int, user_id: int, use: Use, *, key: str) -> None:
        """It does not count any more, because nothing was done: once for each key, whoever finds out."""
        command = ReturnAllowance(by, user_id, use)
        await self._commands.execute(ALLOWANCE, f"{by}:{user_id}", command, key=f"allowance-back:{key}", fingerprint="")


def _used_at(_: Allowance, events: Sequence[Event]) -> str:
    """To the microsecond: it names the use."""
    return next((event.at.isoformat() for event in events if isinstance(event, AllowanceUsed)), "")
