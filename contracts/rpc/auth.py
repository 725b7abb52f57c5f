"""What can be asked of auth."""

from typing import Any, ClassVar, Literal

from contracts.envelope import Message, Request

Locale = Literal["en", "hi"]


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


class Entered(SignedIn):
    """Signed in by mail or by another house's word: the account may have been opened at this very moment."""

    is_new: bool


class Done(Message):
    """It has been done, or looks as if it had: nothing else may be told."""


class Device(Message):
    """The phone or browser that signs in, as it calls itself."""

    device_id: str
    device_name: str
    platform: Literal["ios", "android", "web"]


class SignUp(Request[SignedIn]):
    """Errors, in this order: VALIDATION_ERROR (name, phone), INVALID_EMAIL, WEAK_PASSWORD, INVALID_REFERRAL_CODE,
    EMAIL_EXISTS, PHONE_EXISTS. `locale`: of mails, `en` or `hi`.
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


class LogIn(Request[SignedIn]):
    """Errors: INVALID_CREDENTIALS, ACCOUNT_LOCKED. `ip` counts guesses per address too."""

    SUBJECT: ClassVar[str] = "rpc.auth.log_in"
    email: str
    password: str
    ip: str = ""
    device: Device | None = None


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
    """Either `token`, or `email` and `code`. `name` is for a new account. Errors: VALIDATION_ERROR (name),
    INVALID_CREDENTIALS.
    """

    SUBJECT: ClassVar[str] = "rpc.auth.sign_in_by_mail"
    token: str | None = None
    email: str | None = None
    code: str | None = None
    name: str | None = None
    locale: Locale = "en"
    ip: str = ""
    device: Device | None = None


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


REQUESTS: tuple[type[Request[Any]], ...] = (
    SignUp,
    LogIn,
    Refresh,
    Me,
    PeopleByIds,
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
)
