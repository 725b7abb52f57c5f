"""Invitations: everybody's own code, and whether a verified address is worth the bonus to the one who invited it.

Where a sign-up came from is kept by HMAC alone, and only to judge this.
"""

import hashlib
import hmac
import secrets

import asyncpg
import sqlalchemy as sa
from disposable_email_domains import blocklist

from contracts.errors import ServiceError
from contracts.rpc.auth import Device
from kernel.db import Database, Query
from services.auth.counting import Counts, Rate
from services.auth.private import Origin
from services.auth.queries import Queries
from services.auth.tables import origins, people

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""No letter that looks like a digit or like another: they are read aloud and typed."""
CODE_LENGTH = 8
WINDOW_S = 30 * 24 * 3600
# Where dots in an address mean nothing: https://support.google.com/mail/answer/7436150
DOTLESS = frozenset({"gmail.com", "googlemail.com"})

_earlier = origins.alias("earlier")
_referrer = people.alias("referrer")
_INVITATION = Query(
    sa.select(
        origins.c.referrer_id,
        origins.c.household,
        _referrer.c.email_folded,
        sa.exists().where(_earlier.c.device == origins.c.device, _earlier.c.user_id < origins.c.user_id).label("seen"),
    )
    .join(_referrer, _referrer.c.user_id == origins.c.referrer_id)
    .where(origins.c.user_id == sa.bindparam("user_id"))
)


class InvalidReferralCode(ServiceError):
    def __init__(self) -> None:
        message = "Nobody has this referral code."
        super().__init__("INVALID_REFERRAL_CODE", message, {"referral_code": message})


class Referrals:
    """`per_household`: for so many addresses verified within 30 days that were signed up from one IP is paid."""

    def __init__(
        self, database: Database, queries: Queries, counts: Counts, secret: bytes, *, per_household: int
    ) -> None:
        self._database = database
        self._queries = queries
        self._counts = counts
        self._secret = hmac.digest(secret, b"origins", hashlib.sha256)
        self._household = Rate("referrals of household", per_household, WINDOW_S)

    async def origin(self, referral_code: str | None, ip: str, device: Device | None) -> Origin:
        """What is to be kept of a sign-up. Errors: INVALID_REFERRAL_CODE."""
        referrer_id = None
        if referral_code and referral_code.strip():
            referrer_id = await self._queries.referrer(referral_code)
            if referrer_id is None:
                raise InvalidReferralCode
        household = self._hidden("ip", ip) if ip else None
        device_id = self._hidden("device", device.device_id) if device and device.device_id else None
        return Origin(referrer_id, household, device_id)

    async def to_pay(self, person: asyncpg.Record) -> int | None:
        """Who is to be paid, now that the address of this person is verified; None if something speaks against it.

        That is: the same mailbox or a device that has signed up before, throw-away addresses, too many in one
        household. To ask is to count, so it is asked once.
        """
        invitation = await self._database.row(_INVITATION, user_id=person["user_id"])
        if invitation is None or invitation["seen"]:
            return None
        own, referrers = person["email_folded"], invitation["email_folded"]
        if mailbox(own) == mailbox(referrers) or is_disposable(own) or is_disposable(referrers):
            return None
        household = invitation["household"]
        if household and await self._counts.waits(self._household, household.hex()) is not None:
            return None
        referrer_id: int = invitation["referrer_id"]
        return referrer_id

    def _hidden(self, kind: str, value: str) -> bytes:
        return hmac.digest(self._secret, f"{kind}:{value}".encode(), hashlib.sha256)


def new_code() -> str:
    """A referral code; the chance that somebody has it already is one in 10⁵ with 6 million people."""
    return "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))


def mailbox(email_folded: str) -> str:
    """Where mail to the address ends up: `a.n.a+spam@googlemail.com` is `ana@gmail.com`."""
    local, _, domain = email_folded.rpartition("@")
    local = local.partition("+")[0]
    if domain in DOTLESS:
        return local.replace(".", "") + "@gmail.com"
    return f"{local}@{domain}"


def is_disposable(email_folded: str) -> bool:
    """Whether the domain, or one above it, gives addresses away to throw away."""
    labels = email_folded.rpartition("@")[2].split(".")
    return any(".".join(labels[start:]) in blocklist for start in range(len(labels) - 1))
