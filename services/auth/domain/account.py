"""The rules of accounts. What is personal about a person is in no event and no state."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import assert_never

from contracts.errors import ServiceError
from kernel.decider import Decider
from services.auth.domain.standing import (
    STANDING_EVENTS,
    AccessEnded,
    AccountRestored,
    AccountSuspended,
    ArriveAsGuest,
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


@dataclass(frozen=True, slots=True)
class Account:
    signed_up: bool = False
    standing: Standing = field(default_factory=Standing)


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


AccountCommand = SignUp | SignUpGuest | LockAccount | StandingCommand


@dataclass(frozen=True, slots=True)
class UserSignedUp:
    user_id: int


@dataclass(frozen=True, slots=True)
class AccountLocked:
    user_id: int
    until: datetime


AccountEvent = UserSignedUp | AccountLocked | StandingEvent


def decide_account(command: AccountCommand, account: Account, now: datetime) -> list[AccountEvent]:
    match command:
        case SignUp(user_id=user_id):
            return [] if account.signed_up else [UserSignedUp(user_id)]
        case SignUpGuest(user_id=user_id):
            if account.signed_up or not account.standing.guest:
                raise NoGuest
            if account.standing.suspended:
                raise Suspended
            return [UserSignedUp(user_id)]
        case LockAccount(user_id=user_id, until=until):
            return [AccountLocked(user_id, until)] if account.signed_up else []
        case SetRole() | Suspend() | Restore() | EndSessions() | ArriveAsGuest():
            return [*decide_standing(command, account.standing, now, signed_up=account.signed_up)]
        case _:
            assert_never(command)


def evolve_account(account: Account, event: AccountEvent) -> Account:
    match event:
        case UserSignedUp():
            return replace(account, signed_up=True, standing=replace(account.standing, guest=False))
        case AccountLocked():
            return account
        case RoleChanged() | AccessEnded() | AccountSuspended() | AccountRestored() | SessionsEnded() | GuestArrived():
            return replace(account, standing=evolve_standing(account.standing, event))
        case _:
            assert_never(event)


ACCOUNT: Decider[AccountCommand, Account, AccountEvent] = Decider(
    category="user",
    initial=Account(),
    decide=decide_account,
    evolve=evolve_account,
    events=(UserSignedUp, AccountLocked, *STANDING_EVENTS),
)
