"""Planning challenges, and starting each day's as the day begins."""

from datetime import UTC

from contracts.errors import ServiceError
from contracts.rpc import catalog as rpc
from contracts.rpc.auth import ACCOUNTS_AWAY, RequireRole
from kernel import timers
from kernel.caller import Caller
from kernel.clock import Clock
from kernel.commands import CommandBus
from kernel.db import Database
from services.catalog import domain
from services.catalog.challenge_projections import timer_of
from services.catalog.challenge_queries import ChallengeQueries
from services.catalog.domain import CHALLENGE, ChallengeCommand, ChallengeShape, StyleNotFound


class NothingOnOffer(ServiceError):
    """The timer that finds this tries again a little later."""

    def __init__(self) -> None:
        super().__init__("STYLE_NOT_FOUND", "There is no style yet that could be the challenge.")


class Challenges:
    def __init__(
        self, database: Database, commands: CommandBus, queries: ChallengeQueries, caller: Caller, clock: Clock
    ) -> None:
        self._database = database
        self._commands = commands
        self._queries = queries
        self._caller = caller
        self._clock = clock

    async def plan(self, request: rpc.PlanChallenge) -> rpc.Challenge:
        """One planned for today starts at once. Errors: as the contract says."""
        await self._must_be_admin(request.by)
        await self._must_be_offered(request.style_id)
        number = domain.id_of(request.day)
        shape = ChallengeShape(request.title, request.style_id)
        await self._execute(domain.PlanChallenge(number, shape, request.by))
        if number == self._today():
            await self.start_todays()
        return await self._queries.one(number)

    async def change(self, request: rpc.ChangeChallenge) -> rpc.Challenge:
        await self._must_be_admin(request.by)
        domain.day_of(request.challenge_id)
        if request.style_id is not None:
            await self._must_be_offered(request.style_id)
        await self._execute(domain.ChangeChallenge(request.challenge_id, request.title, request.style_id, request.by))
        return await self._queries.one(request.challenge_id)

    async def withdraw(self, request: rpc.WithdrawChallenge) -> rpc.ChallengeWithdrawn:
        await self._must_be_admin(request.by)
        domain.day_of(request.challenge_id)
        await self._execute(domain.WithdrawChallenge(request.challenge_id, request.by))
        return rpc.ChallengeWithdrawn(challenge_id=request.challenge_id)

    async def planned(self, request: rpc.ListPlannedChallenges) -> rpc.ChallengePage:
        await self._must_be_admin(request.by)
        return await self._queries.planned(request)

    async def _must_be_admin(self, user_id: int) -> None:
        await self._caller.require(RequireRole(user_id=user_id, role="admin"), away=ACCOUNTS_AWAY)

    async def look(self) -> None:
        """At the start: midnight may have passed meanwhile. Then each day's start sets the next one's timer."""
        async with self._database.write() as connection:
            await timers.set_timers(connection, [(timer_of(self._today()), self._clock())])

    async def start_todays(self) -> None:
        """Harmless twice. Errors: STYLE_NOT_FOUND while nothing is on offer."""
        candidates = await self._queries.candidates()
        if not candidates:
            raise NothingOnOffer
        first = candidates[0]
        rule = ChallengeShape(f"{first['name']} Challenge", first["id"])
        offered = tuple(row["id"] for row in candidates)
        await self._execute(domain.StartChallenge(self._today(), rule, offered))

    async def _must_be_offered(self, style_id: int) -> None:
        if style_id not in {row["id"] for row in await self._queries.candidates()}:
            raise StyleNotFound

    def _today(self) -> int:
        return domain.id_of(self._clock().astimezone(UTC).date())

    async def _execute(self, command: ChallengeCommand) -> None:
        await self._commands.execute(CHALLENGE, command.challenge_id, command)
