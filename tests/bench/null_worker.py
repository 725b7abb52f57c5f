"""The creation worker with a painter that paints nothing: what is left is everything but the painter."""

from collections.abc import Callable

import uvloop

from kernel.service import serve
from kernel.settings import load
from services.creation.app import CreationSettings
from services.creation.painter import Painting, PaintJob
from services.creation.worker import build_worker


class NullPainter:
    async def paint(self, job: PaintJob, progress: Callable[[int], None]) -> Painting:
        progress(50)
        return Painting(job.photo or b"", "image/jpeg")


if __name__ == "__main__":
    uvloop.run(serve(build_worker(load(CreationSettings), NullPainter()), dict))
