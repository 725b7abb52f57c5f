"""Who may plan challenges: auth says so, every time, whatever the gateway believes."""

from contracts.errors import ServiceError
from contracts.rpc.auth import GetStanding, Standing
from kernel.caller import Caller

ASK_TIMEOUT_S = 2.0
"""Less than whoever asks us waits: they hear that auth is away, and not nothing."""
ADMIN = "admin"


async def must_be_admin(caller: Caller, user_id: int) -> None:
    """Errors: PERMISSION_DENIED; SERVICE_UNAVAILABLE when auth cannot be asked."""
    try:
        standing: Standing = await caller.ask(GetStanding(user_id=user_id), timeout_s=ASK_TIMEOUT_S)
    except ServiceError as error:
        if error.code != "USER_NOT_FOUND":
            raise ServiceError("SERVICE_UNAVAILABLE", "Accounts cannot be asked right now. Try again.") from error
    else:
        if standing.role == ADMIN and not standing.suspended:
            return
    raise ServiceError("PERMISSION_DENIED", "Only administrators may do this.")
