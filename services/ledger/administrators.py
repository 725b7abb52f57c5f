"""Who may correct wallets and make codes: auth says so, every time, whatever the gateway believes."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from contracts.envelope import Message
from contracts.errors import ServiceError
from contracts.rpc.auth import ACCOUNTS_AWAY, GetStanding, RequireRole
from kernel.caller import Caller


class ByAdmin(Protocol):
    @property
    def by(self) -> int: ...


Asked = TypeVar("Asked", bound=ByAdmin)
Reply = TypeVar("Reply", bound=Message)


class Administrators:
    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def only(self, handler: Callable[[Asked], Awaitable[Reply]]) -> Callable[[Asked], Awaitable[Reply]]:
        """The handler, for those requests whose `by` is an administrator now, and not suspended.

        Errors: PERMISSION_DENIED, SERVICE_UNAVAILABLE when auth cannot be asked.
        """

        async def checked(request: Asked) -> Reply:
            await self._caller.require(RequireRole(user_id=request.by, role="admin"), away=ACCOUNTS_AWAY)
            return await handler(request)

        return checked

    async def must_exist(self, user_id: int) -> None:
        """Errors: USER_NOT_FOUND, SERVICE_UNAVAILABLE."""
        try:
            await self._caller.require(GetStanding(user_id=user_id), away=ACCOUNTS_AWAY)
        except ServiceError as error:
            if error.code == "USER_NOT_FOUND":
                raise ServiceError("USER_NOT_FOUND", "User not found.") from None
            raise
