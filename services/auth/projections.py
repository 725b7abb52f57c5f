"""Auth's private tables, written in the transaction of the events that they belong to."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import asyncpg
import sqlalchemy as sa

from kernel.projection import Inserter
from kernel.store import Recorded
from services.auth import domain, tables

INSERT_PEOPLE = Inserter(tables.people)
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
    """The private part of a sign-up. It is not shown where it is printed, so that no log can have it."""

    email: str = field(repr=False)
    email_folded: str = field(repr=False)
    name: str = field(repr=False)
    password_hash: str | None = field(repr=False)
    phone: str | None = field(repr=False)
    referral_code: str = field(repr=False)
    locale: str
    origin: Origin = field(repr=False)
    google_subject: str | None = field(repr=False)


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


async def project(_: asyncpg.Connection, __: Sequence[Recorded]) -> None:
    """No read table follows from events alone yet."""


async def keep(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    people = [record for record in recorded if isinstance(record.event, domain.UserSignedUp)]
    await _keep_people(connection, people)
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


async def _keep_people(connection: asyncpg.Connection, signed_up: Sequence[Recorded]) -> None:
    rows, origins, google_accounts = [], [], []
    for record in signed_up:
        user_id, person = record.event.user_id, record.private
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


def _in_order(table: sa.Table, values: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(values.get(column.name) for column in table.columns)
