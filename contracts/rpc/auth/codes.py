"""Codes that come by mail: what they prove, and what their mails say. Passwords, which they replace."""

from typing import ClassVar

from contracts.envelope import Message, Request
from contracts.rpc.auth.accounts import Done, Locale, User


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
