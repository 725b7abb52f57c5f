"""The public feed, and what one keeps of it."""

from typing import Annotated

import orjson
from fastapi import Query, Request
from starlette.responses import Response

from contracts.rpc.social import ListFavorites, ListFeed
from gateway.answers import answer, cached_answer, etag_of, following, listing
from gateway.apps.magicpic import creation_shapes, examples, social_shapes
from gateway.apps.magicpic.gallery import Gallery
from gateway.documentation import Documentation
from gateway.routing import USER, endpoint, user_of
from kernel.caller import Caller

TAG = "Creations"
FEED_MAX_AGE_S = 120


class Feed:
    def __init__(self, caller: Caller, gallery: Gallery) -> None:
        self._caller = caller
        self._gallery = gallery

    @endpoint(
        "GET",
        "/api/creations",
        USER,
        Documentation(
            TAG,
            social_shapes.FeedListing,
            examples.paged([examples.PUBLIC_CREATION], next_cursor=None),
            errors=("VALIDATION_ERROR",),
        ),
    )
    async def feed(self, request: Request, query: Annotated[social_shapes.FeedQuery, Query()]) -> Response:
        """List public pictures

        `popular`: by likes. `trending`: by what was liked and looked at lately. Pages by number reach the 10,000th
        picture; `cursor` reaches the last, and shows nothing twice while new ones arrive.
        """
        given = query.model_dump()
        question = ListFeed(user_id=user_of(request), of_user=given.pop("user_id"), **given)
        found = orjson.loads(await self._caller.call(question))
        items = await self._gallery.public(found["items"])
        body = listing(orjson.dumps(items), found["total"], query, cursor=following(found["next_cursor"]))
        return cached_answer(request, body, FEED_MAX_AGE_S, etag=etag_of(body), personal=True)

    @endpoint(
        "GET",
        "/api/creations/favorites",
        USER,
        Documentation(
            TAG,
            social_shapes.FavoritesListing,
            examples.paged([examples.PUBLIC_CREATION], next_cursor=None),
            errors=("VALIDATION_ERROR",),
        ),
    )
    async def favorites(self, request: Request, query: Annotated[creation_shapes.FollowingQuery, Query()]) -> Response:
        """List my favourites

        The latest first; what is no longer public is left out.
        """
        found = orjson.loads(await self._caller.call(ListFavorites(user_id=user_of(request), **query.model_dump())))
        items = await self._gallery.public(found["items"])
        return answer(listing(orjson.dumps(items), found["total"], query, cursor=following(found["next_cursor"])))
