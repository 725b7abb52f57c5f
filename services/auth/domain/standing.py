"""The rules of an account's standing: its role, its suspension, a guest's arrival, and the end of all its sessions."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from contracts.errors import ServiceError

USER, MODERATOR, ADMIN, GUEST = "user", "moderator", "admin", "guest"
ROLES = (USER, MODERATOR, ADMIN)
"""The roles of accounts, the least first. A guest has none: guests are those who have not signed up."""


def reaches(role: str, least: str) -> bool:
    """Whether somebody of this role may do what takes that one. A guest reaches none."""
    return role in ROLES and ROLES.index(role) >= ROLES.index(least)


class UserNotFound(ServiceError):
    def __init__(self) -> None:
        super().__init__("USER_NOT_FOUND", "There is no such user.")


class RoleTooSmall(ServiceError):
    def __init__(self, refusal: str) -> None:
        super().__init__("PERMISSION_DENIED", refusal)


class LastAdmin(ServiceError):
    def __init__(self) -> None:
        super().__init__("PERMISSION_DENIED", "No admin would be left. Make somebody else one first.")


class NoSuchRole(ServiceError):
    def __init__(self) -> None:
        super().__init__("VALIDATION_ERROR", "There is no such role.", {"role": f"One of {', '.join(ROLES)}."})


@dataclass(frozen=True, slots=True)
class Standing:
    """`ends`: how often all sessions were ended at once."""

    guest: bool = False
    role: str = USER
    suspended: bool = False
    ends: int = 0


@dataclass(frozen=True, slots=True)
class SetRole:
    """`by`: an admin's id, 0 for an operator. `other_admins`: how many there are beside this account."""

    user_id: int
    role: str
    by: int
    reason: str
    other_admins: int


@dataclass(frozen=True, slots=True)
class EndAccess:
    """What was said in access tokens until now is no longer so. It is a command of its own, after a change of role: who
    looked the role up before that was done has dated a token earlier than this.
    """

    user_id: int


@dataclass(frozen=True, slots=True)
class Suspend:
    user_id: int
    by: int
    reason: str
    other_admins: int


@dataclass(frozen=True, slots=True)
class Restore:
    user_id: int
    by: int
    reason: str


@dataclass(frozen=True, slots=True)
class EndSessions:
    """Sessions that are beginning at this moment end, too: they see that this was said."""

    user_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class ArriveAsGuest:
    user_id: int
    credits: int


StandingCommand = SetRole | EndAccess | Suspend | Restore | EndSessions | ArriveAsGuest


@dataclass(frozen=True, slots=True)
class RoleChanged:
    user_id: int
    role: str
    by: int
    reason: str


@dataclass(frozen=True, slots=True)
class AccessEnded:
    """Access tokens up to `before` say what is no longer so."""

    user_id: int
    before: datetime


@dataclass(frozen=True, slots=True)
class AccountSuspended:
    user_id: int
    by: int
    reason: str


@dataclass(frozen=True, slots=True)
class AccountRestored:
    user_id: int
    by: int
    reason: str


@dataclass(frozen=True, slots=True)
class SessionsEnded:
    user_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class GuestArrived:
    user_id: int
    credits: int


StandingEvent = RoleChanged | AccessEnded | AccountSuspended | AccountRestored | SessionsEnded | GuestArrived
STANDING_EVENTS: tuple[type[StandingEvent], ...] = (
    RoleChanged,
    AccessEnded,
    AccountSuspended,
    AccountRestored,
    SessionsEnded,
    GuestArrived,
)


def decide_standing(
    command: StandingCommand, standing: Standing, now: datetime, *, signed_up: bool
) -> list[StandingEvent]:
    """Errors: USER_NOT_FOUND, PERMISSION_DENIED for what would leave no admin, VALIDATION_ERROR for an unknown role."""
    match command:
        case SetRole():
            if not signed_up:
                raise UserNotFound
            return _set_role(command, standing)
        case EndAccess(user_id=user_id):
            return [AccessEnded(user_id, now)] if signed_up else []
        case Suspend() | Restore() if not signed_up and not standing.guest:
            raise UserNotFound
        case Suspend(user_id=user_id, by=by, reason=reason, other_admins=others):
            if standing.suspended:
                return []
            _keep_an_admin(standing, others)
            return [AccountSuspended(user_id, by, reason)]
        case Restore(user_id=user_id, by=by, reason=reason):
            return [AccountRestored(user_id, by, reason)] if standing.suspended else []
        case EndSessions(user_id=user_id, reason=reason):
            return [SessionsEnded(user_id, reason)] if signed_up or standing.guest else []
        case ArriveAsGuest(user_id=user_id, credits=credits_):
            return [] if signed_up or standing.guest else [GuestArrived(user_id, credits_)]
        case _:
            assert_never(command)


def _set_role(command: SetRole, standing: Standing) -> list[StandingEvent]:
    if command.role not in ROLES:
        raise NoSuchRole
    if command.role == standing.role:
        return []
    _keep_an_admin(standing, command.other_admins)
    return [RoleChanged(command.user_id, command.role, command.by, command.reason)]


def _keep_an_admin(standing: Standing, other_admins: int) -> None:
    if standing.role == ADMIN and not standing.suspended and other_admins == 0:
        raise LastAdmin


def evolve_standing(standing: Standing, event: StandingEvent) -> Standing:
    match event:
        case RoleChanged(role=role):
            return replace(standing, role=role)
        case AccessEnded():
            return standing
        case AccountSuspended():
            return replace(standing, suspended=True)
        case AccountRestored():
            return replace(standing, suspended=False)
        case SessionsEnded():
            return replace(standing, ends=standing.ends + 1)
        case GuestArrived():
            return replace(standing, guest=True)
        case _:
            assert_never(event)
