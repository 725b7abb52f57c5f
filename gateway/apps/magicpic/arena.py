"""Battles as clients see them: battle knows ids, clients want pictures and names."""

import asyncio
from collections.abc import Iterable, Mapping
from math import ceil
from typing import Any

import msgspec
import orjson

from contracts.rpc.creation import ContendersByIds, PublicByIds
from gateway.apps.magicpic.gallery import Gallery
from gateway.apps.magicpic.shelf import Shelf
from kernel.caller import Caller
from kernel.clock import from_iso, utc_now

Json = dict[str, Any]
PICTURES_AT_ONCE = 100
"""As many as creation answers at once: both pictures of a page of 50."""


class _Named(msgspec.Struct):
    name: str


_named = msgspec.json.Decoder(_Named)


class Arena:
    def __init__(self, caller: Caller, gallery: Gallery, shelf: Shelf) -> None:
        self._caller = caller
        self._gallery = gallery
        self._shelf = shelf

    async def battle(self, user_id: int, battle: Json) -> Json:
        """Without its result. A picture that may not be shown any more has null in the place of its URLs.

        While a battle goes on, reports alone hide nothing in it: else whoever leads could blind the other side.
        """
        a, b = battle["a"], battle["b"]
        of_both = (user_id, [a["creation_id"], b["creation_id"]])
        pictures, people = await asyncio.gather(
            self._contenders(*of_both) if battle["status"] == "active" else self._pictures(*of_both),
            self._gallery.people({a["user_id"], b["user_id"]}),
        )
        styles = await self._shelf.styles_for_nesting()
        left_s = (from_iso(battle["ends_at"]) - utc_now()).total_seconds()
        return {
            "id": battle["id"],
            "creation_a": _side(a, pictures, people, styles),
            "creation_b": _side(b, pictures, people, styles),
            "votes_a": a["votes"],
            "votes_b": b["votes"],
            "total_votes": a["votes"] + b["votes"],
            "ends_at": battle["ends_at"],
            "time_remaining": max(0, ceil(left_s)) if battle["status"] == "active" else 0,
            "user_vote": battle["user_vote"],
        }

    async def fought(self, user_id: int, battles: list[Json]) -> list[Json]:
        """Battles that have ended, as one of their two people sees them."""
        sides = [battle[side] for battle in battles for side in ("mine", "opponent")]
        pictures, people = await asyncio.gather(
            self._pictures(user_id, [side["creation_id"] for side in sides]),
            self._gallery.people({battle["opponent"]["user_id"] for battle in battles}),
        )
        return [
            {
                "id": battle["id"],
                "my_creation": _thumbnail(battle["mine"], pictures),
                "opponent_creation": _thumbnail(battle["opponent"], pictures)
                | {"user": people[battle["opponent"]["user_id"]]},
                "result": battle["result"],
                "prize": battle["prize"],
                "prize_withheld": battle["prize_withheld"],
                "ended_at": battle["ended_at"],
            }
            for battle in battles
        ]

    async def _pictures(self, user_id: int, creation_ids: Iterable[int]) -> Mapping[int, Json]:
        wanted = sorted(set(creation_ids))[:PICTURES_AT_ONCE]
        if not wanted:
            return {}
        found = orjson.loads(await self._caller.call(PublicByIds(user_id=user_id, creation_ids=wanted)))
        return {picture["id"]: picture for picture in found["items"]}

    async def _contenders(self, user_id: int, creation_ids: list[int]) -> Mapping[int, Json]:
        found = orjson.loads(await self._caller.call(ContendersByIds(user_id=user_id, creation_ids=creation_ids)))
        doubted = set(found["under_review"])
        return {picture["id"]: picture | {"under_review": picture["id"] in doubted} for picture in found["items"]}


def is_whole(battle: Json) -> bool:
    """Whether both pictures can be shown: one that was removed or deleted just now ends its battle in a moment."""
    return all(battle[side]["image_url"] for side in ("creation_a", "creation_b"))


def _side(
    side: Json, pictures: Mapping[int, Json], people: Mapping[int, Json], styles: Mapping[int, bytes]
) -> dict[str, Any]:
    picture = pictures.get(side["creation_id"])
    style = styles.get(picture["style_id"]) if picture else None
    return {
        "id": side["creation_id"],
        "image_url": picture["generated_image_url"] if picture else None,
        "thumbnail_url": picture["thumbnail_url"] if picture else None,
        "style_name": _named.decode(style).name if style else "",
        "under_review": bool(picture and picture.get("under_review")),
        "user": people[side["user_id"]],
    }


def _thumbnail(side: Json, pictures: Mapping[int, Json]) -> Json:
    picture = pictures.get(side["creation_id"])
    return {
        "id": side["creation_id"],
        "thumbnail_url": picture["thumbnail_url"] if picture else None,
        "votes": side["votes"],
    }
