"""Requests that creation answers."""

from collections.abc import Awaitable, Callable

from contracts.errors import ServiceError
from contracts.rpc.creation import (
    ContendersByIds,
    DeleteCreation,
    Deleted,
    ExportCreations,
    ListMine,
    PublicByIds,
    RecentInStyle,
)
from contracts.rpc.jobs import CancelJob, GetJob, ImaginePictures, Job, ListModels, RequestCreation
from contracts.rpc.uploads import FindUpload, KeepUpload, PresignUpload
from kernel.bus import MessageBus
from kernel.commands import CommandBus
from services.creation import domain
from services.creation.models import Models
from services.creation.ordering import Ordering
from services.creation.queries import Queries
from services.creation.uploads import Uploads


def answer(
    bus: MessageBus, queries: Queries, requests: "Requests", ordering: Ordering, models: Models, uploads: Uploads
) -> None:
    bus.answer(RequestCreation, ordering.from_photo)
    bus.answer(ImaginePictures, ordering.from_words)
    bus.answer(ListModels, models.offered)
    bus.answer(PresignUpload, uploads.presign)
    bus.answer(FindUpload, uploads.find)
    bus.answer(KeepUpload, uploads.keep)
    bus.answer(CancelJob, requests.cancel)
    bus.answer(DeleteCreation, requests.delete)
    bus.answer(GetJob, queries.job)
    bus.answer(ListMine, queries.mine)
    bus.answer(RecentInStyle, queries.recent_in_style)
    bus.answer(PublicByIds, queries.public_by_ids)
    bus.answer(ContendersByIds, queries.contenders_by_ids)
    bus.answer(ExportCreations, uploads.exported_with(queries.export))


class Requests:
    """Requests that are commands."""

    def __init__(
        self, commands: CommandBus, queries: Queries, *, is_in_battle: Callable[[int], Awaitable[bool]]
    ) -> None:
        self._commands = commands
        self._queries = queries
        self._is_in_battle = is_in_battle

    async def cancel(self, request: CancelJob) -> Job:
        """All pictures of the job that have not ended. Errors: JOB_ALREADY_ENDED when there is none."""
        creation_ids = list(await self._queries.states(request))
        over = [await self._cancel(creation_id, request.user_id) for creation_id in creation_ids]
        if over[0] and all(over):
            raise over[0]
        return await self._queries.job(request)

    async def _cancel(self, creation_id: int, user_id: int) -> ServiceError | None:
        """What stands in its way, if it is that it is over."""
        try:
            command = domain.CancelCreation(creation_id, user_id)
            await self._commands.execute(domain.CREATION, creation_id, command)
        except (domain.JobAlreadyEnded, domain.CreationNotFound) as error:
            return error
        return None

    async def delete(self, request: DeleteCreation) -> Deleted:
        in_battle = await self._is_in_battle(request.creation_id)
        command = domain.DeleteCreation(request.creation_id, request.user_id, in_battle)
        await self._commands.execute(domain.CREATION, request.creation_id, command)
        return Deleted(creation_id=request.creation_id)
