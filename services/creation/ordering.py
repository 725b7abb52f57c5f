"""Pictures are asked for: one, or several at once.

Each picture is a creation of its own: it ends, is paid for and is cleared away on its own. Those of one job share its
credits' hold: the job's own picture is requested last, names the others, and asks ledger for the credits of all of
them, which holds all or none. Should this process die before, the others wait for credits that nobody asks for until
their deadline ends them; whoever asks again with the same key finds them and finishes the job.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from contracts.errors import ServiceError
from contracts.places import PHOTOS
from contracts.rpc.creation import FREE_STYLE_ID
from contracts.rpc.jobs import ImaginePictures, PictureKind, RequestCreation, Requested
from kernel.commands import CommandBus
from kernel.db import LOST
from kernel.ids import IdBlock
from kernel.logging import log
from kernel.turn import Outcome
from services.creation import domain
from services.creation.decency import check_words
from services.creation.erasing import Departures
from services.creation.keeping import Materials
from services.creation.models import Models
from services.creation.prompts import MAX_CUSTOM_CHARS, MAX_WORDS_CHARS, build_imagining, build_prompt, clean_wish
from services.creation.storage import UPLOADED, Photo, Storage
from services.creation.styles import StyleCopies, StyleCopy
from services.creation.uploads import Uploads

OUR_FAULT = 500
FREE = "Imagined"


@dataclass(frozen=True, slots=True)
class Job:
    """What is the same for all pictures of a job. `style` and `materials` are None when there is no such style.

    `is_old`: its upload is used up, so only the job that used it can be meant.
    """

    request: RequestCreation | ImaginePictures
    style: domain.Style | None
    materials: Materials | None
    dress_style: str | None
    aspect_ratio: str | None
    is_old: bool = False


class Ordering:
    def __init__(
        self,
        commands: CommandBus,
        styles: StyleCopies,
        models: Models,
        storage: Storage,
        uploads: Uploads,
        *,
        ids: IdBlock,
        departures: Departures,
        deadline_s: int,
        max_open_jobs: int,
        imagine_credits: int,
    ) -> None:
        self._commands = commands
        self._styles = styles
        self._models = models
        self._storage = storage
        self._uploads = uploads
        self._ids = ids
        self._departures = departures
        self._deadline_s = deadline_s
        self._max_open_jobs = max_open_jobs
        self._imagine_credits = imagine_credits

    async def from_photo(self, request: RequestCreation) -> Requested:
        """What was uploaded for a request that is refused, or is an old one, goes at once; not a waiting upload."""
        keys = [key for key in (request.original_key, request.working_key) if key]
        try:
            _check_photo(request)
            await self._departures.check(request.user_id)
            requested = await self._from_photo(request)
        except ServiceError as error:
            if error.status < OUR_FAULT:  # after a fault on our side the request may stand all the same
                await self._discard(keys)
            raise
        if requested.replayed:
            await self._discard(keys)
        return requested

    async def from_words(self, request: ImaginePictures) -> Requested:
        words = _checked_words(request.prompt)
        await self._departures.check(request.user_id)
        found = await self._styles.find(request.style_id) if request.style_id is not None else self._free()
        materials = _imagining(request, found, words) if found else None
        style = self._priced(found, request.model, "text")
        return await self._order(Job(request, style, materials, None, request.aspect_ratio))

    async def _from_photo(self, request: RequestCreation) -> Requested:
        photo, is_old = Photo(request.original_key, request.working_key), False
        if request.upload_id is not None:
            photo, is_old = await self._uploads.photo(
                request.user_id, request.upload_id, again=bool(request.idempotency_key)
            )
        found = await self._styles.find(request.style_id)
        materials = _painting(request, found, photo) if found else None
        style = self._priced(found, request.model, "photo")
        return await self._order(Job(request, style, materials, request.dress_style, None, is_old))

    def _free(self) -> StyleCopy:
        """What stands for a style where there is none."""
        return StyleCopy(domain.Style(FREE_STYLE_ID, FREE, self._imagine_credits), "", "", "")

    def _priced(self, found: StyleCopy | None, model: str | None, kind: PictureKind) -> domain.Style | None:
        surcharge = self._models.surcharge(model, kind)
        return replace(found.style, credits=found.style.credits + surcharge) if found else None

    async def _order(self, job: Job) -> Requested:
        numbers = () if job.is_old else range(1, job.request.quantity)
        others = await asyncio.gather(*(self._other(job, number) for number in numbers), return_exceptions=True)
        try:
            _raise_first(others)
            ids = [outcome.answer for outcome in others if isinstance(outcome, Outcome)]
            own = await self._picture(job, 0, job.materials, ids)
        except ServiceError as error:
            if error.status < OUR_FAULT:
                await self._take_back(job, [outcome for outcome in others if isinstance(outcome, Outcome)])
            raise
        creation_ids: list[int] = own.answer if isinstance(own.answer, list) else [own.answer]
        return Requested(creation_id=creation_ids[0], creation_ids=creation_ids, replayed=own.replayed)

    async def _other(self, job: Job, number: int) -> Outcome:
        """With a copy of the photo: whatever becomes of one picture, the others still have theirs."""
        materials, copied = job.materials, Photo("", "")
        if materials and materials.original_key and materials.working_key:
            copied = await self._storage.copied(Photo(materials.original_key, materials.working_key))
            materials = replace(
                materials, original_key=copied.original_key, working_key=copied.working_key, upload_id=None
            )
        try:
            outcome = await self._picture(job, number, materials, [])
        except ServiceError:
            await self._discard(copied.keys)
            raise
        if outcome.replayed:
            await self._discard(copied.keys)
        return outcome

    async def _picture(self, job: Job, number: int, materials: Materials | None, others: Sequence[int]) -> Outcome:
        """Its answer is its id, and for the job's own picture a list of all ids, should there be others."""
        request = job.request
        creation_id = await self._ids.take()
        command = domain.RequestCreation(
            creation_id,
            request.user_id,
            job.style,
            request.mood,
            request.weather,
            job.dress_style,
            request.is_public,
            self._deadline_s,
            self._max_open_jobs,
            aspect_ratio=job.aspect_ratio,
            model=request.model,
            number=number,
            others=tuple(others),
        )
        kind = f"request-{number}" if number else "request"
        key = f"{kind}:{request.user_id}:{request.idempotency_key}" if request.idempotency_key else None
        return await self._commands.execute(
            domain.CREATION,
            creation_id,
            command,
            key=key,
            fingerprint=request.fingerprint,
            private=materials,
            answer=lambda *_: [creation_id, *others] if others else creation_id,
        )

    async def _take_back(self, job: Job, others: Sequence[Outcome]) -> None:
        """The job was refused: those of its pictures that were requested for it, and not for one before, end here."""
        for outcome in others:
            if not outcome.replayed:
                command = domain.CancelCreation(outcome.answer, job.request.user_id)
                await self._commands.execute(domain.CREATION, outcome.answer, command)

    async def _discard(self, keys: Sequence[str]) -> None:
        try:
            await self._storage.discard(keys)
        except (ServiceError, *LOST) as error:
            log.warning("uploads are left to the sweeper", error=repr(error))


def _raise_first(outcomes: Sequence[Outcome | BaseException]) -> None:
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome


def _check_photo(request: RequestCreation) -> None:
    faults = {}
    if len(request.custom_prompt or "") > MAX_CUSTOM_CHARS:
        faults["custom_prompt"] = f"At most {MAX_CUSTOM_CHARS} characters."
    if request.upload_id is None:
        for name in ("original_key", "working_key"):
            if not getattr(request, name).startswith(UPLOADED):
                faults[name] = f"Must lie under {PHOTOS}."
    if faults:
        raise ServiceError("VALIDATION_ERROR", "The request is not valid.", faults)
    if request.custom_prompt:
        check_words(clean_wish(request.custom_prompt, MAX_CUSTOM_CHARS))


def _checked_words(prompt: str) -> str:
    words = clean_wish(prompt, MAX_WORDS_CHARS)
    if not words or len(prompt) > MAX_WORDS_CHARS:
        fault = {"prompt": f"1 to {MAX_WORDS_CHARS} characters that can be seen."}
        raise ServiceError("VALIDATION_ERROR", "The request is not valid.", fault)
    check_words(words)
    return words


def _painting(request: RequestCreation, found: StyleCopy, photo: Photo) -> Materials:
    prompt = build_prompt(
        found.prompt_template,
        negative_prompt=found.negative_prompt,
        mood=request.mood,
        weather=request.weather,
        dress_style=request.dress_style,
        custom_prompt=request.custom_prompt,
    )
    return Materials(
        request.custom_prompt,
        prompt,
        found.negative_prompt,
        found.effect,
        photo.original_key,
        photo.working_key,
        request.upload_id,
    )


def _imagining(request: ImaginePictures, found: StyleCopy, words: str) -> Materials:
    prompt = build_imagining(
        found.prompt_template,
        negative_prompt=found.negative_prompt,
        mood=request.mood,
        weather=request.weather,
        words=words,
    )
    return Materials(words, prompt, found.negative_prompt, found.effect, None, None)
