"""Auth's private tables, written in the transaction of the events that they belong to."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import asyncpg
import sqlalchemy as sa

from contracts.rpc.auth import Device
from kernel.projection import Inserter
from kernel.store import Recorded
from services.auth import domain, tables
from services.auth.access_projections import project

__all__ = ["NO_DEVICE", "NewGuest", "NewPerson", "NewSession", "keep", "project"]

INSERT_PEOPLE = Inserter(tables.people)
INSERT_SESSIONS = Inserter(tables.sessions)
INSERT_GUESTS = Inserter(tables.guests)
FORGET_GUEST = "DELETE FROM people WHERE user_id = $1"
FORGET_DEVICE = "DELETE FROM guests WHERE user_id = $1"
END_SESSIONS = "UPDATE sessions SET ended_at = $2 WHERE session_id = ANY($1)"
NO_DEVICE = Device(device_id="", device_name="", platform="")
GUESTS_NAME = "Guest"
LONGEST_DEVICE_TEXT = 200
INSERT_ORIGINS = Inserter(tables.origins)
INSERT_GOOGLE_ACCOUNTS = Inserter(tables.google_accounts)
VERIFY = "UPDATE people SET is_verified = true WHERE user_id = any($1::bigint[])"
SET_PASSWORD = """
UPDATE people SET password_hash = $2 WHERE user_id = $1 AND ($3::text IS NULL OR password_hash = $3)
"""  # noqa: S105  (no secret: a statement)
SAVE_CODE = """
INSERT INTO codes AS c (purpose, address, code_id, user_id, email, locale, tries, used, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, 0, false, $7)
ON CONFLICT (purpose, address) DO UPDATE SET (code_id, user_id, email, locale, tries, used, expires_at) =
  (excluded.code_id, excluded.user_id, excluded.email, excluded.locale, 0, false, excluded.expires_at)
"""


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


async def keep(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    await _keep_people(connection, recorded)
    await _keep_guests(connection, recorded)
    await _keep_sessions(connection, recorded)
    for record in recorded:
        match record.event:
            case domain.CodeIssued(code_id=code_id, purpose=purpose):
                code: NewCode = record.private
                row = (purpose, code.address, code_id, code.user_id, code.email, code.locale, code.expires_at)
                await connection.execute(SAVE_CODE, *row)
            case domain.PasswordChanged(user_id=user_id):
                password: NewPassword = record.private
                await connection.execute(SET_PASSWORD, user_id, password.password_hash, password.replaces)
    verified = [record.event.user_id for record in recorded if isinstance(record.event, domain.EmailVerified)]
    if verified:
        await connection.execute(VERIFY, verified)


async def _keep_people(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    rows, origins, google_accounts = [], [], []
    for record in recorded:
        if not isinstance(record.event, domain.UserSignedUp):
            continue
        user_id, person = record.event.user_id, record.private
        if person.was_guest:
            await connection.execute(FORGET_GUEST, user_id)
            await connection.execute(FORGET_DEVICE, user_id)
        values = {
            "user_id": user_id,
            "email": person.email,
            "email_folded": person.email_folded,
            "name": person.name,
            "password_hash": person.password_hash,
            "is_verified": False,
            "created_at": record.at,
            "phone": person.phone,
            "referral_code": person.referral_code,
            "locale": person.locale,
        }
        rows.append(_in_order(tables.people, values))
        origin = person.origin
        origins.append((user_id, origin.referrer_id, origin.household, origin.device))
        if person.google_subject:
            google_accounts.append((person.google_subject, user_id))
    await INSERT_PEOPLE.insert(connection, rows)
    await INSERT_ORIGINS.insert(connection, origins)
    await INSERT_GOOGLE_ACCOUNTS.insert(connection, google_accounts)


async def _keep_guests(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    people, origins = [], []
    for record in recorded:
        if isinstance(record.event, domain.GuestArrived):
            user_id, origin = record.event.user_id, record.private
            values = {"user_id": user_id, "name": GUESTS_NAME, "is_verified": False, "created_at": record.at}
            people.append(_in_order(tables.people, values | {"locale": "en"}))
            origins.append((user_id, origin.device, origin.household))
    await INSERT_PEOPLE.insert(connection, people)
    await INSERT_GUESTS.insert(connection, origins)


async def _keep_sessions(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    started, ended = [], []
    for record in recorded:
        match record.event:
            case domain.SessionStarted(session_id=session_id, user_id=user_id):
                session: NewSession = record.private
                started.append(
                    (session_id, user_id, *_bounded(session.device), session.ends, record.at, record.at, None)
                )
            case domain.SessionRevoked(session_id=session_id):
                ended.append(session_id)
    await INSERT_SESSIONS.insert(connection, started)
    if ended:
        await connection.execute(END_SESSIONS, ended, recorded[-1].at)


def _bounded(device: Device) -> tuple[str, str, str]:
    cut = [text[:LONGEST_DEVICE_TEXT] for text in (device.device_id, device.device_name, device.platform)]
    return cut[0], cut[1], cut[2]


def _in_order(table: sa.Table, values: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(values.get(column.name) for column in table.columns)
