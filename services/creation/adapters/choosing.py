"""One painter in front of several: each job goes to the model that was asked for, or else to the usual one."""

import asyncio
from collections.abc import Awaitable, Callable

from services.creation.painter import Painter, PainterFailed, Painting, PaintJob

Close = Callable[[], Awaitable[None]]
Made = tuple[Painter, Close]
Make = Callable[[], Made]
"""Imports what it needs: it runs in a thread, at the first job that asks for it."""


class ChoosingPainter:
    """`by_name` makes the painter of a model that is asked for by name, or says that there is none."""

    def __init__(self, default: Made, by_name: Callable[[str], Make | None]) -> None:
        self._default = default
        self._by_name = by_name
        self._made: dict[str, Made] = {}
        self._making = asyncio.Lock()

    async def paint(self, job: PaintJob, progress: Callable[[int], None]) -> Painting:
        """Errors: PictureBlocked, PainterFailed."""
        painter = self._default[0] if job.model is None else await self._named(job.model)
        return await painter.paint(job, progress)

    async def close(self) -> None:
        for _, close in (self._default, *self._made.values()):
            await close()

    async def _named(self, model: str) -> Painter:
        async with self._making:
            if model not in self._made:
                make = self._by_name(model)
                if make is None:  # it was offered when the job was asked for, and is not any more
                    raise PainterFailed("This model is not available any more. Please choose another one.")
                self._made[model] = await asyncio.to_thread(make)
            return self._made[model][0]
