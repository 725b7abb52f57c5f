"""The first page, and searching."""

import asyncio
from typing import Annotated, Any

import msgspec
import orjson
from fastapi import Query, Request
from starlette.responses import Response

from contracts.rpc.auth import SearchPeople
from contracts.rpc.catalog import SearchCatalog
from contracts.rpc.creation import Featured
from gateway.answers import answer, envelope
from gateway.apps.magicpic import discover_examples, discover_shapes, examples, shapes
from gateway.apps.magicpic.following import Json
from gateway.apps.magicpic.gallery import Gallery
from gateway.apps.magicpic.parts import if_there, part
from gateway.apps.magicpic.shelf import Shelf, style_in
from gateway.documentation import Documentation
from gateway.routing import USER, endpoint, user_of
from kernel.caller import Caller

TAG = "Discover"
FEATURED = 10
CATALOGS = ("trending_styles", "new_styles", "popular_categories")
CHALLENGE, PICKS = "daily_challenge", "featured_creations"
NOTHING: Json = {"styles": [], "categories": [], "items": []}


class _Challenge(msgspec.Struct):
    id: int
    title: str
    style_id: int
    participants: int
    ends_at: str


class _Front(msgspec.Struct):
    """Catalog's answer; the lists stay as they came."""

    trending_styles: msgspec.Raw
    new_styles: msgspec.Raw
    popular_categories: msgspec.Raw
    daily_challenge: _Challenge | None


_front = msgspec.json.Decoder(_Front)


class Discover:
    def __init__(self, caller: Caller, shelf: Shelf, gallery: Gallery) -> None:
        self._caller = caller
        self._shelf = shelf
        self._gallery = gallery

    @endpoint(
        "GET",
        "/api/discover",
        USER,
        Documentation(TAG, shapes.Answer[discover_shapes.Front], examples.answer(discover_examples.FRONT)),
    )
    async def discover(self, request: Request) -> Response:
        """Show what there is to discover

        While a part of the service is away, what it knows is empty, and `missing` names it.
        """
        catalogs, picks = await asyncio.gather(
            if_there("front", self._catalogs()), if_there("featured", self._featured(user_of(request)))
        )
        shown: Json = catalogs if catalogs is not None else {name: [] for name in CATALOGS}
        shown[PICKS] = picks or []
        gone = (*(() if catalogs is not None else (*CATALOGS, CHALLENGE)), *(() if picks is not None else (PICKS,)))
        shown["missing"] = list(gone)
        return answer(envelope(orjson.dumps(shown)))

    @endpoint(
        "GET",
        "/api/discover/search",
        USER,
        Documentation(
            TAG,
            shapes.Answer[discover_shapes.Found],
            examples.answer(discover_examples.FOUND),
            errors=("VALIDATION_ERROR",),
        ),
    )
    async def search(self, _: Request, query: Annotated[discover_shapes.SearchQuery, Query()]) -> Response:
        """Search styles, categories and people

        Without regard to case, accents and punctuation. What has all the words stands first, then what has words that
        begin so, then what has words with one slip in them; people are found by name alone.
        """
        kinds = ("styles", "categories", "users") if query.type == "all" else (query.type,)
        in_catalog = SearchCatalog(
            q=query.q, limit=query.limit, styles="styles" in kinds, categories="categories" in kinds
        )
        people = SearchPeople(q=query.q, limit=query.limit)
        found, persons = await asyncio.gather(
            self._find(in_catalog, wanted=query.type != "users"), self._find(people, wanted="users" in kinds)
        )
        lists: Json = {
            "styles": found and found["styles"],
            "categories": found and found["categories"],
            "users": persons and persons["items"],
        }
        missing = [name for name in kinds if lists[name] is None]
        shown = {name: items or [] for name, items in lists.items()}
        total = sum(map(len, shown.values()))
        return answer(envelope(orjson.dumps(shown | {"total_results": total, "missing": missing})))

    async def _find(self, request: SearchCatalog | SearchPeople, *, wanted: bool) -> Any:
        """None while who knows is away."""
        return await part(self._caller, request) if wanted and request.q else NOTHING

    async def _catalogs(self) -> Json:
        front = _front.decode(await self._shelf.front())
        shown: Json = {name: orjson.Fragment(bytes(getattr(front, name))) for name in CATALOGS}
        if challenge := front.daily_challenge:
            styles = await self._shelf.styles_for_nesting()
            shown[CHALLENGE] = {
                "id": challenge.id,
                "title": challenge.title,
                "style": style_in(styles, challenge.style_id),
                "participants": challenge.participants,
                "ends_at": challenge.ends_at,
            }
        return shown

    async def _featured(self, user_id: int) -> list[Json] | None:
        found = await part(self._caller, Featured(user_id=user_id, limit=FEATURED))
        return None if found is None else await self._gallery.public(found["items"])
