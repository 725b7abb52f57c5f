"""One attempt at one job: start, paint, store, complete; or say why not.

The aggregate decides who may start and whose end counts. What is stored here lies in the attempt's own folder, which is
written down when the attempt starts, so it can be found and removed however the attempt ends.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

from prometheus_client import Counter, Histogram

from kernel.clock import Clock, utc_now
from kernel.commands import CommandBus
from kernel.logging import log
from kernel.objects import Objects
from services.creation.domain import CREATION, CompletePainting, FailPainting, StartPainting, Status
from services.creation.keeping import Folder, Pictures
from services.creation.painter import Painter, PainterFailed, Painting, PaintingError, PaintJob
from services.creation.patience import persistently, together
from services.creation.progress import Progress
from services.creation.prompts import MAX_WORDS_CHARS, clean_wish
from services.creation.queries import Commission, Queries
from services.creation.storage import Storage, new_folder

LATE_S = 5.0
"""After the job's deadline its timer will have ended it; this much later its worker lets go of it, come what may."""
SUFFIXES = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp"}

ATTEMPTS = Counter("painting_attempts_total", "Attempts by how they ended", ["outcome"])
PAINT_SECONDS = Histogram(
    "paint_seconds", "Seconds that the painter took", buckets=(0.1, 0.3, 1, 3, 5, 10, 20, 30, 60, 120)
)


@dataclass(slots=True)
class Brief:
    """What is to be painted, and the photo if there is one and it is still there. Painted, it is let go of: hundreds of
    pictures may be on their way into storage.
    """

    commission: Commission
    photo: bytes | None = None


class GivenUp(Exception):
    """The job has ended while it was being painted: nobody wants the picture any more."""


class Attempts:
    """`thumbnail` makes a small WebP of a result; it runs in a thread."""

    def __init__(
        self,
        commands: CommandBus,
        queries: Queries,
        storage: Storage,
        objects: Objects,
        painter: Painter,
        *,
        thumbnail: Callable[[bytes], bytes],
        progress: Progress,
        threads: int,
        clock: Clock = utc_now,
    ) -> None:
        self._commands = commands
        self._queries = queries
        self._storage = storage
        self._objects = objects
        self._painter = painter
        self._thumbnail = thumbnail
        self._progress = progress
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="thumbnails")
        self._clock = clock
        self._painting: dict[int, asyncio.Task[Painting]] = {}

    async def make(self, creation_id: int) -> None:
        """Take a job up and bring it to an end. Nothing happens to a job that has ended already.

        Errors: TryLater.
        """
        folder = Folder(new_folder())
        reading = asyncio.create_task(self._read(creation_id))  # while its start is written down
        try:
            attempt: int = await persistently(partial(self._start, creation_id, folder))
            if attempt and not await self._attempt(creation_id, attempt, await reading, folder.place):
                self._progress.forget(creation_id)
                await persistently(partial(self._storage.remove, [folder.place]))
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    def give_up(self, creation_id: int) -> None:
        """The job has ended otherwise: stop painting, if it is being painted here."""
        if painting := self._painting.get(creation_id):
            painting.cancel()

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _read(self, creation_id: int) -> Brief | None:
        """None when the job has ended and its materials are gone."""
        commission = await persistently(partial(self._queries.commission, creation_id))
        if commission is None:
            return None
        if commission.working_key is None:
            return Brief(commission)
        try:
            return Brief(commission, await persistently(partial(self._objects.get, commission.working_key)))
        except KeyError:
            return Brief(commission)

    async def _attempt(self, creation_id: int, attempt: int, brief: Brief | None, folder: str) -> bool:
        """True when its picture became the creation's."""
        if brief is None:
            return False
        self._progress.note(creation_id, 0)
        left_s = (brief.commission.order.deadline_at - self._clock()).total_seconds() + LATE_S
        try:
            async with asyncio.timeout(left_s):
                pictures = await self._paint_and_store(creation_id, brief, folder)
        except PaintingError as error:
            await persistently(partial(self._fail, creation_id, attempt, error))
            ATTEMPTS.labels(error.code).inc()
            return False
        except (GivenUp, TimeoutError) as error:
            ATTEMPTS.labels(type(error).__name__).inc()
            return False
        # Outside the timeout: once this is asked, only its answer tells whether the pictures may be thrown away.
        completed = await persistently(partial(self._complete, creation_id, attempt, pictures))
        ATTEMPTS.labels("completed" if completed else "too late").inc()
        if completed:
            await self._progress.ended(creation_id, "completed")
        return completed

    async def _paint_and_store(self, creation_id: int, brief: Brief, folder: str) -> Pictures:
        commission = brief.commission
        if brief.photo is None and commission.working_key is not None:
            raise _photo_lost()
        painting = await self._paint(creation_id, commission, brief.photo)
        brief.photo = None
        result_key, thumbnail_key = await self._store(painting, folder)
        return Pictures(folder, commission.original_key, commission.working_key, result_key, thumbnail_key)

    async def _paint(self, creation_id: int, commission: Commission, photo: bytes | None) -> Painting:
        order = commission.order
        job = PaintJob(
            photo=photo,
            prompt=commission.prompt,
            negative_prompt=commission.negative_prompt,
            effect=commission.effect,
            mood=order.mood,
            weather=order.weather,
            dress_style=order.dress_style,
            seed=creation_id,
            words=clean_wish(commission.words, MAX_WORDS_CHARS),
            aspect_ratio=order.aspect_ratio,
            number=order.number,
            model=order.model,
        )
        task = asyncio.ensure_future(self._painter.paint(job, partial(self._progress.note, creation_id)))
        self._painting[creation_id] = task
        try:
            with PAINT_SECONDS.time():
                return await task
        except asyncio.CancelledError:
            if _is_being_cancelled():
                raise
            raise GivenUp from None
        except PaintingError:
            raise
        except Exception as error:
            log.exception("the painter crashed", creation=creation_id)
            raise _failed() from error
        finally:
            del self._painting[creation_id]

    async def _store(self, painting: Painting, folder: str) -> tuple[str, str]:
        result_key = folder + "result" + SUFFIXES[painting.content_type]
        thumbnail_key = folder + "thumbnail.webp"
        await together(
            persistently(partial(self._objects.put, result_key, painting.data, painting.content_type)),
            self._store_thumbnail(painting, thumbnail_key),
        )
        return result_key, thumbnail_key

    async def _store_thumbnail(self, painting: Painting, key: str) -> None:
        loop = asyncio.get_running_loop()
        try:
            small = await loop.run_in_executor(self._threads, self._thumbnail, painting.data)
        except OSError as error:
            log.warning("the painter's result is no picture", error=repr(error))
            raise _failed() from error
        await persistently(partial(self._objects.put, key, small, "image/webp"))

    async def _start(self, creation_id: int, folder: Folder) -> int:
        """The number of this attempt; 0 when there is nothing to paint.

        The folder is in the key: asked again after a lost connection, this is still the same attempt.
        """
        outcome = await self._commands.execute(
            CREATION,
            creation_id,
            StartPainting(creation_id),
            key=f"start:{folder.place}",
            private=folder,
            answer=lambda state, _: state.attempts if state.status is Status.PROCESSING else 0,
        )
        return int(outcome.answer)

    async def _complete(self, creation_id: int, attempt: int, pictures: Pictures) -> bool:
        """False when another end came first."""
        outcome = await self._commands.execute(
            CREATION,
            creation_id,
            CompletePainting(creation_id),
            key=f"complete:{creation_id}:{attempt}",
            private=pictures,
            answer=lambda _, events: bool(events),
        )
        return bool(outcome.answer)

    async def _fail(self, creation_id: int, attempt: int, error: PaintingError) -> None:
        command = FailPainting(creation_id, attempt, error.code, error.message)
        await self._commands.execute(CREATION, creation_id, command)


def _is_being_cancelled() -> bool:
    task: asyncio.Task[Any] | None = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _failed() -> PainterFailed:
    return PainterFailed("The picture could not be made. No credits were taken. Please try again.")


def _photo_lost() -> PainterFailed:
    return PainterFailed("The photo is no longer there. No credits were taken. Please upload it again.")
