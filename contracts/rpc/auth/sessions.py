"""Sessions, what was revoked, and the keys that sign tokens."""

from typing import Any, ClassVar

from contracts.envelope import Message, Request
from contracts.rpc.auth.ways_in import Device


class Tokens(Message):
    access_token: str
    refresh_token: str
    token_type: str = "bearer"  # noqa: S105  (the kind of token, not a secret)
    expires_in: int


class Refresh(Request[Tokens]):
    """Errors: INVALID_TOKEN, TOKEN_REUSED (theft: the whole family is revoked)."""

    SUBJECT: ClassVar[str] = "rpc.auth.refresh"
    refresh_token: str


class Session(Message):
    """Times in ISO 8601, UTC; `last_used_at` is right to a minute. `device` as far as it was told."""

    session_id: str
    device: Device
    started_at: str
    last_used_at: str


class SessionList(Message):
    items: list[Session]


class ListSessions(Request[SessionList]):
    """Those that can still be used, the last used first."""

    SUBJECT: ClassVar[str] = "rpc.auth.sessions"
    user_id: int


class Ended(Message):
    """How many sessions have ended by this."""

    ended: int


class EndSession(Request[Ended]):
    """Errors: SESSION_NOT_FOUND, also for another person's."""

    SUBJECT: ClassVar[str] = "rpc.auth.end_session"
    user_id: int
    session_id: str


class EndSessions(Request[Ended]):
    """All of a user's sessions but `keep`."""

    SUBJECT: ClassVar[str] = "rpc.auth.end_sessions"
    user_id: int
    keep: str | None = None


class RevocationPage(Message):
    """`sessions`: ids of those that have ended. `users`: by id, the moment up to which access tokens are void.

    `next`: where to go on; null on the last page.
    """

    sessions: list[str]
    users: dict[int, str]
    next: int | None


class Revocations(Request[RevocationPage]):
    """What was revoked within the last access token's life: for whoever may have missed the events."""

    SUBJECT: ClassVar[str] = "rpc.auth.revocations"
    after: int = 0


class KeySet(Message):
    """A JSON Web Key Set (RFC 7517) of the keys that sign access tokens."""

    keys: list[dict[str, Any]]


class Jwks(Request[KeySet]):
    SUBJECT: ClassVar[str] = "rpc.auth.jwks"


class SigningKey(Message):
    """`state`: `published` (signs soon), `signing`, or `retired` (still verifies). Times in ISO 8601, UTC.

    The setting's own key has no `created_at` before the first rotation.
    """

    kid: str
    state: str
    created_at: str | None
    retired_at: str | None


class SigningKeys(Message):
    keys: list[SigningKey]


class ListSigningKeys(Request[SigningKeys]):
    """For operators."""

    SUBJECT: ClassVar[str] = "rpc.auth.signing_keys"


class RotateSigningKeys(Request[SigningKeys]):
    """For operators: a new key, which signs a few seconds later. Tokens of the former ones stay good."""

    SUBJECT: ClassVar[str] = "rpc.auth.rotate_signing_keys"
