"""The rules of sessions. Tokens are known here by the SHA-256 of their ids alone.

A session is one family of refresh tokens. Its rotation is confirmed by use: a token stays good until a token issued
from it has itself been used, because a phone may never have received, or never stores, what it was answered.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from contracts.errors import ServiceError
from kernel.decider import Decider

THEFT, SIGNED_OUT = "theft", "signed_out"


class InvalidToken(ServiceError):
    """Not one of ours, not for this, too old, or of a session that does not exist: the caller is not told which."""

    def __init__(self) -> None:
        super().__init__("INVALID_TOKEN", "Invalid or expired token")


class TokenReused(ServiceError):
    """A superseded refresh token came back, now or earlier: nobody can say who holds the rightful one."""

    def __init__(self) -> None:
        super().__init__("TOKEN_REUSED", "This session has ended for your safety. Please sign in again.")


class SessionNotFound(ServiceError):
    """There is none with that id, or it is another person's: the caller is not told which."""

    def __init__(self) -> None:
        super().__init__("SESSION_NOT_FOUND", "There is no such session.")


@dataclass(frozen=True, slots=True)
class Session:
    """`current`: the last token whose use confirmed it. `previous`: the one it superseded. `reason`: of its end."""

    user_id: int | None = None
    current: str | None = None
    previous: str | None = None
    superseded_at: datetime | None = None
    revoked: bool = False
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class StartSession:
    session_id: str
    user_id: int
    token: str


@dataclass(frozen=True, slots=True)
class UseToken:
    """`parent`: the token that this one was issued from; None for a session's first."""

    session_id: str
    token: str
    parent: str | None
    grace_s: float


@dataclass(frozen=True, slots=True)
class EndSession:
    """`reason`: as the event `auth.session_revoked` lists them."""

    session_id: str
    user_id: int
    reason: str


SessionCommand = StartSession | UseToken | EndSession


@dataclass(frozen=True, slots=True)
class SessionStarted:
    session_id: str
    user_id: int
    token: str


@dataclass(frozen=True, slots=True)
class TokenConfirmed:
    """A token was used for the first time, and so superseded the one it was issued from."""

    token: str
    at: datetime


@dataclass(frozen=True, slots=True)
class SessionRevoked:
    session_id: str
    user_id: int
    reason: str


SessionEvent = SessionStarted | TokenConfirmed | SessionRevoked


def decide_session(command: SessionCommand, session: Session, now: datetime) -> list[SessionEvent]:
    """Theft is an event, not an error, since a refusal would commit nothing: the caller reads it off the state."""
    match command:
        case StartSession(session_id=session_id, user_id=user_id, token=token):
            return [] if session.user_id is not None else [SessionStarted(session_id, user_id, token)]
        case UseToken():
            return _use(command, session, now)
        case EndSession(session_id=session_id, user_id=user_id, reason=reason):
            if session.user_id != user_id:
                raise SessionNotFound
            return [] if session.revoked else [SessionRevoked(session_id, user_id, reason)]
        case _:
            assert_never(command)


def _use(command: UseToken, session: Session, now: datetime) -> list[SessionEvent]:
    if session.user_id is None:
        raise InvalidToken
    if session.revoked or command.token == session.current:
        return []
    if command.parent == session.current:
        return [TokenConfirmed(command.token, now)]
    if _in_grace(command, session, now):
        return []
    return [SessionRevoked(command.session_id, session.user_id, THEFT)]


def _in_grace(command: UseToken, session: Session, now: datetime) -> bool:
    """The superseded token, or another issued from it: the answer to a request that was under way at that moment."""
    if session.superseded_at is None or session.previous not in {command.token, command.parent}:
        return False
    return now <= session.superseded_at + timedelta(seconds=command.grace_s)


def evolve_session(session: Session, event: SessionEvent) -> Session:
    match event:
        case SessionStarted(user_id=user_id, token=token):
            return replace(session, user_id=user_id, current=token)
        case TokenConfirmed(token=token, at=at):
            return replace(session, current=token, previous=session.current, superseded_at=at)
        case SessionRevoked(reason=reason):
            return replace(session, revoked=True, reason=reason)
        case _:
            assert_never(event)


SESSION: Decider[SessionCommand, Session, SessionEvent] = Decider(
    category="session",
    initial=Session(),
    decide=decide_session,
    evolve=evolve_session,
    events=(SessionStarted, TokenConfirmed, SessionRevoked),
)
