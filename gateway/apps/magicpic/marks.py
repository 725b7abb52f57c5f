"""What one does with a picture: like it, keep it, change how it is shown, report it, appeal against its hiding."""

import orjson
from fastapi import Request
from starlette.responses import Response

from contracts.rpc import social
from contracts.rpc.social import (
    AppealCreation,
    ChangeCreation,
    DropFavorite,
    KeepFavorite,
    LikeCreation,
    ReportCreation,
    UnlikeCreation,
)
from gateway.answers import answer, envelope
from gateway.apps.magicpic import creation_shapes, examples, shapes, social_examples, social_shapes
from gateway.apps.magicpic.gallery import Gallery
from gateway.documentation import Documentation
from gateway.routing import MEMBER, USER, endpoint, user_of
from kernel.caller import Caller

TAG = "Creations"
CHANGED = "Creation updated successfully"
REPORTED = "Thank you. We will have a look at it."
APPEALED = "A moderator will look at it again."
MARKING = ("CREATION_NOT_FOUND", "PERMISSION_DENIED")


class Marks:
    def __init__(self, caller: Caller, gallery: Gallery) -> None:
        self._caller = caller
        self._gallery = gallery

    @endpoint(
        "POST",
        "/api/creations/{creation_id:id}/like",
        MEMBER,
        Documentation(TAG, shapes.Answer[social.Liking], examples.answer(social_examples.LIKED), errors=MARKING),
    )
    async def like(self, request: Request, creation_id: int) -> Response:
        """Like a picture

        Once, however often it is sent.
        """
        return answer(
            envelope(await self._caller.call(LikeCreation(user_id=user_of(request), creation_id=creation_id)))
        )

    @endpoint(
        "DELETE",
        "/api/creations/{creation_id:id}/like",
        MEMBER,
        Documentation(TAG, shapes.Answer[social.Liking], examples.answer(social_examples.UNLIKED), errors=MARKING),
    )
    async def unlike(self, request: Request, creation_id: int) -> Response:
        """Take a like back

        Also from a picture that is private or hidden by now. Harmless twice.
        """
        return answer(
            envelope(await self._caller.call(UnlikeCreation(user_id=user_of(request), creation_id=creation_id)))
        )

    @endpoint(
        "POST",
        "/api/creations/{creation_id:id}/favorite",
        USER,
        Documentation(
            TAG,
            shapes.Answer[social.Favorite],
            examples.answer(social_examples.FAVORITE),
            errors=("CREATION_NOT_FOUND",),
        ),
    )
    async def keep_favorite(self, request: Request, creation_id: int) -> Response:
        """Keep a picture as a favourite"""
        return answer(
            envelope(await self._caller.call(KeepFavorite(user_id=user_of(request), creation_id=creation_id)))
        )

    @endpoint(
        "DELETE",
        "/api/creations/{creation_id:id}/favorite",
        USER,
        Documentation(
            TAG,
            shapes.Answer[social.Favorite],
            examples.answer({"is_favorite": False}),
            errors=("CREATION_NOT_FOUND",),
        ),
    )
    async def drop_favorite(self, request: Request, creation_id: int) -> Response:
        """Keep a picture no longer

        Also one that is private or hidden by now. Harmless twice.
        """
        return answer(
            envelope(await self._caller.call(DropFavorite(user_id=user_of(request), creation_id=creation_id)))
        )

    @endpoint(
        "PATCH",
        "/api/creations/{creation_id:id}",
        USER,
        Documentation(
            TAG,
            shapes.Answer[creation_shapes.OwnCreation],
            examples.answer(social_examples.ONE, CHANGED),
            errors=("VALIDATION_ERROR", "NOT_OWNER", "CREATION_NOT_FOUND", "CREATION_IN_BATTLE", "BODY_TOO_LARGE"),
        ),
    )
    async def change(self, request: Request, creation_id: int, body: social_shapes.ChangeBody) -> Response:
        """Change who sees a picture of mine, and its tags"""
        command = ChangeCreation(user_id=user_of(request), creation_id=creation_id, **body.model_dump())
        found = orjson.loads(await self._caller.call(command))
        return answer(envelope(orjson.dumps(await self._gallery.one(found)), CHANGED))

    @endpoint(
        "POST",
        "/api/creations/{creation_id:id}/report",
        MEMBER,
        Documentation(
            TAG,
            shapes.Answer[social.Reported],
            examples.answer(social_examples.NAMED, REPORTED),
            errors=("VALIDATION_ERROR", "OWN_CREATION", *MARKING, "BODY_TOO_LARGE"),
        ),
    )
    async def report(self, request: Request, creation_id: int, body: social_shapes.ReportBody) -> Response:
        """Report a picture

        A second report by the same person changes nothing. After several by different people it is hidden until a
        moderator has decided; those of new accounts weigh less. A battle that it is in goes on until then.
        """
        command = ReportCreation(user_id=user_of(request), creation_id=creation_id, **body.model_dump())
        return answer(envelope(await self._caller.call(command), REPORTED))

    @endpoint(
        "POST",
        "/api/creations/{creation_id:id}/appeal",
        MEMBER,
        Documentation(
            TAG,
            shapes.Answer[social.Appealed],
            examples.answer(social_examples.NAMED, APPEALED),
            errors=("VALIDATION_ERROR", "NOT_OWNER", "APPEAL_NOT_POSSIBLE", *MARKING, "BODY_TOO_LARGE"),
        ),
    )
    async def appeal(self, request: Request, creation_id: int, body: social_shapes.AppealBody) -> Response:
        """Appeal against the hiding of a picture of mine

        Once for each time that it is hidden.
        """
        command = AppealCreation(user_id=user_of(request), creation_id=creation_id, text=body.text)
        return answer(envelope(await self._caller.call(command), APPEALED))
