"""A photo's way into a request to Google, without being held several times over until the answer comes.

google-genai makes base64, JSON and a request's body of a photo, and all of them live as long as the request: 3.7 times
the photo, for each picture in the making. So it is given a few bytes that stand for the photo, and httpx2 puts the
photo in their place, a piece at a time, while the request is being sent. What goes over the wire is the same.
"""

import secrets
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import httpx2

STAND_IN = secrets.token_bytes(24)  # whole groups of three: its base64 needs no padding
_MARK = urlsafe_b64encode(STAND_IN)  # the alphabet that google-genai uses
PIECE_BYTES = 48 * 1024  # a multiple of three, as above

_photo: ContextVar[bytes | None] = ContextVar("photo")


@contextmanager
def posting(photo: bytes | None) -> Iterator[None]:
    """Whatever is sent within, through a client with the hook `put_photo_in`, has the photo where `STAND_IN` was.

    None says that there is none, and the request goes as it is.
    """
    token = _photo.set(photo)
    try:
        yield
    finally:
        _photo.reset(token)


async def put_photo_in(request: httpx2.Request) -> None:
    """For `event_hooks`. Errors: ValueError when the body has no place for the photo, so it is never sent without."""
    photo = _photo.get()
    if photo is None or isinstance(request.stream, _Body):  # the second: repeated after a redirect
        return
    before, mark, after = request.content.partition(_MARK)
    if not mark:
        raise ValueError("the request has no place for the photo")
    request.stream = _Body(before, photo, after)
    request.headers["Content-Length"] = str(request.stream.length)


class _Body(httpx2.AsyncByteStream):
    """JSON with a photo in it as base64. It can be sent again."""

    def __init__(self, before: bytes, photo: bytes, after: bytes) -> None:
        self._before = before
        self._photo = photo
        self._after = after

    @property
    def length(self) -> int:
        return len(self._before) + (len(self._photo) + 2) // 3 * 4 + len(self._after)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._before
        for start in range(0, len(self._photo), PIECE_BYTES):
            yield urlsafe_b64encode(self._photo[start : start + PIECE_BYTES])
        yield self._after
