"""A job from the request to its answer, whatever its pictures are made from."""

from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic

import orjson
from fastapi import Request
from starlette.responses import Response

from contracts.errors import ServiceError
from contracts.rpc.jobs import ImaginePictures, Job, RequestCreation, Requested
from gateway.answers import answer, envelope
from gateway.apps.magicpic.following import PASSING, Following, Json, raise_if_failed
from gateway.apps.magicpic.gallery import Gallery
from gateway.apps.magicpic.links import Links
from gateway.repeats import REPLAYED
from gateway.routing import user_of
from gateway.uploads import Stored, Uploads
from kernel.caller import Caller
from kernel.clock import iso, utc_now

GENERATED = "Image generated successfully!"
UNDER_WAY = "Your image is being generated."
ASYNC_APPLIED = {"preference-applied": "respond-async"}


@dataclass(frozen=True, slots=True)
class Making:
    caller: Caller
    gallery: Gallery
    following: Following
    uploads: Uploads
    links: Links
    wait_s: float

    def deadline(self) -> float:
        """To be taken as a request begins: the phone counts the upload, too."""
        return monotonic() + self.wait_s

    async def make(
        self,
        request: Request,
        command: RequestCreation | ImaginePictures,
        deadline: float,
        stored: Stored | None = None,
    ) -> Response:
        """Ask for the pictures and wait for them, or not, as the client prefers. `stored` was uploaded for it."""
        user_id = user_of(request)
        # Begun before the job is asked for, so that nothing said of it is missed.
        with self.following.tap.watch(user_id=user_id) as watch:
            requested = await self._request(command, stored)
            headers = REPLAYED if requested.replayed else {}
            if _wants_async(request):
                return await self._accepted(request, requested, headers | ASYNC_APPLIED)
            if requested.replayed:
                watch.wake()  # it may have ended long ago
            job_at_end = await self.following.end(watch, user_id, _ids(requested), deadline)
        if job_at_end is None:
            return await self._accepted(request, requested, headers)
        raise_if_failed(job_at_end, headers)
        return await self._generated(job_at_end, headers)

    async def _request(self, command: RequestCreation | ImaginePictures, stored: Stored | None) -> Requested:
        """Ask for the pictures. What was uploaded for nothing is deleted."""
        try:
            requested: Requested = await self.caller.ask(command)
        except ServiceError as error:
            if stored and error.code not in PASSING:  # else it may have been accepted all the same: the sweeper knows
                await self.uploads.discard(stored)
            raise
        if stored and requested.replayed:
            await self.uploads.discard(stored)
        return requested

    async def _generated(self, job: Json, headers: Mapping[str, str]) -> Response:
        shown = await self.gallery.job(job)
        creation = orjson.dumps(shown["creation"])
        several = {name: shown.get(name, usual) for name, usual in (("creations", []), ("quantity", 1), ("failed", 0))}
        body = creation[:-1] + b',"creation":' + creation + b"," + orjson.dumps(several)[1:]
        count = len(shown["creations"])
        message = GENERATED if count == 1 else f"{count} images generated successfully!"
        return answer(envelope(body, message), headers=headers)

    async def _accepted(self, request: Request, requested: Requested, headers: Mapping[str, str]) -> Response:
        job_id = requested.creation_id
        job = await self.following.job_if_there(user_of(request), job_id) or _just_begun(_ids(requested))
        data = {"job": await self.gallery.job(job), **self.links.of_job(request, job_id)}
        return answer(envelope(orjson.dumps(data), UNDER_WAY), status=202, headers=headers)


def _ids(requested: Requested) -> list[int]:
    return requested.creation_ids or [requested.creation_id]


def _just_begun(creation_ids: list[int]) -> Json:
    """A job that cannot be asked about right now. It was accepted, and that is what its owner must hear."""
    return Job(
        id=creation_ids[0],
        status="queued",
        progress=0,
        position=None,
        credits=0,
        error=None,
        created_at=iso(utc_now()),
        creation=None,
        quantity=len(creation_ids),
        creation_ids=creation_ids,
    ).model_dump()


def _wants_async(request: Request) -> bool:
    """RFC 7240."""
    preferences = ",".join(request.headers.getlist("prefer")).split(",")
    return any(preference.partition(";")[0].strip().lower() == "respond-async" for preference in preferences)
