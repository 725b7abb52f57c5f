"""Creations as clients see them: services know ids, clients want names."""

from collections.abc import Iterable, Mapping
from typing import Any

from gateway.apps.magicpic.people import People, nameless
from gateway.apps.magicpic.shelf import Shelf, nest_style

Json = dict[str, Any]


class Gallery:
    def __init__(self, people: People, shelf: Shelf) -> None:
        self._people = people
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
        known = await self._people.known(user_ids) or {}
        return {user_id: known.get(user_id) or nameless(user_id) for user_id in user_ids}

    async def one(self, found: Json) -> Json:
        """What creation answers of one picture, whoever asked."""
        show = self.own if found["own"] else self.public
        [creation] = await show([found["own"] or found["public"]])
        return creation | {name: found[name] for name in ("views_count", "tags", "is_favorite")}

    async def job(self, job: Json) -> Json:
        """With its pictures as their owner sees them. A service of before tells of one picture only."""
        shown = job.get("creations") or ([job["creation"]] if job["creation"] else [])
        job["creations"] = await self.own(shown) if shown else []
        job["creation"] = job["creations"][0] if shown else None
        job.setdefault("creation_ids", [job["id"]])
        return job
