"""Finished pictures: listed, shown and deleted."""

from typing import Annotated

import orjson
from fastapi import Query, Request
from starlette.responses import Response

from contracts.rpc.creation import DeleteCreation, GetCreation, ListMine
from gateway.answers import answer, envelope, following, listing
from gateway.apps.magicpic import creation_shapes, examples, shapes, social_examples
from gateway.apps.magicpic.gallery import Gallery
from gateway.documentation import Documentation
from gateway.routing import USER, endpoint, user_of
from kernel.caller import Caller

TAG = "Creations"
DELETED = "Creation deleted successfully"


class Creations:
    def __init__(self, caller: Caller, gallery: Gallery) -> None:
        self._caller = caller
        self._gallery = gallery

    @endpoint(
        "GET",
        "/api/creations/mine",
        USER,
        Documentation(
            TAG,
            creation_shapes.OwnListing,
            examples.paged([examples.CREATION], next_cursor=None),
            errors=("VALIDATION_ERROR",),
        ),
    )
    async def mine(self, request: Request, query: Annotated[creation_shapes.FollowingQuery, Query()]) -> Response:
        """List my pictures

        Newest first, private ones included. `cursor` reads on as fast however many came before, and shows nothing
        twice while new ones are finished.
        """
        found = orjson.loads(await self._caller.call(ListMine(user_id=user_of(request), **query.model_dump())))
        creations = await self._gallery.own(found["items"])
        cursor = following(found.get("next_cursor"))
        return answer(listing(orjson.dumps(creations), found["total"], query, cursor=cursor))

    @endpoint(
        "GET",
        "/api/creations/{creation_id:id}",
        USER,
        Documentation(
            TAG,
            shapes.Answer[creation_shapes.OwnCreation | creation_shapes.PublicCreation],
            examples.answer(social_examples.ONE),
            errors=("CREATION_NOT_FOUND",),
        ),
    )
    async def creation(self, request: Request, creation_id: int) -> Response:
        """Show a picture

        One's own with everything, another's public one as all see it. Looking at another's counts as a view, once.
        """
        question = GetCreation(user_id=user_of(request), creation_id=creation_id)
        found = orjson.loads(await self._caller.call(question))
        return answer(envelope(orjson.dumps(await self._gallery.one(found))))

    @endpoint(
        "DELETE",
        "/api/creations/{creation_id:id}",
        USER,
        Documentation(
            TAG,
            shapes.Answer[creation_shapes.Deleted],
            examples.answer({"creation_id": 101}, DELETED),
            errors=("NOT_OWNER", "CREATION_NOT_FOUND", "CREATION_IN_BATTLE"),
        ),
    )
    async def delete(self, request: Request, creation_id: int) -> Response:
        """Delete a picture of mine"""
        deleted = await self._caller.call(DeleteCreation(user_id=user_of(request), creation_id=creation_id))
        return answer(envelope(deleted, DELETED))
