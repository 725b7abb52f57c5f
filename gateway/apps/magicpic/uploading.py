"""Photos that are uploaded before the job, and the models that can be asked for."""

from dataclasses import replace

import orjson
from fastapi import Request
from starlette.responses import Response

from contracts.errors import ServiceError
from contracts.rpc.jobs import ListModels
from contracts.rpc.uploads import FindUpload, KeepUpload, PresignUpload
from gateway.answers import answer, envelope, items_of, listing
from gateway.apps.magicpic import examples, shapes, studio_examples
from gateway.apps.magicpic.following import PASSING
from gateway.apps.magicpic.studio_shapes import PaintingModel, PresignBody, Presigned, Upload
from gateway.documentation import Documentation
from gateway.routing import USER, endpoint, user_of
from gateway.uploads import Stored, Uploads, file_of, multipart_form
from kernel.caller import Caller

TAG = "Uploads"
SENDER = replace(USER, uploads="always")
_PICTURE_ERRORS = ("INVALID_IMAGE", "IMAGE_TOO_LARGE")
_FORM = {
    "type": "object",
    "properties": {
        "image": {"type": "string", "format": "binary", "description": "A JPG, PNG or WebP photo of at most 10 MB."}
    },
    "required": ["image"],
}


class Uploading:
    def __init__(self, caller: Caller, uploads: Uploads, *, upload_timeout_s: float) -> None:
        self._caller = caller
        self._uploads = uploads
        self._upload_timeout_s = upload_timeout_s

    @endpoint(
        "GET",
        "/api/models",
        USER,
        Documentation("Creations", shapes.Listing[PaintingModel], examples.listing([studio_examples.MODEL])),
    )
    async def models(self, _: Request) -> Response:
        """List models and what they cost

        Who names none gets the default, at the style's price.
        """
        found = bytes(items_of(await self._caller.call(ListModels())).items)
        return answer(listing(found, len(orjson.loads(found))))

    @endpoint(
        "POST",
        "/api/upload/image",
        SENDER,
        Documentation(
            TAG,
            shapes.Answer[Upload],
            examples.answer(studio_examples.UPLOAD),
            errors=("VALIDATION_ERROR", *_PICTURE_ERRORS, "REQUEST_TIMEOUT", "TOO_MANY_UPLOADS"),
            extra={"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": _FORM}}}},
        ),
    )
    async def upload_image(self, request: Request) -> Response:
        """Upload a photo

        It waits 25 minutes for a job that names its `upload_id`, and is kept without its metadata.
        """
        async with multipart_form(request, timeout_s=self._upload_timeout_s) as form:
            stored = await self._uploads.store(file_of(form, "image"), None)
        return await self._kept(user_of(request), None, stored)

    @endpoint(
        "POST",
        "/api/upload/presign",
        SENDER,
        Documentation(
            TAG,
            shapes.Answer[Presigned],
            examples.answer(studio_examples.PRESIGNED),
            errors=("VALIDATION_ERROR", "TOO_MANY_UPLOADS"),
        ),
    )
    async def presign_upload(self, request: Request, body: PresignBody) -> Response:
        """Begin an upload straight into storage

        Send the photo's bytes to `url` with `headers`, then complete the upload.
        """
        return answer(envelope(await self._caller.call(PresignUpload(user_id=user_of(request), **body.model_dump()))))

    @endpoint(
        "POST",
        "/api/upload/{upload_id:hex}/complete",
        SENDER,
        Documentation(
            TAG,
            shapes.Answer[Upload],
            examples.answer(studio_examples.UPLOAD),
            errors=(
                *_PICTURE_ERRORS,
                "UPLOAD_NOT_FOUND",
                "NOT_OWNER",
                "UPLOAD_INCOMPLETE",
                "UPLOAD_USED",
                "UPLOAD_EXPIRED",
            ),
        ),
    )
    async def complete_upload(self, request: Request, upload_id: str) -> Response:
        """Complete an upload

        The bytes must be a picture of the announced type and size. A second time gives the first answer again.
        """
        user_id = user_of(request)
        arrival = await self._caller.ask(FindUpload(user_id=user_id, upload_id=upload_id))
        if arrival.done:
            return answer(envelope(orjson.dumps(arrival.done.model_dump())))
        stored = await self._uploads.store_arrived(arrival.raw_key, arrival.content_type, arrival.size)
        kept = await self._kept(user_id, upload_id, stored)
        await self._uploads.forget(arrival.raw_key)
        return kept

    async def _kept(self, user_id: int, upload_id: str | None, stored: Stored) -> Response:
        command = KeepUpload(
            user_id=user_id,
            upload_id=upload_id,
            original_key=stored.original_key,
            working_key=stored.working_key,
            content_type=stored.content_type,
            size=stored.size_bytes,
            width=stored.width,
            height=stored.height,
        )
        try:
            return answer(envelope(await self._caller.call(command)))
        except ServiceError as error:
            if error.code not in PASSING:  # else it may have been kept all the same: the sweeper will know
                await self._uploads.discard(stored)
            raise
