"""Who may correct wallets and make codes: auth says so, every time, whatever the gateway believes."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from contracts.envelope import Message
from contracts.errors import ServiceError
from contracts.rpc.auth import GetStanding, Standing
from kernel.caller import Caller

ASK_TIMEOUT_S = 2.0
"""Less than whoever asks us waits: they hear that auth is away, and not nothing."""


class ByAdmin(Protocol):
    @property
    def by(self) -> int: ...


Asked = TypeVar("Asked", bound=ByAdmin)
Reply = TypeVar("Reply", bound=Message)


class NotAnAdmin(ServiceError):
    def __init__(self) -> None:
        super().__init__("PERMISSION_DENIED", "Only administrators may do this.")


class Administrators:
    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def only(self, handler: Callable[[Asked], Awaitable[Reply]]) -> Callable[[Asked], Awaitable[Reply]]:
        """The handler, for those requests whose `by` is an administrator now, and not suspended.

        Errors: PERMISSION_DENIED, SERVICE_UNAVAILABLE when auth cannot be asked.
        """

        async def checked(request: Asked) -> Reply:
            standing = await self._standing(request.by)
            if standing is None or standing.role != "admin" or standing.suspended:
                raise NotAnAdmin
            return await handler(request)

        return checked

    async def must_exist(self, user_id: int) -> None:
        """Errors: USER_NOT_FOUND, SERVICE_UNAVAILABLE."""
        if await self._standing(user_id) is None:
            raise ServiceError("USER_NOT_FOUND", "User not found.")

    async def _standing(self, user_id: int) -> Standing | None:
        """None: there is no such account."""
        try:
            standing: Standing = await self._caller.ask(GetStanding(user_id=user_id), timeout_s=ASK_TIMEOUT_S)
        except ServiceError as error:
            if error.code == "USER_NOT_FOUND":
                return None
            raise ServiceError(
                "SERVICE_UNAVAILABLE", "Accounts cannot be asked right now. Please try again."
            ) from error
        return standing
