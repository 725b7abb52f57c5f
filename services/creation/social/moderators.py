"""Who may decide about others' pictures: auth says so, every time, whatever the gateway believes."""

from typing import Final, Literal

from contracts.rpc.auth import ACCOUNTS_AWAY, RequireRole
from kernel.caller import Caller

MODERATORS: Final = "moderator"
ADMINS: Final = "admin"
REFUSAL = "You are not allowed to do this."


class Moderators:
    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def check(self, user_id: int, role: Literal["moderator", "admin"] = MODERATORS) -> None:
        """Whether they have this role, or a greater one.

        Errors: PERMISSION_DENIED, SERVICE_UNAVAILABLE when auth cannot be asked.
        """
        await self._caller.require(RequireRole(user_id=user_id, role=role, refusal=REFUSAL), away=ACCOUNTS_AWAY)
