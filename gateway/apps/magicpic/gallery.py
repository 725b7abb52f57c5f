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
        people = await self._people({creation["user_id"] for creation in creations})
        for creation in creations:
            user_id = creation.pop("user_id")
            creation["user"] = people.get(user_id) or {"id": user_id, "name": NAMELESS, "avatar_url": None}
        return await self.own(creations)

    async def job(self, job: Json) -> Json:
        """With its pictures as their owner sees them. A service of before tells of one picture only."""
        shown = job.get("creations") or ([job["creation"]] if job["creation"] else [])
        job["creations"] = await self.own(shown) if shown else []
        job["creation"] = job["creations"][0] if shown else None
        job.setdefault("creation_ids", [job["id"]])
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
