"""Names and avatars of people whose ids others know."""

from collections.abc import Iterable, Mapping
from typing import Any

from contracts.errors import ServiceError
from contracts.rpc.auth import PeopleByIds
from kernel.caller import Caller
from kernel.logging import log

PEOPLE_TIMEOUT_S = 2.0
NAMELESS = "MagicPic user"
Json = dict[str, Any]


class People:
    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def known(self, user_ids: Iterable[int]) -> Mapping[int, Json] | None:
        """`{id, name, avatar_url}` of those whom auth knows, by id. None while auth is away."""
        wanted = sorted(set(user_ids))
        if not wanted:
            return {}
        try:
            found = await self._caller.ask(PeopleByIds(user_ids=wanted), timeout_s=PEOPLE_TIMEOUT_S)
        except ServiceError as error:
            log.warning("people are shown without their names", code=error.code)
            return None
        people: Mapping[int, Json] = found.people
        return people


def nameless(user_id: int) -> Json:
    """Who stands for somebody that is not known, or not just now."""
    return {"id": user_id, "name": NAMELESS, "avatar_url": None}
