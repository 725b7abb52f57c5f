"""The painter that needs no key and no network: style filters over the photo itself, the same for the same job."""

import asyncio
import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image as Pillow
from PIL import UnidentifiedImageError

from services.creation.adapters.local.atmosphere import DRESS_HINTS, MOODS, WEATHERS
from services.creation.adapters.local.canvas import Image, Random
from services.creation.adapters.local.effects import EFFECTS
from services.creation.adapters.local.imagined import imagine
from services.creation.adapters.local.variations import vary
from services.creation.painter import PainterFailed, Painting, PaintJob

JPEG_QUALITY = 90
MAX_SIDE_PIXELS = 1024

Stage = Callable[[Image, Random], Image]


class LocalPainter:
    """Paints in at most `threads` threads at once; what comes more waits its turn in the order it came.

    Words are not understood: the effect, the mood and the weather change the picture, a dress style only its border
    and tint (no filter can change what people wear), and prompts nothing at all. Without a photo, a drawn scene stands
    in for what the words describe (`imagined.py`).
    """

    def __init__(self, *, threads: int = 2) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="painter")

    async def paint(self, job: PaintJob, progress: Callable[[int], None]) -> Painting:
        """Errors: PainterFailed when the effect is unknown or the photo cannot be read."""
        stages = _stages(job)
        loop = asyncio.get_running_loop()
        random = np.random.default_rng(job.seed % 2**64)
        picture = await loop.run_in_executor(self._pool, _begun, job)
        progress(10)
        for done, stage in enumerate(stages, start=1):
            picture = await loop.run_in_executor(self._pool, stage, picture, random)
            progress(10 + 80 * done // len(stages))
        data = await loop.run_in_executor(self._pool, _encode, picture)
        progress(100)
        return Painting(data=data, content_type="image/jpeg")

    def close(self) -> None:
        """Finish the steps that have begun, drop the others."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def _stages(job: PaintJob) -> list[Stage]:
    effect = EFFECTS.get(job.effect)
    if effect is None and (job.effect or job.photo is not None):
        raise PainterFailed("This style cannot be painted at the moment. Please choose another one.")
    touches = (MOODS.get(job.mood or ""), WEATHERS.get(job.weather or ""), DRESS_HINTS.get(job.dress_style or ""))
    return [stage for stage in (effect, *touches) if stage]


def _begun(job: PaintJob) -> Image:
    """What the effect is laid upon."""
    if job.photo is None:
        return imagine(job.words, job.number, job.aspect_ratio)
    return vary(_decode(job.photo), job.number)


def _decode(photo: bytes) -> Image:
    try:
        with Pillow.open(io.BytesIO(photo), formats=["JPEG"]) as opened:
            opened.thumbnail((MAX_SIDE_PIXELS, MAX_SIDE_PIXELS))  # a no-op for the photos that the contract promises
            return np.asarray(opened.convert("RGB"), np.uint8)
    except (OSError, ValueError, UnidentifiedImageError) as error:
        raise PainterFailed("The photo could not be read. Please upload it again.") from error


def _encode(picture: Image) -> bytes:
    out = io.BytesIO()
    Pillow.fromarray(picture).save(out, "JPEG", quality=JPEG_QUALITY)
    return out.getvalue()
