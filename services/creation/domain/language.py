"""What is said of a creation: commands, events, refusals; and what is remembered of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from contracts.errors import ServiceError
from services.creation.domain import showing
from services.creation.domain.showing import Showing

HOLD_MARGIN = timedelta(minutes=5)
"""How much longer credits are held than a job may take, so that a finished picture always finds its hold."""
MAX_ATTEMPTS = 2
"""A worker may die over a picture once; a second time it is the picture's fault."""


class Status(StrEnum):
    NONE = "none"
    REQUESTED = "requested"
    QUEUED = "queued"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    DELETED = "deleted"


OPEN = frozenset({Status.REQUESTED, Status.QUEUED, Status.PROCESSING})


@dataclass(frozen=True, slots=True)
class Style:
    """As it was when the picture was asked for. `credits`: what one picture costs, with its model's surcharge."""

    id: int
    name: str
    credits: int


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked for, by whom and when; what it says in the person's own words is kept elsewhere.

    Of several pictures that were asked for at once, each is a creation of its own; the one whose id is the job's names
    the `others`. `number` counts them from 0. `aspect_ratio` is that of a picture made from words; `model` is the one
    that was asked for by name.
    """

    user_id: int
    style: Style
    mood: str | None
    weather: str | None
    dress_style: str | None
    is_public: bool
    requested_at: datetime
    deadline_at: datetime
    aspect_ratio: str | None = None
    model: str | None = None
    number: int = 0
    others: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Creation:
    """`code` and `message` say why it failed. `credits_remaining`: the balance after its credits were held.

    `showing` is None as long as it is as the order has it.
    """

    status: Status = Status.NONE
    order: Order | None = None
    attempts: int = 0
    credits_remaining: int = 0
    code: str = ""
    message: str = ""
    showing: Showing | None = None


@dataclass(frozen=True, slots=True)
class RequestCreation:
    """`style` is None when there is no such style, or it is no longer offered."""

    creation_id: int
    user_id: int
    style: Style | None
    mood: str | None
    weather: str | None
    dress_style: str | None
    is_public: bool
    deadline_s: int
    max_open_jobs: int
    aspect_ratio: str | None = None
    model: str | None = None
    number: int = 0
    others: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ConfirmFunds:
    creation_id: int
    balance: int


@dataclass(frozen=True, slots=True)
class RefuseCreation:
    """`reason`: `insufficient_credits` or `too_many_holds`. `needed`: by it and those asked for together with it."""

    creation_id: int
    reason: str
    balance: int
    needed: int = 0


@dataclass(frozen=True, slots=True)
class StartPainting:
    """A worker has been given the job: for the first time, or because the one before it was not heard of again."""

    creation_id: int


@dataclass(frozen=True, slots=True)
class CompletePainting:
    creation_id: int


@dataclass(frozen=True, slots=True)
class FailPainting:
    creation_id: int
    attempt: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class MissDeadline:
    creation_id: int


@dataclass(frozen=True, slots=True)
class CancelCreation:
    creation_id: int
    user_id: int


@dataclass(frozen=True, slots=True)
class DeleteCreation:
    """`in_battle`: as far as we have heard."""

    creation_id: int
    user_id: int
    in_battle: bool = False


@dataclass(frozen=True, slots=True)
class EraseCreation:
    """Its owner has left: it goes, whatever has become of it."""

    creation_id: int


PaintingReport = StartPainting | CompletePainting | FailPainting
Report = ConfirmFunds | RefuseCreation | MissDeadline | PaintingReport
Command = RequestCreation | Report | CancelCreation | DeleteCreation | EraseCreation | showing.Command


@dataclass(frozen=True, slots=True)
class CreationRequested:
    creation_id: int
    order: Order
    hold_until: datetime
    max_open_jobs: int


@dataclass(frozen=True, slots=True)
class CreationQueued:
    creation_id: int
    user_id: int
    credits_remaining: int


@dataclass(frozen=True, slots=True)
class PaintingStarted:
    creation_id: int
    user_id: int
    attempt: int


@dataclass(frozen=True, slots=True)
class CreationGenerated:
    """Carries the whole order: the lists of finished pictures are made from this event alone."""

    creation_id: int
    order: Order
    credits_remaining: int
    processing_ms: int


@dataclass(frozen=True, slots=True)
class CreationFailed:
    creation_id: int
    user_id: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class CreationCancelled:
    creation_id: int
    user_id: int


@dataclass(frozen=True, slots=True)
class CreationDeleted:
    creation_id: int
    user_id: int
    style_id: int


Event = (
    CreationRequested
    | CreationQueued
    | PaintingStarted
    | CreationGenerated
    | CreationFailed
    | CreationCancelled
    | CreationDeleted
    | showing.Event
)


class StyleNotFound(ServiceError):
    def __init__(self) -> None:
        super().__init__("STYLE_NOT_FOUND", "Style not found.")


class CreationNotFound(ServiceError):
    def __init__(self, message: str = "Creation not found.") -> None:
        super().__init__("CREATION_NOT_FOUND", message)


class NotOwner(ServiceError):
    def __init__(self) -> None:
        super().__init__("NOT_OWNER", "This creation belongs to someone else.")


class JobAlreadyEnded(ServiceError):
    def __init__(self, status: Status) -> None:
        super().__init__("JOB_ALREADY_ENDED", f"This job has ended already: it is {status.value}.")


class NotYetThere(ServiceError):
    """A message that runs ahead of the events it follows from: it is worth trying again a little later."""

    def __init__(self, command: str, status: Status) -> None:
        super().__init__("SERVER_ERROR", f"{command} came while the creation was {status.value}.")
