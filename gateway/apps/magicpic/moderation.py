"""What moderators decide about reported pictures, and what admins pick."""

from typing import Annotated

import orjson
from fastapi import Query, Request
from starlette.responses import Response

from contracts.rpc import social
from contracts.rpc.social import DecideCase, FeatureCreation, ListCases
from gateway.answers import answer, envelope
from gateway.apps.magicpic import examples, shapes, social_examples, social_shapes
from gateway.apps.magicpic.gallery import Gallery
from gateway.documentation import Documentation
from gateway.routing import ADMIN, MODERATOR, endpoint, user_of
from kernel.caller import Caller

TAG = "Administration"


class Moderation:
    """The token's role is checked before any of this; creation asks auth once more."""

    def __init__(self, caller: Caller, gallery: Gallery) -> None:
        self._caller = caller
        self._gallery = gallery

    @endpoint(
        "GET",
        "/api/admin/moderation",
        MODERATOR,
        Documentation(
            TAG,
            social_shapes.CaseListing,
            examples.listing([social_examples.CASE]) | {"next_cursor": None},
            errors=("VALIDATION_ERROR", "PERMISSION_DENIED"),
        ),
    )
    async def cases(self, request: Request, query: Annotated[social_shapes.CasesQuery, Query()]) -> Response:
        """List reported and appealed pictures

        Those that have waited longest first. What is decided is gone from here.
        """
        found = orjson.loads(await self._caller.call(ListCases(by=user_of(request), **query.model_dump())))
        shown = await self._gallery.public([case["creation"] for case in found["items"]])
        cases = [case | {"creation": creation} for case, creation in zip(found["items"], shown, strict=True)]
        more = b',"total":%d,"next_cursor":' % found["total"] + orjson.dumps(found["next_cursor"])
        return answer(envelope(orjson.dumps(cases), more=more))

    @endpoint(
        "POST",
        "/api/admin/moderation/{creation_id:id}",
        MODERATOR,
        Documentation(
            TAG,
            shapes.Answer[social.Decided],
            examples.answer(social_examples.DECIDED),
            errors=("VALIDATION_ERROR", "PERMISSION_DENIED", "CREATION_NOT_FOUND", "BODY_TOO_LARGE"),
        ),
    )
    async def decide_case(self, request: Request, creation_id: int, body: social_shapes.DecisionBody) -> Response:
        """Keep or remove a picture

        `remove` hides it from everyone but its owner, `keep` shows it again as its owner wants. Whoever reported it
        before it was kept does not count again.
        """
        command = DecideCase(by=user_of(request), creation_id=creation_id, **body.model_dump())
        return answer(envelope(await self._caller.call(command)))

    @endpoint(
        "PUT",
        "/api/admin/creations/{creation_id:id}/featured",
        ADMIN,
        Documentation(
            TAG,
            shapes.Answer[social.Pick],
            examples.answer(social_examples.PICK),
            errors=("PERMISSION_DENIED", "CREATION_NOT_FOUND", "CREATION_PRIVATE"),
        ),
    )
    async def feature(self, request: Request, creation_id: int) -> Response:
        """Pick a picture"""
        return await self._pick(request, creation_id, featured=True)

    @endpoint(
        "DELETE",
        "/api/admin/creations/{creation_id:id}/featured",
        ADMIN,
        Documentation(
            TAG,
            shapes.Answer[social.Pick],
            examples.answer(social_examples.PICK | {"is_featured": False}),
            errors=("PERMISSION_DENIED", "CREATION_NOT_FOUND"),
        ),
    )
    async def unfeature(self, request: Request, creation_id: int) -> Response:
        """Pick a picture no longer"""
        return await self._pick(request, creation_id, featured=False)

    async def _pick(self, request: Request, creation_id: int, *, featured: bool) -> Response:
        command = FeatureCreation(by=user_of(request), creation_id=creation_id, featured=featured)
        return answer(envelope(await self._caller.call(command)))
