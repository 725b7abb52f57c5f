"""The main job: a photo becomes art."""

from collections.abc import Mapping
from time import monotonic

import orjson
from fastapi import Request
from pydantic import ValidationError
from starlette.datastructures import FormData
from starlette.responses import Response

from contracts.errors import ServiceError
from contracts.rpc.creation import Job, RequestCreation, Requested
from gateway.answers import answer, envelope
from gateway.apps.magicpic import examples, shapes
from gateway.apps.magicpic.following import PASSING, Following, Json, raise_if_failed
from gateway.apps.magicpic.gallery import Gallery
from gateway.apps.magicpic.links import Links
from gateway.apps.magicpic.shelf import Shelf
from gateway.documentation import Documentation
from gateway.errors import Refused, invalid_fields
from gateway.repeats import KEY_HEADER, REPLAYED, idempotency_key
from gateway.routing import USER, endpoint, user_of
from gateway.uploads import Stored, Uploads, file_of, multipart_form
from kernel.caller import Caller
from kernel.clock import iso, utc_now

TAG = "Creations"
GENERATED = "Image generated successfully!"
UNDER_WAY = "Your image is being generated."
ASYNC_APPLIED = {"preference-applied": "respond-async"}
_FORM_SCHEMA = shapes.GenerateForm.model_json_schema()
_FORM_SCHEMA["properties"] = {
    "image": {"type": "string", "format": "binary", "description": "A JPG, PNG or WebP photo of at most 10 MB."},
    **_FORM_SCHEMA["properties"],
}
_FORM_SCHEMA["required"] = ["image", *_FORM_SCHEMA["required"]]
_HEADERS = [
    KEY_HEADER,
    {
        "name": "Prefer",
        "in": "header",
        "schema": {"type": "string"},
        "description": "`respond-async`: answer 202 at once instead of waiting for the picture.",
    },
]


class Generation:
    def __init__(
        self,
        caller: Caller,
        shelf: Shelf,
        gallery: Gallery,
        following: Following,
        uploads: Uploads,
        links: Links,
        *,
        wait_s: float,
        upload_timeout_s: float,
    ) -> None:
        self._caller = caller
        self._shelf = shelf
        self._gallery = gallery
        self._following = following
        self._uploads = uploads
        self._links = links
        self._wait_s = wait_s
        self._upload_timeout_s = upload_timeout_s

    @endpoint(
        "POST",
        "/api/creations/generate",
        USER,
        Documentation(
            TAG,
            shapes.Answer[shapes.Generated],
            examples.GENERATED,
            errors=(
                "VALIDATION_ERROR",
                "INVALID_IMAGE",
                "NSFW_DETECTED",
                "INSUFFICIENT_CREDITS",
                "STYLE_NOT_FOUND",
                "REQUEST_TIMEOUT",
                "IDEMPOTENCY_CONFLICT",
                "JOB_ALREADY_ENDED",
                "IMAGE_TOO_LARGE",
                "TOO_MANY_JOBS",
                "AI_SERVICE_ERROR",
            ),
            accepted=(shapes.Answer[shapes.Accepted], examples.ACCEPTED),
            extra={
                "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": _FORM_SCHEMA}}},
                "parameters": _HEADERS,
            },
        ),
    )
    async def generate(self, request: Request) -> Response:
        """Turn a photo into art

        Holds the style's credits, makes the picture, and takes the credits when it is there. Waits for it up to a
        minute, then answers 202 with the job. A picture that fails costs nothing.
        """
        deadline = monotonic() + self._wait_s  # from here: the phone counts the upload, too
        user_id, key = user_of(request), idempotency_key(request)
        async with multipart_form(request, timeout_s=self._upload_timeout_s) as form:
            fields = _fields(form)
            if not await self._shelf.offers(fields.style_id):
                raise Refused("STYLE_NOT_FOUND")
            stored = await self._uploads.store(file_of(form, "image"), fields.model_dump() if key else None)
        # Begun before the job is asked for, so that nothing said of it is missed.
        with self._following.tap.watch(user_id=user_id) as watch:
            requested = await self._request(user_id, fields, stored, key)
            headers = REPLAYED if requested.replayed else {}
            creation_id = requested.creation_id
            if _wants_async(request):
                return await self._accepted(request, creation_id, headers | ASYNC_APPLIED)
            if requested.replayed:
                watch.wake()  # it may have ended long ago
            job_at_end = await self._following.end(watch, user_id, creation_id, deadline)
        if job_at_end is None:
            return await self._accepted(request, creation_id, headers)
        raise_if_failed(job_at_end, headers)
        return await self._generated(job_at_end, headers)

    async def _request(self, user_id: int, fields: shapes.GenerateForm, stored: Stored, key: str | None) -> Requested:
        """Ask for the picture. What was uploaded for nothing is deleted."""
        command = RequestCreation(
            user_id=user_id,
            original_key=stored.original_key,
            working_key=stored.working_key,
            idempotency_key=key,
            fingerprint=stored.fingerprint,
            **fields.model_dump(),
        )
        try:
            requested: Requested = await self._caller.ask(command)
        except ServiceError as error:
            if error.code not in PASSING:  # else it may have been accepted all the same: the sweeper will know
                await self._uploads.discard(stored)
            raise
        if requested.replayed:
            await self._uploads.discard(stored)
        return requested

    async def _generated(self, job: Json, headers: Mapping[str, str]) -> Response:
        creation = orjson.dumps((await self._gallery.job(job))["creation"])
        return answer(envelope(creation[:-1] + b',"creation":' + creation + b"}", GENERATED), headers=headers)

    async def _accepted(self, request: Request, creation_id: int, headers: Mapping[str, str]) -> Response:
        job = await self._following.job_if_there(user_of(request), creation_id) or _just_begun(creation_id)
        data = {"job": await self._gallery.job(job), **self._links.of_job(request, creation_id)}
        return answer(envelope(orjson.dumps(data), UNDER_WAY), status=202, headers=headers)


def _just_begun(creation_id: int) -> Json:
    """A job that cannot be asked about right now. It was accepted, and that is what its owner must hear."""
    return Job(
        id=creation_id,
        status="queued",
        progress=0,
        position=None,
        credits=0,
        error=None,
        created_at=iso(utc_now()),
        creation=None,
    ).model_dump()


def _fields(form: FormData) -> shapes.GenerateForm:
    texts = {name: value for name, value in form.items() if isinstance(value, str) and name != "image"}
    try:
        return shapes.GenerateForm.model_validate(texts)
    except ValidationError as error:
        raise invalid_fields(error) from None


def _wants_async(request: Request) -> bool:
    """RFC 7240."""
    preferences = ",".join(request.headers.getlist("prefer")).split(",")
    return any(preference.partition(";")[0].strip().lower() == "respond-async" for preference in preferences)
