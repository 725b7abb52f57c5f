"""Guests: people without an address, known by their device and household, with credits to try the app out.

The same device from the same household is the same guest again. New ones are counted per household before they are
made, by one statement, so that many at once are as many. What is kept of device and household are HMACs.
"""

import hashlib
import hmac
from datetime import timedelta

import sqlalchemy as sa

from contracts.errors import ServiceError
from contracts.rpc import auth as rpc
from kernel.clock import Clock
from kernel.commands import CommandBus
from kernel.db import Database, Query
from kernel.ids import IdBlock
from services.auth.domain import ACCOUNT, ArriveAsGuest
from services.auth.private import NewGuest
from services.auth.queries import Queries
from services.auth.sessions import Sessions
from services.auth.tables import guests

A_DAY = timedelta(hours=24)
SWEPT_AT_ONCE = 4
PICTURE_CREDITS = 50

COUNT = """
INSERT INTO guest_counts AS g (household, arrived, began_at) VALUES ($1, 1, $2)
ON CONFLICT (household) DO UPDATE SET
  arrived = CASE WHEN g.began_at < $3 THEN 1 ELSE g.arrived + 1 END,
  began_at = CASE WHEN g.began_at < $3 THEN $2 ELSE g.began_at END
RETURNING arrived
"""
SWEEP = f"""
DELETE FROM guest_counts WHERE household IN (
  SELECT household FROM guest_counts WHERE began_at < $1 ORDER BY began_at LIMIT {SWEPT_AT_ONCE} FOR UPDATE SKIP LOCKED
)
"""  # noqa: S608  (a number of our own)
_KNOWN = Query(
    sa.select(guests.c.user_id).where(
        guests.c.device == sa.bindparam("device"), guests.c.household == sa.bindparam("household")
    )
)


class GuestLimitReached(ServiceError):
    def __init__(self) -> None:
        super().__init__("GUEST_LIMIT_REACHED", "Too many guests from here today. Please sign up.")


class SameGuest(ServiceError):
    """That device has arrived at the same moment: raised by a constraint, never seen from outside."""

    def __init__(self) -> None:
        super().__init__("SERVER_ERROR", "That guest is there already.")


class Guests:
    """`generations`: how many pictures a guest's credits are for. `per_household`: new guests a day."""

    def __init__(
        self,
        database: Database,
        commands: CommandBus,
        queries: Queries,
        sessions: Sessions,
        secret: bytes,
        clock: Clock,
        *,
        generations: int,
        per_household: int,
    ) -> None:
        self._database = database
        self._ids = IdBlock(database, "user_ids")
        self._commands = commands
        self._queries = queries
        self._sessions = sessions
        self._secret = hmac.digest(secret, b"guests", hashlib.sha256)
        self._clock = clock
        self._credits = generations * PICTURE_CREDITS
        self._per_household = per_household

    async def arrive(self, request: rpc.ArriveAsGuest) -> rpc.SignedIn:
        """Errors: VALIDATION_ERROR, GUEST_LIMIT_REACHED; PERMISSION_DENIED for one who was suspended."""
        if not request.device.device_id.strip():
            fault = "A guest is known by the device."
            raise ServiceError("VALIDATION_ERROR", fault, {"device_info.device_id": fault})
        origin = NewGuest(self._key("device", request.device.device_id), self._key("household", request.ip))
        user_id = await self._known(origin)
        if user_id is None:
            user_id = await self._new(origin)
        tokens = await self._sessions.start(user_id, request.device)
        return rpc.SignedIn(user=await self._queries.me(rpc.Me(user_id=user_id)), **tokens.model_dump())

    async def _new(self, origin: NewGuest) -> int:
        await self._count(origin.household)
        user_id = await self._ids.take()
        command = ArriveAsGuest(user_id, self._credits)
        try:
            await self._commands.execute(ACCOUNT, user_id, command, key=f"guest:{user_id}", private=origin)
        except SameGuest:
            known = await self._known(origin)
            if known is None:  # and has signed up at that moment, too
                raise GuestLimitReached from None
            return known
        return user_id

    async def _count(self, household: bytes) -> None:
        now = self._clock()
        async with self._database.write() as connection:
            await connection.execute(SWEEP, now - A_DAY)
            arrived = await connection.fetchval(COUNT, household, now, now - A_DAY)
        if arrived > self._per_household:
            raise GuestLimitReached

    async def _known(self, origin: NewGuest) -> int | None:
        user_id: int | None = await self._database.value(_KNOWN, device=origin.device, household=origin.household)
        return user_id

    def _key(self, kind: str, value: str) -> bytes:
        return hmac.digest(self._secret, f"{kind}:{value}".encode(), hashlib.sha256)
