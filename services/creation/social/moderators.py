"""Who may decide about others' pictures: auth says so, every time, whatever the gateway believes."""

from collections.abc import Set as AbstractSet

from contracts.errors import ServiceError
from contracts.rpc.auth import GetStanding, Standing
from kernel.caller import Caller

ASK_TIMEOUT_S = 2.0
"""Less than whoever asks us waits: they hear that auth is away, and not nothing."""
MODERATORS = frozenset({"moderator", "admin"})
ADMINS = frozenset({"admin"})


class NotAllowed(ServiceError):
    def __init__(self) -> None:
        super().__init__("PERMISSION_DENIED", "You are not allowed to do this.")


class Moderators:
    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def check(self, user_id: int, roles: AbstractSet[str] = MODERATORS) -> None:
        """Errors: PERMISSION_DENIED, SERVICE_UNAVAILABLE when auth cannot be asked."""
        try:
            standing: Standing = await self._caller.ask(GetStanding(user_id=user_id), timeout_s=ASK_TIMEOUT_S)
        except ServiceError as error:
            if error.code == "USER_NOT_FOUND":
                raise NotAllowed from None
            raise ServiceError(
                "SERVICE_UNAVAILABLE", "Accounts cannot be asked right now. Please try again."
            ) from error
        if standing.role not in roles or standing.suspended:
            raise NotAllowed
