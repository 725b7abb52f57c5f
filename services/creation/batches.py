"""Several pictures of one job: each is a creation of its own; here they are told as one."""

from collections.abc import Iterable, Sequence

from contracts.rpc.jobs import Job, JobStatus
from services.creation.domain import Creation, Status

OPEN = frozenset({"queued", "processing"})
FOR_NOTHING = frozenset({Status.FAILED, Status.CANCELLED})


def together(job_id: int, parts: Sequence[Job], quantity: int, remaining: int) -> Job:
    """One job of the jobs of its pictures, at least one, in their order; those that were deleted are left out.

    It has ended when all have; then it is completed if any picture is there. `credits` are what all would cost, and
    `remaining` what is left once all of that is paid: each picture alone knows only what its own hold left.
    """
    first = parts[0]
    status = _status(parts)
    made = [part.creation for part in parts if part.creation]
    creations = [creation.model_copy(update={"credits_remaining": remaining}) for creation in made]
    positions = [part.position for part in parts if part.position is not None]
    return Job(
        id=job_id,
        status=status,
        progress=_progress(parts, status),
        position=min(positions) if status == "queued" and positions else None,
        credits=first.credits * quantity,
        error=next((part.error for part in parts if part.error), None) if status == "failed" else None,
        created_at=first.created_at,
        creation=creations[0] if creations else None,
        quantity=quantity,
        failed=sum(part.failed for part in parts),
        creation_ids=[part.id for part in parts],
        creations=creations,
    )


def remaining_after(states: Iterable[Creation]) -> int:
    """The balance after all holds of a job, with what came back of those that were for nothing."""
    held = [state for state in states if state.attempts or state.credits_remaining]
    back = sum(state.order.style.credits for state in held if state.status in FOR_NOTHING and state.order)
    return min((state.credits_remaining for state in held), default=0) + back


def _status(parts: Sequence[Job]) -> JobStatus:
    found = {part.status for part in parts}
    if found & OPEN:
        return "queued" if found == {"queued"} else "processing"
    return next(status for status in _BY_WEIGHT if status in found)


_BY_WEIGHT: tuple[JobStatus, ...] = ("completed", "failed", "cancelled")


def _progress(parts: Sequence[Job], status: JobStatus) -> int:
    if status in OPEN:
        return sum(part.progress if part.status in OPEN else 100 for part in parts) // len(parts)
    return 100 if status == "completed" else 0
