"""The ways in: by password, by mail, with Google's word, or as a guest."""

from typing import ClassVar, Literal

from contracts.envelope import Message, Request
from contracts.rpc.auth.accounts import Done, Locale, User


class Device(Message):
    """What a session runs on, as its client says. Empty: not told."""

    device_id: str
    device_name: str
    platform: Literal["ios", "android", "web", ""]


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
