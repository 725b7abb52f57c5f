"""The rules of accounts. What is personal about a person is in no event and no state."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, assert_never

from contracts.errors import ServiceError
from kernel.decider import Decider
from services.auth.domain.leaving import (
    LEAVING_EVENTS,
    AccountDeleted,
    CancelDeletion,
    DeleteAccount,
    DeletionCancelled,
    DeletionRequested,
    Leaving,
    LeavingCommand,
    LeavingEvent,
    RequestDeletion,
    decide_leaving,
    evolve_leaving,
)
from services.auth.domain.standing import (
    STANDING_EVENTS,
    AccessEnded,
    AccountRestored,
    AccountSuspended,
    ArriveAsGuest,
    EndAccess,
    EndSessions,
    GuestArrived,
    Restore,
    RoleChanged,
    SessionsEnded,
    SetRole,
    Standing,
    StandingCommand,
    StandingEvent,
    Suspend,
    UserNotFound,
    decide_standing,
    evolve_standing,
)


class Suspended(ServiceError):
    def __init__(self) -> None:
        super().__init__("PERMISSION_DENIED", "This account is suspended.")


class NoGuest(ServiceError):
    """The guest has signed up already, or never was one: whoever says so holds a token of former times."""

    def __init__(self) -> None:
        super().__init__("INVALID_TOKEN", "Invalid or expired token")


HowChanged = Literal["changed", "reset", "set"]


@dataclass(frozen=True, slots=True)
class Account:
    signed_up: bool = False
    verified: bool = False
    standing: Standing = field(default_factory=Standing)
    leaving: Leaving = field(default_factory=Leaving)

    @property
    def exists(self) -> bool:
        return self.signed_up and not self.leaving.gone


@dataclass(frozen=True, slots=True)
class SignUp:
    user_id: int


@dataclass(frozen=True, slots=True)
class SignUpGuest:
    """A guest becomes the account of the same id."""

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
class VerifyEmail:
    """The address has been shown to be theirs. `referrer_id`: who is to be paid for it, with them."""

    user_id: int
    referrer_id: int | None


@dataclass(frozen=True, slots=True)
class ChangePassword:
    user_id: int
    how: HowChanged


AccountCommand = (
    SignUp | SignUpGuest | LockAccount | VerifyEmail | ChangePassword | UpdateProfile | LeavingCommand | StandingCommand
)


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
class EmailVerified:
    user_id: int


@dataclass(frozen=True, slots=True)
class ReferralCompleted:
    user_id: int
    referrer_id: int


@dataclass(frozen=True, slots=True)
class PasswordChanged:
    user_id: int
    how: HowChanged


AccountEvent = (
    UserSignedUp
    | AccountLocked
    | EmailVerified
    | ReferralCompleted
    | PasswordChanged
    | ProfileUpdated
    | LeavingEvent
    | StandingEvent
)


def decide_account(command: AccountCommand, account: Account, now: datetime) -> list[AccountEvent]:
    match command:
        case SignUp(user_id=user_id):
            return [] if account.signed_up else [UserSignedUp(user_id)]
        case SignUpGuest(user_id=user_id):
            return _sign_up_guest(user_id, account)
        case LockAccount(user_id=user_id, until=until):
            return [AccountLocked(user_id, until)] if account.exists else []
        case VerifyEmail():
            return _verify(command) if account.exists and not account.verified else []
        case ChangePassword(user_id=user_id, how=how):
            return [PasswordChanged(user_id, how)] if account.exists else []
        case UpdateProfile(user_id=user_id, name=name, phone=phone, avatar=avatar):
            if not account.exists:
                raise UserNotFound
            return [ProfileUpdated(user_id, name, phone, avatar)]
        case RequestDeletion() | CancelDeletion() | DeleteAccount():
            return [*decide_leaving(command, account.leaving, now, signed_up=account.signed_up)]
        case EndSessions():  # those of an account that has gone, too
            return [*decide_standing(command, account.standing, now, signed_up=account.signed_up)]
        case SetRole() | EndAccess() | Suspend() | Restore() | ArriveAsGuest():
            return [*decide_standing(command, account.standing, now, signed_up=account.exists)]
        case _:
            assert_never(command)


def _sign_up_guest(user_id: int, account: Account) -> list[AccountEvent]:
    if account.signed_up or not account.standing.guest:
        raise NoGuest
    if account.standing.suspended:
        raise Suspended
    return [UserSignedUp(user_id)]


def _verify(command: VerifyEmail) -> list[AccountEvent]:
    verified = EmailVerified(command.user_id)
    if command.referrer_id is None:
        return [verified]
    return [verified, ReferralCompleted(command.user_id, command.referrer_id)]


def evolve_account(account: Account, event: AccountEvent) -> Account:
    match event:
        case UserSignedUp():
            return replace(account, signed_up=True, standing=replace(account.standing, guest=False))
        case EmailVerified():
            return replace(account, verified=True)
        case AccountLocked() | ReferralCompleted() | PasswordChanged() | ProfileUpdated():
            return account
        case DeletionRequested() | DeletionCancelled() | AccountDeleted():
            return replace(account, leaving=evolve_leaving(event))
        case RoleChanged() | AccessEnded() | AccountSuspended() | AccountRestored() | SessionsEnded() | GuestArrived():
            return replace(account, standing=evolve_standing(account.standing, event))
        case _:
            assert_never(event)


ACCOUNT: Decider[AccountCommand, Account, AccountEvent] = Decider(
    category="user",
    initial=Account(),
    decide=decide_account,
    evolve=evolve_account,
    events=(
        UserSignedUp,
        AccountLocked,
        EmailVerified,
        ReferralCompleted,
        PasswordChanged,
        ProfileUpdated,
        *LEAVING_EVENTS,
        *STANDING_EVENTS,
    ),
)
