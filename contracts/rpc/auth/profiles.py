"""A person's profile, the export of all that is known of them, and the door out."""

from typing import ClassVar, Literal

from contracts.envelope import Message, Request
from contracts.rpc.auth.accounts import Done, User


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


class AskToDelete(Request[Done]):
    """A mail with a code and a link, to prove that it is really the owner. Errors: RATE_LIMITED, USER_NOT_FOUND."""

    SUBJECT: ClassVar[str] = "rpc.auth.ask_to_delete"
    user_id: int
    ip: str = ""


class RequestDeletion(Request[DeletionDue]):
    """Who asks proves once more who they are: by the password, or by the `code` or the link's `token` of a mail.
    Signing in before `due_at` cancels.

    Errors: USER_NOT_FOUND; VALIDATION_ERROR for a wrong password; ACCOUNT_LOCKED; INVALID_OTP.
    """

    SUBJECT: ClassVar[str] = "rpc.auth.request_deletion"
    user_id: int
    password: str | None = None
    code: str | None = None
    token: str | None = None
    ip: str = ""
