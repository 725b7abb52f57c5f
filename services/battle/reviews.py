"""Suspicious votes before moderators: whoever auth does not know as one is refused, whatever a token says."""

from contracts.errors import ServiceError
from contracts.rpc import battle as rpc
from contracts.rpc.auth import ACCOUNTS_AWAY, RequireRole
from kernel.caller import Caller
from kernel.commands import CommandBus
from services.battle.domain.battle import BATTLE, FULL_WEIGHT, OutOfDate, ReviewVote
from services.battle.queries import Queries, told_vote

TRIES = 5
LONGEST_REASON = 500


class Reviews:
    def __init__(self, commands: CommandBus, queries: Queries, caller: Caller) -> None:
        self._commands = commands
        self._queries = queries
        self._caller = caller

    async def suspects(self, request: rpc.ListSuspects) -> rpc.VotePage:
        """Errors: PERMISSION_DENIED, SERVICE_UNAVAILABLE when auth cannot be asked."""
        await self._check(request.by)
        return await self._queries.suspects(request)

    async def review(self, request: rpc.ReviewVote) -> rpc.Vote:
        """A review that comes between this one's look and its word makes it look again.

        Errors: PERMISSION_DENIED, NOT_FOUND, BATTLE_ENDED, VALIDATION_ERROR, SERVICE_UNAVAILABLE.
        """
        await self._check(request.by)
        if not request.reason.strip() or len(request.reason) > LONGEST_REASON:
            fault = f"A reason has 1 to {LONGEST_REASON} characters."
            raise ServiceError("VALIDATION_ERROR", fault, {"reason": fault})
        for attempt in range(1, TRIES + 1):
            try:
                return await self._review(request)
            except OutOfDate:
                if attempt == TRIES:
                    raise
        raise AssertionError

    async def _review(self, request: rpc.ReviewVote) -> rpc.Vote:
        vote = await self._queries.vote(request.battle_id, request.user_id)
        if vote is None:
            raise ServiceError("NOT_FOUND", "There is no such vote.")
        weight = FULL_WEIGHT if request.decision == "count" else 0
        command = ReviewVote(
            request.battle_id,
            request.user_id,
            vote["creation_id"],
            vote["weight"],
            weight,
            vote["reviews"],
            request.by,
            request.reason.strip(),
        )
        await self._commands.execute(BATTLE, request.battle_id, command)
        return told_vote({**vote, "weight": weight})

    async def _check(self, by: int) -> None:
        await self._caller.require(RequireRole(user_id=by, role="moderator"), away=ACCOUNTS_AWAY)
