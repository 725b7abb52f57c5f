"""Pictures in the making: their state, live or asked for, and their cancellation."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from time import monotonic
from typing import Any

import orjson
from fastapi import Request
from starlette.responses import Response, StreamingResponse

from contracts.rpc.jobs import CancelJob
from gateway.answers import answer, envelope
from gateway.apps.magicpic import creation_shapes, examples, shapes
from gateway.apps.magicpic.following import FINAL, Following, Json
from gateway.apps.magicpic.gallery import Gallery
from gateway.documentation import Documentation
from gateway.errors import Refused
from gateway.routing import USER, endpoint, user_of
from gateway.tap import PROGRESS, News
from kernel.caller import Caller

TAG = "Jobs"
CANCELLED = "Creation cancelled. No credits were taken."
KEEP_ALIVE = b": keep-alive\n\n"
KEEP_ALIVE_S = 15.0
QUEUE_POLL_S = 2.0
"""How often a place in the queue is looked up: it moves by what happens to others."""
MAX_STREAM_S = 1800.0
MAX_STREAMS = 2000
RECONNECT_MS = 1000
MAX_NUMBER_DIGITS = 9
BATCH_PAUSE_S = 0.25


class Jobs:
    def __init__(
        self, caller: Caller, gallery: Gallery, following: Following, *, keep_alive_s: float = KEEP_ALIVE_S
    ) -> None:
        self._caller = caller
        self._gallery = gallery
        self._following = following
        self._keep_alive_s = keep_alive_s
        self._streams = 0

    @endpoint(
        "GET",
        "/api/creations/jobs/{job_id:id}",
        USER,
        Documentation(
            TAG,
            shapes.Answer[creation_shapes.Job],
            examples.answer(examples.JOB_DONE),
            errors=("CREATION_NOT_FOUND", "NOT_OWNER"),
        ),
    )
    async def job(self, request: Request, job_id: int) -> Response:
        """Show a job"""
        return await self._shown(await self._following.job(user_of(request), job_id))

    @endpoint(
        "POST",
        "/api/creations/jobs/{job_id:id}/cancel",
        USER,
        Documentation(
            TAG,
            shapes.Answer[creation_shapes.Job],
            examples.answer(examples.JOB_CANCELLED, CANCELLED),
            errors=("CREATION_NOT_FOUND", "NOT_OWNER", "JOB_ALREADY_ENDED"),
        ),
    )
    async def cancel(self, request: Request, job_id: int) -> Response:
        """Cancel a job

        All of its pictures that are not there yet. Those that are stay, and stay paid.
        """
        cancelled = await self._caller.call(CancelJob(user_id=user_of(request), creation_id=job_id))
        return await self._shown(orjson.loads(cancelled), CANCELLED)

    @endpoint(
        "GET",
        "/api/creations/jobs/{job_id:id}/events",
        USER,
        Documentation(
            TAG,
            None,
            examples.EVENTS,
            errors=("CREATION_NOT_FOUND", "NOT_OWNER"),
            media_type="text/event-stream",
        ),
    )
    async def events(self, request: Request, job_id: int) -> Response:
        """Follow a job

        Server-sent events, each with the job as its data: `queued` (with its position), `processing` (with its
        progress), at last `completed`, `failed` or `cancelled`, which ends the stream. It begins with the present
        state, so a stream that broke is simply opened again.
        """
        user_id = user_of(request)
        job = await self._following.job(user_id, job_id)
        creation_ids = job.get("creation_ids") or [job_id]
        if self._streams >= MAX_STREAMS:
            raise Refused("SERVICE_UNAVAILABLE", "Too many jobs are being followed. Ask for the job instead.")
        return StreamingResponse(
            self._stream(user_id, job_id, creation_ids, _next_number(request.headers.get("last-event-id", ""))),
            media_type="text/event-stream",
            headers={"cache-control": "no-store", "x-accel-buffering": "no"},
        )

    async def _stream(
        self, user_id: int, job_id: int, creation_ids: Sequence[int], first_id: int
    ) -> AsyncIterator[bytes]:
        self._streams += 1
        try:
            yield b"retry: %d\n\n" % RECONNECT_MS
            number = first_id
            async with aclosing(self._states(user_id, job_id, creation_ids)) as states:
                async for job in states:
                    if job is None:
                        yield KEEP_ALIVE
                        continue
                    data = orjson.dumps(await self._gallery.job(dict(job)))
                    yield b"id: %d\nevent: %s\ndata: %s\n\n" % (number, job["status"].encode(), data)
                    number += 1
        finally:
            self._streams -= 1

    async def _states(
        self, user_id: int, job_id: int, creation_ids: Sequence[int]
    ) -> AsyncGenerator[Json | None, None]:
        """The job whenever it has changed; None when nothing has for a while. Ends with its end."""
        began = told_at = monotonic()
        told: Json | None = None
        with self._following.tap.watch(creation_ids=creation_ids) as watch:
            job = await self._following.job_if_there(user_id, job_id)
            while monotonic() - began < MAX_STREAM_S and not self._following.tap.closing:
                if job is not None and job != told:
                    yield job
                    told, told_at = job, monotonic()
                    if job["status"] in FINAL:
                        return
                elif monotonic() - told_at >= self._keep_alive_s:
                    yield None
                    told_at = monotonic()
                patience_s = QUEUE_POLL_S if job is not None and job["status"] == "queued" else self._keep_alive_s
                news = await watch.next(min(patience_s, told_at + self._keep_alive_s - monotonic()))
                if len(creation_ids) > 1 and news:
                    await asyncio.sleep(BATCH_PAUSE_S)  # each of them tells of itself four times a second
                    news.clear()
                job = _progressed(told, news) or await self._following.job_if_there(user_id, job_id)

    async def _shown(self, job: Json, message: str | None = None) -> Response:
        return answer(envelope(orjson.dumps(await self._gallery.job(job)), message))


def _next_number(last_event_id: str) -> int:
    """Numbers go on where a broken stream had come to."""
    known = last_event_id.isascii() and last_event_id.isdecimal() and len(last_event_id) <= MAX_NUMBER_DIGITS
    return int(last_event_id) + 1 if known else 1


def _progressed(job: Json | None, news: list[News]) -> Json | None:
    """The job, moved on by what its worker said of it; None when there is more to know than that."""
    if job is None or not news or any(item.type != PROGRESS for item in news):
        return None
    progress: Any = news[-1].data["progress"]
    return {**job, "status": "processing", "position": None, "progress": progress}
