"""Creations as clients see them: services know ids, clients want names."""

from collections.abc import Iterable, Mapping
from typing import Any

from contracts.errors import ServiceError
from contracts.rpc.auth import PeopleByIds
from gateway.apps.magicpic.shelf import Shelf, nest_style
from kernel.caller import Caller
from kernel.logging import log

PEOPLE_TIMEOUT_S = 2.0
NAMELESS = "MagicPic user"
Json = dict[str, Any]


class Gallery:
    def __init__(self, caller: Caller, shelf: Shelf) -> None:
        self._caller = caller
        self._shelf = shelf

    async def own(self, creations: Iterable[Json]) -> list[Json]:
        """With `style` in the place of `style_id`."""
        styles = await self._shelf.styles_for_nesting()
        return [nest_style(creation, styles) for creation in creations]

    async def public(self, creations: list[Json]) -> list[Json]:
        """With `style` and `user` in the place of their ids."""
        people = await self.people({creation["user_id"] for creation in creations})
        for creation in creations:
            creation["user"] = people[creation.pop("user_id")]
        return await self.own(creations)

    async def people(self, user_ids: set[int]) -> Mapping[int, Json]:
        """All of them as others see them; without a name those who have left, or cannot be asked about."""
        found = await self._people(user_ids)
        return {
            user_id: found.get(user_id) or {"id": user_id, "name": NAMELESS, "avatar_url": None} for user_id in user_ids
        }

    async def job(self, job: Json) -> Json:
        if job["creation"]:
            [job["creation"]] = await self.own([job["creation"]])
        return job

    async def _people(self, user_ids: set[int]) -> Mapping[int, Json]:
        if not user_ids:
            return {}
        try:
            found = await self._caller.ask(PeopleByIds(user_ids=sorted(user_ids)), timeout_s=PEOPLE_TIMEOUT_S)
        except ServiceError as error:
            log.warning("pictures are shown without their people's names", code=error.code)
            return {}
        people: Mapping[int, Json] = found.people
        return people
