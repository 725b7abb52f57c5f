"""Whether an administrator may do something to somebody's credits alone, or another one must approve it."""

from collections.abc import Sequence

from kernel.commands import CommandBus
from services.ledger.domain.allowance import ALLOWANCE, Allowance, AllowanceUsed, UseAllowance


class Oversight:
    """Alone: up to `limit` credits for each person in any 24 hours, corrections and refunds together."""

    def __init__(self, commands: CommandBus, *, limit: int) -> None:
        self._commands = commands
        self._limit = limit

    async def may_alone(self, by: int, user_id: int, credits_: int, *, key: str | None, fingerprint: str) -> bool:
        """Counts it if so. Under the same key the answer stays the same. Errors: IDEMPOTENCY_CONFLICT."""
        if by == user_id:
            return False
        outcome = await self._commands.execute(
            ALLOWANCE,
            f"{by}:{user_id}",
            UseAllowance(by, user_id, abs(credits_), self._limit),
            key=f"allowance:{key}" if key else None,
            fingerprint=fingerprint,
            answer=_was_used,
        )
        return bool(outcome.answer)


def _was_used(_: Allowance, events: Sequence[AllowanceUsed]) -> bool:
    return bool(events)
