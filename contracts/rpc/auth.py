"""What can be asked of auth."""

from typing import Any, ClassVar, Literal

from pydantic import Field

from contracts.envelope import Message, Request

Locale = Literal["en", "hi"]


class Device(Message):
    """What a session runs on, as its client says. Empty: not told."""

    device_id: str
    device_name: str
    platform: Literal["ios", "android", "web", ""]


class User(Message):
    """A person as the API shows them to themselves; the gateway adds `credits`. A guest's email is empty.

    `role`: `guest`, `user`, `moderator` or `admin`.
    """

    id: int
    email: str
    name: str
    avatar_url: str | None
    is_verified: bool
    created_at: str
    role: str = "user"


class SignedIn(Message):
    """A new session. Tokens are EdDSA JWTs; `expires_in` is the access token's life in seconds."""

    user: User
    access_token: str
    refresh_token: str
    token_type: str = "bearer"  # noqa: S105  (the kind of token, not a secret)
    expires_in: int


class Entered(SignedIn):
    """Signed in by mail or by another house's word: the account may have been opened at this very moment."""

    is_new: bool


class Done(Message):
    """It has been done, or looks as if it had: nothing else may be told."""


class SignUp(Request[SignedIn]):
    """Errors, in this order: VALIDATION_ERROR (name, phone), INVALID_EMAIL, WEAK_PASSWORD, INVALID_REFERRAL_CODE,
    EMAIL_EXISTS, PHONE_EXISTS; INVALID_TOKEN where `guest_id` is no guest now. `locale`: of mails, `en` or `hi`.
    `guest_id`: the guest who becomes this account, and whose sessions end.
    """

    SUBJECT: ClassVar[str] = "rpc.auth.sign_up"
    email: str
    password: str
    name: str
    phone: str | None = None
    referral_code: str | None = None
    locale: Locale = "en"
    ip: str = ""
    device: Device | None = None
    guest_id: int | None = None


class LogIn(Request[SignedIn]):
    """`ip` counts guesses per address too.

    Errors: INVALID_CREDENTIALS, ACCOUNT_LOCKED; PERMISSION_DENIED (suspended), after the right password alone.
    """

    SUBJECT: ClassVar[str] = "rpc.auth.log_in"
    email: str
    password: str
    ip: str = ""
    device: Device | None = None


class ArriveAsGuest(Request[SignedIn]):
    """Someone without an address. The same device from the same `ip` (a household's) is the same guest again.

    Errors: VALIDATION_ERROR (no device id), GUEST_LIMIT_REACHED (too many new ones from there today).
    """

    SUBJECT: ClassVar[str] = "rpc.auth.arrive_as_guest"
    device: Device
    ip: str


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


class Me(Request[User]):
    """Errors: USER_NOT_FOUND."""

    SUBJECT: ClassVar[str] = "rpc.auth.me"
    user_id: int


class Standing(Message):
    """What an account may do at this moment. `role`: `guest`, `user`, `moderator` or `admin`."""

    role: str
    suspended: bool


class GetStanding(Request[Standing]):
    """For services that trust no token about it. Errors: USER_NOT_FOUND."""

    SUBJECT: ClassVar[str] = "rpc.auth.standing"
    user_id: int


class People(Message):
    """Public faces: `{id: {"id", "name", "avatar_url"}}` of those that exist."""

    people: dict[int, dict[str, Any]]


class PeopleByIds(Request[People]):
    SUBJECT: ClassVar[str] = "rpc.auth.people"
    user_ids: list[int]


class FoundPerson(Message):
    id: int
    name: str
    avatar_url: str | None
    creations_count: int


class FoundPeople(Message):
    """The best first."""

    items: list[FoundPerson]


class SearchPeople(Request[FoundPeople]):
    """By name alone; words may be begun or mistyped. Guests, and who is suspended or leaving, are not found."""

    SUBJECT: ClassVar[str] = "rpc.auth.search_people"
    q: str
    limit: int = Field(default=20, ge=1, le=50)


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


class AdminUser(Message):
    """An account as admins see it. A guest's email is null."""

    id: int
    email: str | None
    name: str
    role: str
    suspended: bool
    is_verified: bool
    created_at: str


class AdminUserPage(Message):
    items: list[AdminUser]
    total: int


class ListUsers(Request[AdminUserPage]):
    """`search`: an id, or a part of an address or a name. Newest first. Errors: PERMISSION_DENIED."""

    SUBJECT: ClassVar[str] = "rpc.auth.users"
    by: int
    search: str = ""
    page: int = 1
    limit: int = 20


class ChangeRole(Request[AdminUser]):
    """Errors: PERMISSION_DENIED (`by` is no admin, or none would be left), USER_NOT_FOUND, VALIDATION_ERROR."""

    SUBJECT: ClassVar[str] = "rpc.auth.change_role"
    by: int
    user_id: int
    role: str
    reason: str


class SuspendUser(Request[AdminUser]):
    """Errors: PERMISSION_DENIED (`by` is no admin, or none would be left), USER_NOT_FOUND."""

    SUBJECT: ClassVar[str] = "rpc.auth.suspend_user"
    by: int
    user_id: int
    reason: str


class RestoreUser(Request[AdminUser]):
    """Errors: PERMISSION_DENIED (`by` is no admin), USER_NOT_FOUND."""

    SUBJECT: ClassVar[str] = "rpc.auth.restore_user"
    by: int
    user_id: int
    reason: str


class AdminAction(Message):
    """`action`: `role_changed`, `suspended` or `restored`. `by` 0 is an operator. Names are null for those who left."""

    id: int
    action: str
    by: int
    by_name: str | None
    user_id: int
    user_name: str | None
    role: str | None
    reason: str
    at: str


class AdminActionPage(Message):
    items: list[AdminAction]
    total: int


class ListAdminActions(Request[AdminActionPage]):
    """Newest first. Errors: PERMISSION_DENIED."""

    SUBJECT: ClassVar[str] = "rpc.auth.admin_actions"
    by: int
    page: int = 1
    limit: int = 20


class CreateAdmin(Request[AdminUser]):
    """For operators: makes the account with this address an admin. Errors: USER_NOT_FOUND."""

    SUBJECT: ClassVar[str] = "rpc.auth.create_admin"
    email: str


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


class VerifyEmail(Request[User]):
    """Either `token`, or `code` with an address: `email`, or that of the signed-in `user_id`. Errors: INVALID_OTP."""

    SUBJECT: ClassVar[str] = "rpc.auth.verify_email"
    token: str | None = None
    code: str | None = None
    email: str | None = None
    user_id: int | None = None


class AskToVerify(Request[Done]):
    """Another mail to verify one's address with; none, if it is verified. Errors: RATE_LIMITED, USER_NOT_FOUND."""

    SUBJECT: ClassVar[str] = "rpc.auth.ask_to_verify"
    user_id: int
    ip: str = ""


class AskToSignIn(Request[Done]):
    """A mail to sign in with, whether or not anyone has the address. Errors: INVALID_EMAIL, RATE_LIMITED."""

    SUBJECT: ClassVar[str] = "rpc.auth.ask_to_sign_in"
    email: str
    locale: Locale = "en"
    ip: str = ""


class SignInByMail(Request[Entered]):
    """Either `token`, or `email` and `code`. `name` and `guest_id` are for a new account.
    Errors: VALIDATION_ERROR (name), INVALID_CREDENTIALS.
    """

    SUBJECT: ClassVar[str] = "rpc.auth.sign_in_by_mail"
    token: str | None = None
    email: str | None = None
    code: str | None = None
    name: str | None = None
    locale: Locale = "en"
    ip: str = ""
    device: Device | None = None
    guest_id: int | None = None


class SignInWithGoogle(Request[Entered]):
    """Errors: SIGN_IN_METHOD_OFF, INVALID_TOKEN, INVALID_REFERRAL_CODE (for a new account alone),
    SERVICE_UNAVAILABLE when Google's keys cannot be had.
    """

    SUBJECT: ClassVar[str] = "rpc.auth.sign_in_with_google"
    id_token: str
    referral_code: str | None = None
    locale: Locale = "en"
    ip: str = ""
    device: Device | None = None
    guest_id: int | None = None


class ForgotPassword(Request[Done]):
    """A mail with a code, if anyone has the address; the same answer if nobody has. Errors: INVALID_EMAIL,
    RATE_LIMITED.
    """

    SUBJECT: ClassVar[str] = "rpc.auth.forgot_password"
    email: str
    locale: Locale = "en"
    ip: str = ""


class ResetPassword(Request[Done]):
    """Ends every session. Errors: WEAK_PASSWORD, INVALID_OTP (also for an unknown address)."""

    SUBJECT: ClassVar[str] = "rpc.auth.reset_password"
    email: str
    code: str
    new_password: str


class ChangePassword(Request[Done]):
    """Ends every session but `session_id`. Errors: WEAK_PASSWORD, VALIDATION_ERROR (current_password),
    ACCOUNT_LOCKED, USER_NOT_FOUND.
    """

    SUBJECT: ClassVar[str] = "rpc.auth.change_password"
    user_id: int
    session_id: str | None
    current_password: str
    new_password: str
    ip: str = ""


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


REQUESTS: tuple[type[Request[Any]], ...] = (
    SignUp,
    LogIn,
    Refresh,
    Me,
    GetStanding,
    PeopleByIds,
    SearchPeople,
    Jwks,
    GetLetter,
    GetAddressee,
    VerifyEmail,
    AskToVerify,
    AskToSignIn,
    SignInByMail,
    SignInWithGoogle,
    ForgotPassword,
    ResetPassword,
    ChangePassword,
    ArriveAsGuest,
    ListSessions,
    EndSession,
    EndSessions,
    Revocations,
    ListSigningKeys,
    RotateSigningKeys,
    ListUsers,
    ChangeRole,
    SuspendUser,
    RestoreUser,
    ListAdminActions,
    CreateAdmin,
    GetProfile,
    UpdateProfile,
    GetExport,
    AskToDelete,
    RequestDeletion,
)
