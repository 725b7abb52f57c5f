"""Auth's private tables, written in the transaction of the events that they belong to."""

from collections.abc import Sequence
from typing import Any

import asyncpg
import sqlalchemy as sa

from contracts.rpc.auth import Device
from kernel.projection import Inserter
from kernel.store import Recorded
from kernel.text import index_keys
from services.auth import domain, tables
from services.auth.access_projections import project
from services.auth.leaving import KEEP_PLACE, keep_export, keep_leaving
from services.auth.private import NewCode, NewPassword, NewSession, ProfileChanges

__all__ = ["keep", "project"]

INSERT_PEOPLE = Inserter(tables.people)
INSERT_NAME_KEYS = Inserter(tables.name_keys)
UPDATE_NAME_KEYS = "UPDATE name_keys SET forms = $2 WHERE user_id = $1"
UPDATE_PERSON = """
UPDATE people SET name = coalesce($2, name), phone = CASE WHEN $3 THEN $4 ELSE phone END,
                  avatar_folder = coalesce($5, avatar_folder)
WHERE user_id = $1
"""
ABANDON_AVATARS = """
UPDATE places SET state = 'abandoned', since = $2
WHERE user_id = $1 AND state = 'kept' AND starts_with(place, 'avatars/')
"""
INSERT_SESSIONS = Inserter(tables.sessions)
INSERT_GUESTS = Inserter(tables.guests)
FORGET_GUEST = "DELETE FROM people WHERE user_id = $1"
FORGET_DEVICE = "DELETE FROM guests WHERE user_id = $1"
END_SESSIONS = "UPDATE sessions SET ended_at = $2 WHERE session_id = ANY($1)"
GUESTS_NAME = "Guest"
LONGEST_DEVICE_TEXT = 200
INSERT_ORIGINS = Inserter(tables.origins)
INSERT_GOOGLE_ACCOUNTS = Inserter(tables.google_accounts)
VERIFY = "UPDATE people SET is_verified = true WHERE user_id = $1"
SET_PASSWORD = """
UPDATE people SET password_hash = $2 WHERE user_id = $1 AND ($3::text IS NULL OR password_hash = $3)
"""  # noqa: S105  (no secret: a statement)
SAVE_CODE = """
INSERT INTO codes AS c (purpose, address, code_id, user_id, email, locale, tries, used, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, 0, false, $7)
ON CONFLICT (purpose, address) DO UPDATE SET (code_id, user_id, email, locale, tries, used, expires_at) =
  (excluded.code_id, excluded.user_id, excluded.email, excluded.locale, 0, false, excluded.expires_at)
"""


async def keep(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    await _keep_people(connection, recorded)
    await _keep_guests(connection, recorded)
    await _keep_sessions(connection, recorded)
    for record in recorded:
        await _keep_changes(connection, record)
        await keep_export(connection, record)
        await keep_leaving(connection, record)


async def _keep_changes(connection: asyncpg.Connection, record: Recorded) -> None:
    match record.event:
        case domain.CodeIssued(code_id=code_id, purpose=purpose):
            code: NewCode = record.private
            row = (purpose, code.address, code_id, code.user_id, code.email, code.locale, code.expires_at)
            await connection.execute(SAVE_CODE, *row)
        case domain.PasswordChanged(user_id=user_id):
            password: NewPassword = record.private
            await connection.execute(SET_PASSWORD, user_id, password.password_hash, password.replaces)
        case domain.EmailVerified(user_id=user_id):
            await connection.execute(VERIFY, user_id)
        case domain.ProfileUpdated(user_id=user_id):
            await _update(connection, user_id, record)


async def _update(connection: asyncpg.Connection, user_id: int, record: Recorded) -> None:
    changes: ProfileChanges = record.private
    phone_changes = changes.phone is not None
    await connection.execute(
        UPDATE_PERSON, user_id, changes.name, phone_changes, changes.phone or None, changes.avatar_folder
    )
    if changes.name is not None:
        await connection.execute(UPDATE_NAME_KEYS, user_id, index_keys(changes.name))
    if changes.avatar_folder:
        await connection.execute(ABANDON_AVATARS, user_id, record.at)
        await connection.execute(KEEP_PLACE, changes.avatar_folder, record.at)


async def _keep_people(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    rows, keys, origins, google_accounts = [], [], [], []
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
        keys.append((user_id, index_keys(person.name)))
        origin = person.origin
        origins.append((user_id, origin.referrer_id, origin.household, origin.device))
        if person.google_subject:
            google_accounts.append((person.google_subject, user_id))
    await INSERT_PEOPLE.insert(connection, rows)
    await INSERT_NAME_KEYS.insert(connection, keys)
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
