"""What auth tells the others. No name, no e-mail: who needs one asks for it at the moment of use."""

from typing import ClassVar

from contracts.envelope import Event


class UserSignedUp(Event):
    TYPE: ClassVar[str] = "auth.user_signed_up"
    user_id: int


class AccountLocked(Event):
    """Too many wrong passwords: refused until `until` (ISO 8601, UTC)."""

    TYPE: ClassVar[str] = "auth.account_locked"
    user_id: int
    until: str


class SessionRevoked(Event):
    """A refresh token family has ended: `theft` (a superseded token was used), later also sign-out."""

    TYPE: ClassVar[str] = "auth.session_revoked"
    user_id: int
    session_id: str
    reason: str


EVENTS: tuple[type[Event], ...] = (UserSignedUp, AccountLocked, SessionRevoked)
