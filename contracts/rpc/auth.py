"""What can be asked of auth."""

from typing import Any, ClassVar, Literal

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


class Stats(Message):
    """`creations_count` and `public_creations` are of those that exist; the others are never taken back."""

    creations_count: int
    public_creations: int
    total_likes: int
    """Likes received, less those that were taken back."""
    battle_wins: int
    battle_participations: int
    votes_cast: int
    current_streak: int
    """Days in a row (UTC) with a visit, up to today or yesterday."""
    longest_streak: int


class Achievement(Message):
    slug: str
    name: str
    description: str
    icon: str
    awarded_at: str


class Profile(User):
    """What auth knows of a person; the gateway adds credits and creations. `phone` is E.164."""

    phone: str | None
    referral_code: str | None
    stats: Stats
    achievements: list[Achievement]


class GetProfile(Request[Profile]):
    """Errors: USER_NOT_FOUND."""

    SUBJECT: ClassVar[str] = "rpc.auth.profile"
    user_id: int


class UpdatedUser(User):
    phone: str | None


class UpdateProfile(Request[UpdatedUser]):
    """What is null stays as it is; an empty phone removes it.

    `avatar_folder`: a folder under `incoming/` with the picture as `512.jpg` and `128.jpg`; it is copied.
    Errors: USER_NOT_FOUND, VALIDATION_ERROR, PHONE_EXISTS.
    """

    SUBJECT: ClassVar[str] = "rpc.auth.update_profile"
    user_id: int
    name: str | None = None
    phone: str | None = None
    avatar_folder: str | None = None


class ExportStatus(Message):
    """`url` is there when it is ready, until `expires_at` (ISO 8601, UTC)."""

    status: Literal["preparing", "ready"]
    url: str | None
    expires_at: str | None


class GetExport(Request[ExportStatus]):
    """The last hour's export, or else a new one is begun. Errors: USER_NOT_FOUND."""

    SUBJECT: ClassVar[str] = "rpc.auth.export"
    user_id: int


class DeletionDue(Message):
    due_at: str


class RequestDeletion(Request[DeletionDue]):
    """Who asks proves once more who they are, by password or code. Signing in before `due_at` cancels.

    Errors: USER_NOT_FOUND; VALIDATION_ERROR for a wrong password; ACCOUNT_LOCKED.
    """

    SUBJECT: ClassVar[str] = "rpc.auth.request_deletion"
    user_id: int
    password: str | None = None
    code: str | None = None
    ip: str = ""


REQUESTS: tuple[type[Request[Any]], ...] = (
    SignUp,
    LogIn,
    Refresh,
    Me,
    PeopleByIds,
    Jwks,
    GetLetter,
    GetAddressee,
    GetProfile,
    UpdateProfile,
    GetExport,
    RequestDeletion,
)
