"""The rules of leaving: an account is asked to go, and goes when its grace has passed without a sign-in."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from contracts.errors import ServiceError
from services.auth.domain.standing import UserNotFound


class AccountGone(ServiceError):
    """Whoever signs in just when the account goes is told what they would be told a moment later."""

    def __init__(self) -> None:
        super().__init__("INVALID_CREDENTIALS", "Email or password is incorrect")


@dataclass(frozen=True, slots=True)
class Leaving:
    """`due_at`: when the account will be deleted, if nobody signs in before."""

    due_at: datetime | None = None
    gone: bool = False


@dataclass(frozen=True, slots=True)
class RequestDeletion:
    user_id: int
    grace_s: float


@dataclass(frozen=True, slots=True)
class CancelDeletion:
    """Its owner has signed in."""

    user_id: int


@dataclass(frozen=True, slots=True)
class DeleteAccount:
    """Its deletion is due."""

    user_id: int


LeavingCommand = RequestDeletion | CancelDeletion | DeleteAccount


@dataclass(frozen=True, slots=True)
class DeletionRequested:
    user_id: int
    due_at: datetime


@dataclass(frozen=True, slots=True)
class DeletionCancelled:
    user_id: int


@dataclass(frozen=True, slots=True)
class AccountDeleted:
    user_id: int


LeavingEvent = DeletionRequested | DeletionCancelled | AccountDeleted
LEAVING_EVENTS: tuple[type[LeavingEvent], ...] = (DeletionRequested, DeletionCancelled, AccountDeleted)


def decide_leaving(command: LeavingCommand, leaving: Leaving, now: datetime, *, signed_up: bool) -> list[LeavingEvent]:
    """Errors: USER_NOT_FOUND; INVALID_CREDENTIALS where nothing can be cancelled any more."""
    due_at = leaving.due_at
    match command:
        case RequestDeletion(user_id=user_id, grace_s=grace_s):
            if leaving.gone or not signed_up:
                raise UserNotFound
            return [] if due_at else [DeletionRequested(user_id, now + timedelta(seconds=grace_s))]
        case CancelDeletion(user_id=user_id):
            if leaving.gone:
                raise AccountGone
            return [DeletionCancelled(user_id)] if due_at else []
        case DeleteAccount(user_id=user_id):
            return [AccountDeleted(user_id)] if due_at and due_at <= now else []
        case _:
            assert_never(command)


def evolve_leaving(event: LeavingEvent) -> Leaving:
    match event:
        case DeletionRequested(due_at=due_at):
            return Leaving(due_at)
        case DeletionCancelled():
            return Leaving()
        case AccountDeleted():
            return Leaving(gone=True)
        case _:
            assert_never(event)
