"""Uploaded pictures: streamed to disk, checked in a thread, put where the service that adopts them finds them."""

import asyncio
import hashlib
import io
import re
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass

import orjson
from fastapi import Request
from prometheus_client import Histogram
from starlette.datastructures import FormData, Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from contracts.places import new_photo_folder
from gateway import pictures
from gateway.avatars import SIDES_PIXELS, squares
from gateway.bodies import CLOSE, bounded
from gateway.errors import Refused, invalid
from kernel.clock import utc_now
from kernel.logging import log
from kernel.objects import TROUBLE, Objects

FORM_OVERHEAD_BYTES = 64 * 1024
MAX_FORM_BYTES = pictures.MAX_BYTES + FORM_OVERHEAD_BYTES
MAX_FIELD_BYTES = 4 * 1024
MAX_FIELDS = 32
MAX_FILES = 4
PIECE_BYTES = 256 * 1024
"""What is read or written at a time. A client's pieces are gathered up to this: each costs a thread's turn."""
PICTURE_THREADS = 2
MAX_IN_MEMORY = 16
"""Pictures that are checked or on their way to storage at the same time: each may take 10 MB. Others wait on disk."""

STAGES = Histogram("upload_seconds", "Seconds that an upload takes, by stage: receive, check, store", ["stage"])


@asynccontextmanager
async def multipart_form(request: Request, *, timeout_s: float) -> AsyncIterator[FormData]:
    """The form, its files on disk when they are larger than a megabyte, and gone afterwards.

    Errors: VALIDATION_ERROR, IMAGE_TOO_LARGE, REQUEST_TIMEOUT. A client that hangs up leaves nothing.
    """
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise Refused("VALIDATION_ERROR", "Send the picture as multipart/form-data.")
    body = bounded(request, MAX_FORM_BYTES, Refused("IMAGE_TOO_LARGE", headers=CLOSE))
    parser = _WholeForm(request.headers, body)
    try:
        with STAGES.labels("receive").time():
            async with asyncio.timeout(timeout_s):
                form = await parser.parse()
    except TimeoutError:
        raise Refused("REQUEST_TIMEOUT", headers=CLOSE) from None
    except MultiPartException as error:
        raise Refused("VALIDATION_ERROR", f"The form cannot be read: {error.message}") from None
    try:
        yield form
    finally:
        await form.close()


CHARSET = re.compile(r";\s*charset\s*=\s*(\"[^\"]*\"|[^;]*)", re.IGNORECASE)
"""Of a form's content type. Fields are UTF-8 as in every other body, whatever a client says."""


class _WholeForm(MultiPartParser):
    """Starlette's parser, for which a form that breaks off is a form without its last part, whose file it forgets."""

    def __init__(self, headers: Headers, body: AsyncGenerator[bytes, None]) -> None:
        super().__init__(
            Headers({"content-type": CHARSET.sub("", headers.get("content-type", ""))}),
            self._to_the_end(body),
            max_files=MAX_FILES,
            max_fields=MAX_FIELDS,
            max_part_size=MAX_FIELD_BYTES,
        )
        self._ended = False

    def on_end(self) -> None:
        self._ended = True

    async def _to_the_end(self, body: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        gathered = bytearray()
        async for piece in body:
            gathered += piece
            if len(gathered) >= PIECE_BYTES:
                yield bytes(gathered)
                gathered.clear()
        yield bytes(gathered)
        if not self._ended:
            raise MultiPartException("it breaks off")


def file_of(form: FormData, field: str) -> UploadFile:
    """Errors: VALIDATION_ERROR when there is no file under this name."""
    file = form.get(field)
    if not isinstance(file, UploadFile):
        raise invalid({field: "A file is required"})
    return file


@dataclass(frozen=True, slots=True)
class Stored:
    """A picture under `photos/`, at keys that nobody can guess. One that nobody adopts is swept away."""

    original_key: str
    working_key: str
    fingerprint: str
    """Of the bytes as they were sent and the fields beside them; empty when nobody wanted it."""
    content_type: str = ""
    """Of the original, as are size and sides."""
    size_bytes: int = 0
    width: int = 0
    height: int = 0


class Uploads:
    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._threads = ThreadPoolExecutor(PICTURE_THREADS, thread_name_prefix="pictures")
        self._room = asyncio.Semaphore(MAX_IN_MEMORY)
        self._arriving = asyncio.Semaphore(MAX_IN_MEMORY)

    async def store(self, file: UploadFile, fields: Mapping[str, object] | None) -> Stored:
        """Check a picture, make its working copy and put both away. With `fields`, a fingerprint is taken of it all.

        Errors: INVALID_IMAGE, IMAGE_TOO_LARGE, SERVICE_UNAVAILABLE.
        """
        folder = new_photo_folder(utc_now())
        loop = asyncio.get_running_loop()
        early: list[Future[None]] = []

        def put_early(original: bytes, content_type: str, extension: str) -> None:
            # From the thread that goes on to read the pixels.
            put = self._objects.put(f"{folder}original.{extension}", original, content_type)
            early.append(asyncio.run_coroutine_threadsafe(put, loop))

        async with self._room:
            try:
                with STAGES.labels("check").time():
                    accepted, fingerprint = await loop.run_in_executor(self._threads, _examine, file, fields, put_early)
            except Refused:
                await self._take_back(folder, early)
                raise
            stored = Stored(
                f"{folder}original.{accepted.extension}",
                f"{folder}working.jpg",
                fingerprint,
                accepted.original_content_type,
                accepted.original_bytes,
                accepted.width,
                accepted.height,
            )
            original = [asyncio.wrap_future(put) for put in early] or [
                asyncio.ensure_future(
                    self._objects.put(
                        stored.original_key,
                        accepted.original,
                        accepted.original_content_type,
                        accepted.original_bytes,
                    )
                )
            ]
            with STAGES.labels("store").time():
                working = self._objects.put(stored.working_key, accepted.working_copy, "image/jpeg")
                outcomes = await asyncio.gather(*original, working, return_exceptions=True)
            if faults := [outcome for outcome in outcomes if outcome is not None]:
                log.error("a picture could not be stored", errors=[repr(fault) for fault in faults])
                await self.discard(stored)
                raise Refused("SERVICE_UNAVAILABLE", "The picture could not be stored. Please try again.")
            return stored

    async def store_arrived(self, raw_key: str, content_type: str, size_bytes: int) -> Stored:
        """Check what a client put straight into storage, as what it was announced as, and put clean copies away.

        Errors: UPLOAD_INCOMPLETE (nothing is there yet), INVALID_IMAGE, IMAGE_TOO_LARGE, SERVICE_UNAVAILABLE.
        """
        async with self._arriving:  # each of them has its whole picture in memory
            return await self._store_arrived(raw_key, content_type, size_bytes)

    async def _store_arrived(self, raw_key: str, content_type: str, size_bytes: int) -> Stored:
        try:
            found_bytes = await self._objects.size(raw_key)
            # Not all of it: it may have been replaced by something larger this very moment.
            data = await self._objects.get(raw_key, at_most=size_bytes + 1) if found_bytes == size_bytes else b""
        except KeyError:
            raise Refused("UPLOAD_INCOMPLETE") from None
        except TROUBLE as error:
            log.error("an upload could not be read", error=repr(error))
            raise Refused("SERVICE_UNAVAILABLE", "The picture could not be read. Please try again.") from None
        if len(data) != size_bytes:
            raise Refused("INVALID_IMAGE", f"{found_bytes} bytes have come, but {size_bytes} were announced.")
        try:
            found_type = pictures.content_type_of(data[:32])
        except pictures.PictureRefused as refused:
            raise Refused(refused.code, refused.message) from None
        if found_type != content_type:
            raise Refused("INVALID_IMAGE", f"This is {found_type}, but {content_type} was announced.")
        return await self.store(UploadFile(io.BytesIO(data)), None)

    async def forget(self, raw_key: str) -> None:
        """What was put straight into storage and is not needed any more."""
        await self._delete([raw_key])

    async def _take_back(self, folder: str, early: Sequence[Future[None]]) -> None:
        """The original was on its way when its pixels turned out to be damaged."""
        if early:
            await asyncio.gather(*map(asyncio.wrap_future, early), return_exceptions=True)
            await self._delete([f"{folder}original.{extension}" for _, extension in pictures.CONTENT_TYPES.values()])

    async def store_avatar(self, file: UploadFile) -> str:
        """Check a picture and put its squares under `incoming/`; returns their folder.

        Errors: INVALID_IMAGE, IMAGE_TOO_LARGE, SERVICE_UNAVAILABLE.
        """
        folder = f"incoming/{secrets.token_hex(16)}/"
        loop = asyncio.get_running_loop()
        async with self._room:
            try:
                found = await loop.run_in_executor(self._threads, squares, file.file)
            except pictures.PictureRefused as refused:
                raise Refused(refused.code, refused.message) from None
            try:
                for name, square in found.items():
                    await self._objects.put(folder + name, square, "image/jpeg")
            except TROUBLE as error:
                log.error("an avatar could not be stored", error=repr(error))
                await self.discard_avatar(folder)
                raise Refused("SERVICE_UNAVAILABLE", "The picture could not be stored. Please try again.") from None
        return folder

    async def discard_avatar(self, folder: str) -> None:
        await self._delete([f"{folder}{side}.jpg" for side in SIDES_PIXELS])

    async def discard(self, stored: Stored) -> None:
        await self._delete([stored.original_key, stored.working_key])

    async def _delete(self, keys: list[str]) -> None:
        """What cannot be deleted now is swept away later."""
        try:
            await self._objects.delete(keys)
        except TROUBLE as error:
            log.warning("an upload is left to the sweeper", error=repr(error))

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _examine(
    file: UploadFile, fields: Mapping[str, object] | None, when_clean: pictures.WhenClean
) -> tuple[pictures.Accepted, str]:
    try:
        accepted = pictures.accept(file.file, when_clean)
    except pictures.PictureRefused as refused:
        raise Refused(refused.code, refused.message) from None
    return accepted, _fingerprint(file, fields) if fields is not None else ""


def fingerprint_of(fields: Mapping[str, object]) -> str:
    """What tells one request without a file from another."""
    return hashlib.sha256(orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _fingerprint(file: UploadFile, fields: Mapping[str, object]) -> str:
    fingerprint = hashlib.sha256(orjson.dumps(fields, option=orjson.OPT_SORT_KEYS))
    file.file.seek(0)
    while piece := file.file.read(PIECE_BYTES):
        fingerprint.update(piece)
    return fingerprint.hexdigest()
