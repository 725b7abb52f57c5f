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
    """A session has ended, and its access tokens with it.

    `reason`: `theft` (a superseded token was used), `signed_out`, `password` (it was changed or reset), `admin`
    (suspended), `deleted` (the account).
    """

    TYPE: ClassVar[str] = "auth.session_revoked"
    user_id: int
    session_id: str
    reason: str


class AccessEnded(Event):
    """Access tokens that this user was given before `before` (ISO 8601, UTC) are void: what they say is no longer so.

    Sessions go on; refreshing brings a token that says what is true now.
    """

    TYPE: ClassVar[str] = "auth.access_ended"
    user_id: int
    before: str


class GuestArrived(Event):
    """Someone without an address, with credits to try it out. At sign-up the guest becomes the account, same id."""

    TYPE: ClassVar[str] = "auth.guest_arrived"
    user_id: int
    credits: int


class CodeIssued(Event):
    """A code is to be sent to somebody.

    Code and address are asked of auth at the moment of sending (`rpc.auth.letter`).

    `purpose`: `verify_email`, `sign_in`, `reset_password`, `delete_account`.
    """

    TYPE: ClassVar[str] = "auth.code_issued"
    code_id: str
    purpose: str


class EmailVerified(Event):
    TYPE: ClassVar[str] = "auth.email_verified"
    user_id: int


class ReferralCompleted(Event):
    """The invited user has verified an address, and nothing speaks against it: both sides are to be paid, once."""

    TYPE: ClassVar[str] = "auth.referral_completed"
    user_id: int
    referrer_id: int


class PasswordChanged(Event):
    """`how`: `changed` by its owner, `reset` with a code, or `set` for the first time."""

    TYPE: ClassVar[str] = "auth.password_changed"
    user_id: int
    how: str


class RoleChanged(Event):
    """`role`: `user`, `moderator` or `admin`. `by`: the admin's id; 0 is an operator at the command line."""

    TYPE: ClassVar[str] = "auth.role_changed"
    user_id: int
    role: str
    by: int
    reason: str


class AccountSuspended(Event):
    TYPE: ClassVar[str] = "auth.account_suspended"
    user_id: int
    by: int
    reason: str


class AccountRestored(Event):
    TYPE: ClassVar[str] = "auth.account_restored"
    user_id: int
    by: int
    reason: str


class AchievementAwarded(Event):
    """`achievement`: its slug in `services/auth/achievements.py`, `name` what it is called. Once for each person."""

    TYPE: ClassVar[str] = "auth.achievement_awarded"
    user_id: int
    achievement: str
    name: str = ""


class ExportReady(Event):
    """All that is kept of a person lies ready for download."""

    TYPE: ClassVar[str] = "auth.export_ready"
    user_id: int


class DeletionRequested(Event):
    """The account goes at `due_at` (ISO 8601, UTC), unless its owner signs in before."""

    TYPE: ClassVar[str] = "auth.deletion_requested"
    user_id: int
    due_at: str


class DeletionCancelled(Event):
    TYPE: ClassVar[str] = "auth.deletion_cancelled"
    user_id: int


class AccountDeleted(Event):
    """The person has left: every service erases what it keeps of them, and lets numbers alone stand."""

    TYPE: ClassVar[str] = "auth.account_deleted"
    user_id: int


EVENTS: tuple[type[Event], ...] = (
    UserSignedUp,
    AccountLocked,
    SessionRevoked,
    AccessEnded,
    GuestArrived,
    CodeIssued,
    EmailVerified,
    ReferralCompleted,
    PasswordChanged,
    RoleChanged,
    AccountSuspended,
    AccountRestored,
    AchievementAwarded,
    ExportReady,
    DeletionRequested,
    DeletionCancelled,
    AccountDeleted,
)
