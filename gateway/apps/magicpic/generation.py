"""The main job: a photo, or words, become art."""

from dataclasses import replace
from typing import Any

from fastapi import Request
from pydantic import ValidationError
from starlette.datastructures import FormData
from starlette.responses import Response

from contracts.rpc.jobs import ImaginePictures, RequestCreation
from gateway.apps.magicpic import creation_shapes, examples, shapes
from gateway.apps.magicpic.making import Making
from gateway.apps.magicpic.shelf import Shelf
from gateway.apps.magicpic.studio_shapes import ImagineBody, PhotoBody, PhotoForm
from gateway.bodies import read_json
from gateway.documentation import Documentation
from gateway.errors import Refused, invalid, invalid_fields
from gateway.repeats import KEY_HEADER, idempotency_key
from gateway.routing import USER, endpoint, user_of
from gateway.uploads import Stored, Uploads, file_of, fingerprint_of, multipart_form

TAG = "Creations"
_FORM_SCHEMA = PhotoForm.model_json_schema()
_FORM_SCHEMA["properties"] = {
    "image": {
        "type": "string",
        "format": "binary",
        "description": "A JPG, PNG or WebP photo of at most 10 MB; left out when there is an `upload_id`.",
    },
    **_FORM_SCHEMA["properties"],
}
_HEADERS = [
    KEY_HEADER,
    {
        "name": "Prefer",
        "in": "header",
        "schema": {"type": "string"},
        "description": "`respond-async`: answer 202 at once instead of waiting for the picture.",
    },
]
_ERRORS = (
    "VALIDATION_ERROR",
    "NSFW_DETECTED",
    "INSUFFICIENT_CREDITS",
    "STYLE_NOT_FOUND",
    "MODEL_NOT_FOUND",
    "REQUEST_TIMEOUT",
    "IDEMPOTENCY_CONFLICT",
    "JOB_ALREADY_ENDED",
    "TOO_MANY_JOBS",
    "AI_SERVICE_ERROR",
)
_UPLOAD_ERRORS = ("UPLOAD_NOT_FOUND", "NOT_OWNER", "UPLOAD_INCOMPLETE", "UPLOAD_USED", "UPLOAD_EXPIRED")


class Generation:
    def __init__(
        self, making: Making, shelf: Shelf, uploads: Uploads, *, body_timeout_s: float, upload_timeout_s: float
    ) -> None:
        self._making = making
        self._shelf = shelf
        self._uploads = uploads
        self._body_timeout_s = body_timeout_s
        self._upload_timeout_s = upload_timeout_s

    @endpoint(
        "POST",
        "/api/creations/generate",
        replace(USER, uploads="unless json"),
        Documentation(
            TAG,
            shapes.Answer[creation_shapes.Generated],
            examples.GENERATED,
            errors=(*_ERRORS, "INVALID_IMAGE", "IMAGE_TOO_LARGE", "BODY_TOO_LARGE", *_UPLOAD_ERRORS),
            accepted=(shapes.Answer[creation_shapes.Accepted], examples.ACCEPTED),
            extra={
                "requestBody": {
                    "required": True,
                    "content": {
                        "multipart/form-data": {"schema": _FORM_SCHEMA},
                        "application/json": {"schema": PhotoBody.model_json_schema()},
                    },
                },
                "parameters": _HEADERS,
            },
        ),
    )
    async def generate(self, request: Request) -> Response:
        """Turn a photo into art

        Holds the style's credits, makes the picture, and takes the credits when it is there. Waits for it up to a
        minute, then answers 202 with the job. A picture that fails costs nothing. The photo comes with the form, or was
        uploaded before. Several pictures are held for together or not at all, and each is paid for when it is there.
        """
        deadline, key = self._making.deadline(), idempotency_key(request)
        if request.headers.get("content-type", "").lower().startswith("application/json"):
            fields: PhotoForm = await read_json(request, PhotoBody, timeout_s=self._body_timeout_s)
            stored = None
            await self._check_style(fields.style_id)
        else:
            async with multipart_form(request, timeout_s=self._upload_timeout_s) as form:
                fields = _fields(form)
                await self._check_style(fields.style_id)
                stored = await self._stored(form, fields, keyed=key is not None)
        where: dict[str, Any] = {"fingerprint": fingerprint_of(fields.given()) if key else ""}
        if stored:
            where = {
                "original_key": stored.original_key,
                "working_key": stored.working_key,
                "fingerprint": stored.fingerprint,
            }
        command = RequestCreation(user_id=user_of(request), idempotency_key=key, **where, **fields.model_dump())
        return await self._making.make(request, command, deadline, stored)

    @endpoint(
        "POST",
        "/api/creations/imagine",
        USER,
        Documentation(
            TAG,
            shapes.Answer[creation_shapes.Generated],
            examples.GENERATED,
            errors=(*_ERRORS, "BODY_TOO_LARGE"),
            accepted=(shapes.Answer[creation_shapes.Accepted], examples.ACCEPTED),
            extra={"parameters": _HEADERS},
        ),
    )
    async def imagine(self, request: Request, body: ImagineBody) -> Response:
        """Turn words into art

        As with a photo, but there is none: `original_image_url` is null, and `custom_prompt` holds the words. Without
        a style it costs as much as most styles do. Where no AI is set up (the model `local`), a drawn scene that knows
        some hundred words stands in for what a model would make of them.
        """
        deadline, key = self._making.deadline(), idempotency_key(request)
        if body.style_id is not None:
            await self._check_style(body.style_id)
        fields = body.model_dump()
        command = ImaginePictures(
            user_id=user_of(request),
            idempotency_key=key,
            fingerprint=fingerprint_of({"imagine": fields}) if key else "",
            **fields,
        )
        return await self._making.make(request, command, deadline)

    async def _check_style(self, style_id: int) -> None:
        if not await self._shelf.offers(style_id):
            raise Refused("STYLE_NOT_FOUND")

    async def _stored(self, form: FormData, fields: PhotoForm, *, keyed: bool) -> Stored | None:
        """The form's picture, put away; None when it was uploaded before."""
        if fields.upload_id is None:
            return await self._uploads.store(file_of(form, "image"), fields.given() if keyed else None)
        if form.get("image"):
            raise invalid({"upload_id": "Send either an image or an upload_id"})
        return None


def _fields(form: FormData) -> PhotoForm:
    texts = {name: value for name, value in form.items() if isinstance(value, str) and name != "image"}
    try:
        return PhotoForm.model_validate(texts)
    except ValidationError as error:
        raise invalid_fields(error) from None
