"""Categories and styles."""

from typing import Annotated

import orjson
from fastapi import Query, Request
from starlette.responses import Response

from contracts.errors import ServiceError
from contracts.rpc import catalog
from contracts.rpc.creation import RecentInStyle
from gateway.answers import answer, cached_answer, envelope
from gateway.apps.magicpic import creation_shapes, examples, shapes
from gateway.apps.magicpic.gallery import Gallery
from gateway.apps.magicpic.shelf import Shelf
from gateway.documentation import Documentation
from gateway.routing import USER, endpoint, user_of
from kernel.caller import Caller
from kernel.logging import log

TAG = "Styles"
CATEGORIES_MAX_AGE_S = 3600
STYLES_MAX_AGE_S = 1800
TRENDING_MAX_AGE_S = 300
RECENT_TIMEOUT_S = 2.0


class Catalog:
    def __init__(self, caller: Caller, shelf: Shelf, gallery: Gallery) -> None:
        self._caller = caller
        self._shelf = shelf
        self._gallery = gallery

    @endpoint(
        "GET",
        "/api/categories",
        USER,
        Documentation(TAG, shapes.Listing[catalog.Category], examples.listing([examples.CATEGORY])),
    )
    async def categories(self, request: Request) -> Response:
        """List categories"""
        kept = await self._shelf.categories()
        return cached_answer(request, kept.body, CATEGORIES_MAX_AGE_S, etag=kept.etag)

    @endpoint(
        "GET",
        "/api/styles",
        USER,
        Documentation(
            TAG,
            shapes.PagedListing[catalog.Style],
            examples.paged([examples.STYLE]),
            errors=("VALIDATION_ERROR",),
        ),
    )
    async def styles(self, request: Request, query: Annotated[creation_shapes.StylesQuery, Query()]) -> Response:
        """List styles"""
        kept = await self._shelf.styles(query)
        return cached_answer(request, kept.body, STYLES_MAX_AGE_S, etag=kept.etag)

    @endpoint(
        "GET",
        "/api/styles/trending",
        USER,
        Documentation(TAG, shapes.Listing[catalog.TrendingStyle], examples.listing([examples.TRENDING_STYLE])),
    )
    async def trending(self, request: Request) -> Response:
        """List the ten styles that are hot right now"""
        kept = await self._shelf.trending()
        return cached_answer(request, kept.body, TRENDING_MAX_AGE_S, etag=kept.etag)

    @endpoint(
        "GET",
        "/api/styles/{style_id:id}",
        USER,
        Documentation(
            TAG,
            shapes.Answer[creation_shapes.StyleDetail],
            examples.answer(examples.STYLE_DETAIL),
            errors=("STYLE_NOT_FOUND",),
        ),
    )
    async def style(self, request: Request, style_id: int) -> Response:
        """Show a style

        With samples, related styles and what others made with it lately.
        """
        detail = await self._shelf.style(style_id)
        recent = orjson.dumps(await self._recent(user_of(request), style_id))
        return answer(envelope(detail[:-1] + b',"user_creations":' + recent + b"}"))

    async def _recent(self, user_id: int, style_id: int) -> list[dict[str, object]]:
        """Nothing, when creation is away: the style is what was asked for."""
        question = RecentInStyle(user_id=user_id, style_id=style_id)
        try:
            found = orjson.loads(await self._caller.call(question, timeout_s=RECENT_TIMEOUT_S))
        except ServiceError as error:
            log.warning("a style is shown without its pictures", code=error.code)
            return []
        return await self._gallery.public(found["items"])
