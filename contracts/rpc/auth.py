"""What can be asked of auth."""

from typing import Any, ClassVar

from contracts.envelope import Message, Request


class User(Message):
    """A person as the API shows them to themselves; the gateway adds `credits`."""

    id: int
    email: str
    name: str
    avatar_url: str | None
    is_verified: bool
    created_at: str


class SignedIn(Message):
    """A new session. Tokens are EdDSA JWTs; `expires_in` is the access token's life in seconds."""

    user: User
    access_token: str
    refresh_token: str
    token_type: str = "bearer"  # noqa: S105  (the kind of token, not a secret)
    expires_in: int


class SignUp(Request[SignedIn]):
    """Errors: VALIDATION_ERROR, INVALID_EMAIL, WEAK_PASSWORD, EMAIL_EXISTS."""

    SUBJECT: ClassVar[str] = "rpc.auth.sign_up"
    email: str
    password: str
    name: str


class LogIn(Request[SignedIn]):
    """Errors: INVALID_CREDENTIALS, ACCOUNT_LOCKED. `ip` counts guesses per address too."""

    SUBJECT: ClassVar[str] = "rpc.auth.log_in"
    email: str
    password: str
    ip: str = ""


class Tokens(Message):
    access_token: str
    refresh_token: str
    token_type: str = "bearer"  # noqa: S105  (the kind of token, not a secret)
    expires_in: int


class Refresh(Request[Tokens]):
    """Errors: INVALID_TOKEN, TOKEN_REUSED (theft: the whole family is revoked)."""

    SUBJECT: ClassVar[str] = "rpc.auth.refresh"
    refresh_token: str


class Me(Request[User]):
    """Errors: USER_NOT_FOUND."""

    SUBJECT: ClassVar[str] = "rpc.auth.me"
    user_id: int


class People(Message):
    """Public faces: `{id: {"id", "name", "avatar_url"}}` of those that exist."""

    people: dict[int, dict[str, Any]]


class PeopleByIds(Request[People]):
    SUBJECT: ClassVar[str] = "rpc.auth.people"
    user_ids: list[int]


class KeySet(Message):
    """A JSON Web Key Set (RFC 7517) of the keys that sign access tokens."""

    keys: list[dict[str, Any]]


class Jwks(Request[KeySet]):
    SUBJECT: ClassVar[str] = "rpc.auth.jwks"


class Letter(Message):
    """What a code's mail says. `token` is for its link, `code` for typing in; either works, once."""

    to: str
    name: str
    locale: str
    purpose: str
    code: str
    token: str
    minutes: int
    """How long from its issue the code is good."""
    user_id: int | None = None
    """Whose code it is, where that is known: it marks the message, so that its copies can be found."""


class MaybeLetter(Message):
    """Null where there is nothing to send: nobody has that address, or the code is used, superseded or too old."""

    letter: Letter | None


class GetLetter(Request[MaybeLetter]):
    """For notify, at the moment of sending: nothing of it may be kept."""

    SUBJECT: ClassVar[str] = "rpc.auth.letter"
    code_id: str


class Addressee(Message):
    to: str
    name: str
    locale: str


class MaybeAddressee(Message):
    addressee: Addressee | None


class GetAddressee(Request[MaybeAddressee]):
    """For notify, at the moment of sending: nothing of it may be kept. Null for guests and for those who have left."""

    SUBJECT: ClassVar[str] = "rpc.auth.addressee"
    user_id: int


REQUESTS: tuple[type[Request[Any]], ...] = (SignUp, LogIn, Refresh, Me, PeopleByIds, Jwks, GetLetter, GetAddressee)
