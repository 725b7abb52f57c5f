"""Requests that creation answers."""

from collections.abc import Awaitable, Callable

from contracts.errors import ServiceError
from contracts.rpc.creation import (
    CancelJob,
    DeleteCreation,
    Deleted,
    ExportCreations,
    GetJob,
    Job,
    ListMine,
    PublicByIds,
    RecentInStyle,
    RequestCreation,
    Requested,
)
from kernel.bus import MessageBus
from kernel.commands import CommandBus
from kernel.db import LOST
from kernel.ids import IdBlock
from kernel.logging import log
from services.creation import domain
from services.creation.erasing import Departures
from services.creation.keeping import Materials
from services.creation.prompts import MAX_CUSTOM_CHARS, build_prompt
from services.creation.queries import Queries
from services.creation.storage import INCOMING, Storage
from services.creation.styles import StyleCopies, StyleCopy


def answer(bus: MessageBus, queries: Queries, requests: "Requests") -> None:
    bus.answer(RequestCreation, requests.request)
    bus.answer(CancelJob, requests.cancel)
    bus.answer(DeleteCreation, requests.delete)
    bus.answer(GetJob, queries.job)
    bus.answer(ListMine, queries.mine)
    bus.answer(RecentInStyle, queries.recent_in_style)
    bus.answer(PublicByIds, queries.public_by_ids)
    bus.answer(ExportCreations, queries.export)


class Requests:
    """Requests that are commands."""

    def __init__(
        self,
        commands: CommandBus,
        queries: Queries,
        styles: StyleCopies,
        storage: Storage,
        ids: IdBlock,
        departures: Departures,
        *,
        is_in_battle: Callable[[int], Awaitable[bool]],
        deadline_s: int,
        max_open_jobs: int,
    ) -> None:
        self._commands = commands
        self._queries = queries
        self._styles = styles
        self._storage = storage
        self._ids = ids
        self._departures = departures
        self._is_in_battle = is_in_battle
        self._deadline_s = deadline_s
        self._max_open_jobs = max_open_jobs

    async def request(self, request: RequestCreation) -> Requested:
        """What was uploaded for a request that is refused, or is an old one, goes at once."""
        try:
            _check(request)
            await self._departures.check(request.user_id)
            requested = await self._request(request)
        except ServiceError as error:
            if error.status < 500:  # noqa: PLR2004  (after a fault on our side the request may stand all the same)
                await self._discard(request)
            raise
        if requested.replayed:
            await self._discard(request)
        return requested

    async def _discard(self, request: RequestCreation) -> None:
        try:
            await self._storage.discard([request.original_key, request.working_key])
        except (ServiceError, *LOST) as error:
            log.warning("uploads are left to the sweeper", error=repr(error))

    async def _request(self, request: RequestCreation) -> Requested:
        found = await self._styles.find(request.style_id)
        creation_id = await self._ids.take()
        command = domain.RequestCreation(
            creation_id,
            request.user_id,
            found.style if found else None,
            request.mood,
            request.weather,
            request.dress_style,
            request.is_public,
            self._deadline_s,
            self._max_open_jobs,
        )
        key = f"request:{request.user_id}:{request.idempotency_key}" if request.idempotency_key else None
        outcome = await self._commands.execute(
            domain.CREATION,
            creation_id,
            command,
            key=key,
            fingerprint=request.fingerprint,
            private=_materials(request, found) if found else None,
            answer=lambda *_: creation_id,
        )
        return Requested(creation_id=outcome.answer, replayed=outcome.replayed)

    async def cancel(self, request: CancelJob) -> Job:
        command = domain.CancelCreation(request.creation_id, request.user_id)
        await self._commands.execute(domain.CREATION, request.creation_id, command)
        return await self._queries.job(request)

    async def delete(self, request: DeleteCreation) -> Deleted:
        in_battle = await self._is_in_battle(request.creation_id)
        command = domain.DeleteCreation(request.creation_id, request.user_id, in_battle)
        await self._commands.execute(domain.CREATION, request.creation_id, command)
        return Deleted(creation_id=request.creation_id)


def _check(request: RequestCreation) -> None:
    faults = {}
    if len(request.custom_prompt or "") > MAX_CUSTOM_CHARS:
        faults["custom_prompt"] = f"At most {MAX_CUSTOM_CHARS} characters."
    for name in ("original_key", "working_key"):
        if not getattr(request, name).startswith(INCOMING):
            faults[name] = f"Must lie under {INCOMING}."
    if faults:
        raise ServiceError("VALIDATION_ERROR", "The request is not valid.", faults)


def _materials(request: RequestCreation, found: StyleCopy) -> Materials:
    prompt = build_prompt(
        found.prompt_template,
        negative_prompt=found.negative_prompt,
        mood=request.mood,
        weather=request.weather,
        dress_style=request.dress_style,
        custom_prompt=request.custom_prompt,
    )
    return Materials(
        request.custom_prompt, prompt, found.negative_prompt, found.effect, request.original_key, request.working_key
    )
