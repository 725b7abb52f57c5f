"""The rules of accounts. What is personal about a person is in no event and no state."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from contracts.errors import ServiceError
from kernel.decider import Decider


class UserNotFound(ServiceError):
    def __init__(self) -> None:
        super().__init__("USER_NOT_FOUND", "There is no such user.")


class AccountGone(ServiceError):
    """Whoever signs in just when the account goes is told what they would be told a moment later."""

    def __init__(self) -> None:
        super().__init__("INVALID_CREDENTIALS", "Email or password is incorrect")


@dataclass(frozen=True, slots=True)
class Account:
    """`deletion_due_at`: when it will be deleted, if nobody signs in before."""

    signed_up: bool = False
    deletion_due_at: datetime | None = None
    deleted: bool = False

    @property
    def exists(self) -> bool:
        return self.signed_up and not self.deleted


@dataclass(frozen=True, slots=True)
class SignUp:
    user_id: int


@dataclass(frozen=True, slots=True)
class LockAccount:
    """`user_id` may be nobody's: a guess at an unknown address goes the same way as any other, to nothing."""

    user_id: int
    until: datetime


@dataclass(frozen=True, slots=True)
class UpdateProfile:
    """Which parts are to change; the values travel beside it."""

    user_id: int
    name: bool
    phone: bool
    avatar: bool


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


AccountCommand = SignUp | LockAccount | UpdateProfile | RequestDeletion | CancelDeletion | DeleteAccount


@dataclass(frozen=True, slots=True)
class UserSignedUp:
    user_id: int


@dataclass(frozen=True, slots=True)
class AccountLocked:
    user_id: int
    until: datetime


@dataclass(frozen=True, slots=True)
class ProfileUpdated:
    user_id: int
    name: bool
    phone: bool
    avatar: bool


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


AccountEvent = UserSignedUp | AccountLocked | ProfileUpdated | DeletionRequested | DeletionCancelled | AccountDeleted


def decide_account(command: AccountCommand, account: Account, now: datetime) -> list[AccountEvent]:
    match command:
        case SignUp(user_id=user_id):
            return [] if account.signed_up else [UserSignedUp(user_id)]
        case LockAccount(user_id=user_id, until=until):
            return [AccountLocked(user_id, until)] if account.exists else []
        case UpdateProfile(user_id=user_id, name=name, phone=phone, avatar=avatar):
            if not account.exists:
                raise UserNotFound
            return [ProfileUpdated(user_id, name, phone, avatar)]
        case RequestDeletion() | CancelDeletion() | DeleteAccount():
            return _decide_deletion(command, account, now)
        case _:
            assert_never(command)


def _decide_deletion(
    command: RequestDeletion | CancelDeletion | DeleteAccount, account: Account, now: datetime
) -> list[AccountEvent]:
    due_at = account.deletion_due_at
    match command:
        case RequestDeletion(user_id=user_id, grace_s=grace_s):
            if not account.exists:
                raise UserNotFound
            return [] if due_at else [DeletionRequested(user_id, now + timedelta(seconds=grace_s))]
        case CancelDeletion(user_id=user_id):
            if account.deleted:
                raise AccountGone
            return [DeletionCancelled(user_id)] if due_at else []
        case DeleteAccount(user_id=user_id):
            return [AccountDeleted(user_id)] if due_at and due_at <= now and account.exists else []
        case _:
            assert_never(command)


def evolve_account(account: Account, event: AccountEvent) -> Account:
    match event:
        case UserSignedUp():
            return replace(account, signed_up=True)
        case AccountLocked() | ProfileUpdated():
            return account
        case DeletionRequested(due_at=due_at):
            return replace(account, deletion_due_at=due_at)
        case DeletionCancelled():
            return replace(account, deletion_due_at=None)
        case AccountDeleted():
            return replace(account, deletion_due_at=None, deleted=True)
        case _:
            assert_never(event)


ACCOUNT: Decider[AccountCommand, Account, AccountEvent] = Decider(
    category="user",
    initial=Account(),
    decide=decide_account,
    evolve=evolve_account,
    events=(UserSignedUp, AccountLocked, ProfileUpdated, DeletionRequested, DeletionCancelled, AccountDeleted),
)
