"""The port to whatever paints: a photo or words, and a wish, go in, a picture comes out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Protocol


@dataclass(frozen=True, slots=True)
class PaintJob:
    """What a painter is told.

    `photo` is a JPEG whose longest side is at most 1024 pixels. `prompt` says everything in words, the negative prompt
    included; `negative_prompt` stands apart once more for a painter that takes the two separately. `effect` names a
    look for painters that know looks and not words. The same job painted twice by a painter that heeds `seed`
    is the same picture.

    Without a photo the picture is made from words: `words` are the person's own, cleaned, for painters that cannot read
    a whole `prompt`; `aspect_ratio` (`16:9`) is its shape, and an empty `effect` no particular look. `number` tells
    apart the pictures that were asked for at once, counted from 0: no two of them should look the same. `model` is the
    one that was asked for by name.
    """

    photo: bytes | None
    prompt: str
    negative_prompt: str
    effect: str
    mood: str | None
    weather: str | None
    dress_style: str | None
    seed: int
    words: str = ""
    aspect_ratio: str | None = None
    number: int = 0
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Painting:
    """A finished picture, free of metadata. `content_type` is one of image/jpeg, image/png and image/webp."""

    data: bytes
    content_type: str


class PaintingError(Exception):
    """A job that will not become a picture: it has been tried as often as it makes sense to, so do not try again.

    `code` is a public error code, `message` a sentence for a person, never the provider's own words.
    """

    code: ClassVar[str]

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class PictureBlocked(PaintingError):
    """The photo or the wish was refused on grounds of safety. The hold on the credits is released."""

    code = "NSFW_DETECTED"


class PainterFailed(PaintingError):
    """The painter could not do it, whosever fault that is. The hold on the credits is released."""

    code = "AI_SERVICE_ERROR"


class Painter(Protocol):
    async def paint(self, job: PaintJob, progress: Callable[[int], None]) -> Painting:
        """Paint one job. May be called for many jobs at once.

        `progress` is called on the event loop, with whole numbers from 0 to 100 that never fall, when a step is done.

        Errors: PictureBlocked, PainterFailed. Cancelling the call gives up the job as soon as its current step ends.
        """
        ...
