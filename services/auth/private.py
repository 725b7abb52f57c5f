"""What commands carry along that no event may hold: it is only in auth's private tables."""

from dataclasses import dataclass, field
from datetime import datetime

from contracts.rpc.auth import Device

NO_DEVICE = Device(device_id="", device_name="", platform="")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a sign-up came from. `household` and `device` are HMACs, None where they are not known."""

    referrer_id: int | None = None
    household: bytes | None = None
    device: bytes | None = None


@dataclass(frozen=True, slots=True)
class NewPerson:
    """The private part of a sign-up. It is not shown where it is printed, so that no log can have it.

    `was_guest`: there is a row of this id already.
    """

    email: str = field(repr=False)
    email_folded: str = field(repr=False)
    name: str = field(repr=False)
    password_hash: str | None = field(repr=False)
    phone: str | None = field(repr=False)
    referral_code: str = field(repr=False)
    locale: str
    origin: Origin = field(repr=False)
    google_subject: str | None = field(repr=False)
    was_guest: bool = False


@dataclass(frozen=True, slots=True)
class NewCode:
    """`address` is an HMAC. Only one that is nobody's has no other place where `email` is kept."""

    user_id: int | None
    email: str | None = field(repr=False)
    address: bytes = field(repr=False)
    locale: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class NewPassword:
    """No hash: the old password goes, and none takes its place. `replaces`: the hash that was looked at before; if
    another change has come first, that one stands.
    """

    password_hash: str | None = field(repr=False)
    replaces: str | None = field(repr=False, default=None)


@dataclass(frozen=True, slots=True)
class NewGuest:
    """Where a guest comes from, as HMACs."""

    device: bytes = field(repr=False)
    household: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class NewSession:
    """`ends`: how often all sessions of the account had been ended when this one began."""

    device: Device = field(repr=False)
    ends: int


@dataclass(frozen=True, slots=True)
class ProfileChanges:
    """The private part of a profile's update; null leaves as it is, and an empty phone removes it."""

    name: str | None = field(repr=False)
    phone: str | None = field(repr=False)
    avatar_folder: str | None


@dataclass(frozen=True, slots=True)
class Farewell:
    """What the end of an account carries along: the keys under which guesses at it, and codes to it, are kept."""

    guess_key: bytes | None
    code_address: bytes | None


@dataclass(frozen=True, slots=True)
class Place:
    """What the end of an export's making carries along: where it lies."""

    folder: str
