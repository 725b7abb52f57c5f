"""Auth's word on what people may do, for tests of services that ask for it."""

from collections.abc import Callable

from contracts.errors import ServiceError
from contracts.rpc.auth import GetStanding, RequireRole, Standing
from kernel.bus import MessageBus

ROLES = ("user", "moderator", "admin")


def answer_standings(bus: MessageBus, find: Callable[[int], Standing | None]) -> None:
    """`find(user_id)`: None for who is not known."""

    async def standing(request: GetStanding) -> Standing:
        found = find(request.user_id)
        if found is None:
            raise ServiceError("USER_NOT_FOUND", "User not found.")
        return found

    async def require_role(request: RequireRole) -> Standing:
        found = find(request.user_id)
        if found is None or found.suspended or ROLES.index(found.role) < ROLES.index(request.role):
            raise ServiceError("PERMISSION_DENIED", request.refusal or "No.")
        return found

    bus.answer(GetStanding, standing)
    bus.answer(RequireRole, require_role)
