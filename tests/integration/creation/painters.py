"""Painters that do what a test needs."""

import asyncio
import io
from collections.abc import Callable

from PIL import Image

from services.creation.painter import Painting, PaintJob


def jpeg(width: int = 64, height: int = 48) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), (200, 120, 40)).save(out, "JPEG")
    return out.getvalue()


PHOTO = jpeg()
RESULT = Painting(jpeg(640, 480), "image/jpeg")


class QuickPainter:
    """Paints at once, or fails with `error`; remembers what it was told."""

    def __init__(self, error: Exception | None = None, result: Painting = RESULT) -> None:
        self.jobs: list[PaintJob] = []
        self._error = error
        self._result = result

    async def paint(self, job: PaintJob, progress: Callable[[int], None]) -> Painting:
        self.jobs.append(job)
        progress(50)
        if self._error:
            raise self._error
        progress(100)
        return self._result


class PatientPainter:
    """Says when it has begun, and waits until it may go on. `stubborn`: finishes although nobody wants it any more."""

    def __init__(self, *, stubborn: bool = False) -> None:
        self.begun = asyncio.Event()
        self.may_go_on = asyncio.Event()
        self.was_cancelled = asyncio.Event()
        self.at_once = 0
        self.most_at_once = 0
        self._stubborn = stubborn

    async def paint(self, _: PaintJob, progress: Callable[[int], None]) -> Painting:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.begun.set()
        progress(40)
        try:
            await self.may_go_on.wait()
        except asyncio.CancelledError:
            self.was_cancelled.set()
            if not self._stubborn:
                raise
        finally:
            self.at_once -= 1
        return RESULT


class FirstsPainter:
    """Paints the first picture of every job at once, and waits or fails over the others."""

    def __init__(self, error: Exception | None = None) -> None:
        self._error = error

    async def paint(self, job: PaintJob, progress: Callable[[int], None]) -> Painting:
        progress(40)
        if job.number:
            if self._error:
                raise self._error
            await asyncio.Event().wait()
        return RESULT
