"""Following a job: it is asked about when the tap hears something, and now and then in case nothing was heard."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any

import orjson

from contracts.errors import ServiceError
from contracts.events.creation import CreationCancelled, CreationFailed, CreationGenerated
from contracts.events.ledger import CreditsDebited
from contracts.rpc.jobs import GetJob
from gateway.errors import Refused
from gateway.tap import Tap, Watch
from kernel.caller import DEFAULT_TIMEOUT_S, Caller

FINAL = frozenset({"completed", "failed", "cancelled"})
FINISHED = frozenset({CreationGenerated.TYPE})
ENDINGS = frozenset({CreditsDebited.TYPE, CreationFailed.TYPE, CreationCancelled.TYPE})
PASSING = frozenset({"SERVICE_UNAVAILABLE", "DEADLINE_EXCEEDED", "SERVER_ERROR"})
"""A service that is restarting: the job goes on, so it is asked about again."""
PATIENCE_S = 2.0

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Following:
    caller: Caller
    tap: Tap

    async def job(self, user_id: int, creation_id: int, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> Json:
        """Errors: CREATION_NOT_FOUND, NOT_OWNER."""
        question = GetJob(user_id=user_id, creation_id=creation_id)
        job: Json = orjson.loads(await self.caller.call(question, timeout_s=timeout_s))
        return job

    async def job_if_there(self, user_id: int, creation_id: int) -> Json | None:
        """None while creation cannot be asked. Errors: CREATION_NOT_FOUND, NOT_OWNER."""
        try:
            return await self.job(user_id, creation_id, timeout_s=PATIENCE_S)
        except ServiceError as error:
            if error.code not in PASSING:
                raise
            return None

    async def end(self, watch: Watch, user_id: int, creation_ids: Sequence[int], deadline: float) -> Json | None:
        """The job, as soon as all of its pictures have ended and the finished ones are paid for. None when that takes
        longer than `deadline`, in the clock of `monotonic`; a picture whose payment is not heard of by then is answered
        as it is. The first of the ids is the job's.

        A finished job is asked for while it is being paid: nothing in it depends on that, since the credits that remain
        were written down when they were held. `watch` must have been begun before the job was asked for, so that
        nothing was missed.
        """
        ended: Json | None = None
        awaited = set(creation_ids)
        while (remaining_s := deadline - monotonic()) > 0 and not self.tap.closing:
            news = await watch.next(remaining_s)
            heard = [item for item in news if item.data.get("creation_id") in creation_ids]
            heard = [item for item in heard if item.type in ENDINGS | FINISHED]
            if news and not heard:
                continue
            awaited -= {item.data["creation_id"] for item in heard if item.type in ENDINGS}
            if ended is None:
                job = await self.job_if_there(user_id, creation_ids[0])
                ended = job if job and job["status"] in FINAL else None
            if ended and not (awaited and news):  # else it is finished, and asked for early, but not paid for
                return ended
        return ended


def raise_if_failed(job: Json, headers: Mapping[str, str]) -> None:
    """Errors: the job's own."""
    if job["status"] == "failed":
        raise Refused(job["error"]["code"], job["error"]["message"], headers=headers)
    if job["status"] == "cancelled":
        raise Refused("JOB_ALREADY_ENDED", "The creation was cancelled.", headers=headers)
