"""What is written in the transaction of auth's events."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import asyncpg

from kernel import timers
from kernel.projection import Inserter
from kernel.store import Recorded
from services.auth import domain, tables

INSERT_PEOPLE = Inserter(tables.people)
UPDATE_PERSON = """
UPDATE people SET name = coalesce($2, name), phone = CASE WHEN $3 THEN $4 ELSE phone END,
                  avatar_folder = coalesce($5, avatar_folder)
WHERE user_id = $1
"""
KEEP_PLACE = "UPDATE places SET state = 'kept', since = $2 WHERE place = $1"
ABANDON_AVATARS = """
UPDATE places SET state = 'abandoned', since = $2
WHERE user_id = $1 AND state = 'kept' AND starts_with(place, 'avatars/')
"""
ABANDON_ALL = "UPDATE places SET state = 'abandoned', since = $2 WHERE user_id = $1"
# Every private table goes by itself. These two are lists of objects that are still to be removed.
GO_LATER = frozenset({"places", "exports"})
ERASE_PERSON = [
    f"DELETE FROM {table.name} WHERE user_id = $1"  # noqa: S608  (names of our own tables)
    for table in tables.private.sorted_tables
    if "user_id" in table.c and table.name not in GO_LATER
]
DELETE_GUESSES = "DELETE FROM guesses WHERE key = $1"
OPEN_EXPORT = "INSERT INTO exports (user_id, number, tries, try_at) VALUES ($1, $2, 0, $3)"
FINISH_EXPORT = "UPDATE exports SET place = $2 WHERE user_id = $1"
END_EXPORT = """
WITH ended AS (DELETE FROM exports WHERE user_id = $1 RETURNING place)
UPDATE places SET state = 'abandoned', since = $2 FROM ended WHERE places.place = ended.place
"""


@dataclass(frozen=True, slots=True)
class NewPerson:
    """The private part of a sign-up. It is not shown where it is printed, so that no log can have it."""

    email: str = field(repr=False)
    email_folded: str = field(repr=False)
    name: str = field(repr=False)
    password_hash: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ProfileChanges:
    """The private part of a profile's update; null leaves as it is, and an empty phone removes it."""

    name: str | None = field(repr=False)
    phone: str | None = field(repr=False)
    avatar_folder: str | None


@dataclass(frozen=True, slots=True)
class Farewell:
    """What the end of an account carries along: the key under which guesses at it are counted."""

    guess_key: bytes | None


@dataclass(frozen=True, slots=True)
class Place:
    """What the end of an export's making carries along: where it lies."""

    folder: str


async def project(_: asyncpg.Connection, __: Sequence[Recorded]) -> None:
    """No read table follows from events alone yet."""


async def keep(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    rows = []
    for record in recorded:
        if isinstance(record.event, domain.UserSignedUp):
            person: NewPerson = record.private
            rows.append(
                (
                    record.event.user_id,
                    person.email,
                    person.email_folded,
                    person.name,
                    None,
                    person.password_hash,
                    False,
                    record.at,
                    None,
                    None,
                )
            )
    await INSERT_PEOPLE.insert(connection, rows)
    for record in recorded:
        await _keep_account(connection, record)
        await _keep_export(connection, record)


async def _keep_account(connection: asyncpg.Connection, record: Recorded) -> None:
    match record.event:
        case domain.ProfileUpdated(user_id=user_id):
            await _update(connection, user_id, record)
        case domain.DeletionRequested(user_id=user_id, due_at=due_at):
            await timers.set_timers(connection, [(deletion_timer(user_id), due_at)])
        case domain.DeletionCancelled(user_id=user_id):
            await timers.cancel_timers(connection, [deletion_timer(user_id)])
        case domain.AccountDeleted(user_id=user_id):
            farewell: Farewell = record.private
            for statement in ERASE_PERSON:
                await connection.execute(statement, user_id)
            await connection.execute(DELETE_GUESSES, farewell.guess_key)
            await connection.execute(ABANDON_ALL, user_id, record.at)


async def _update(connection: asyncpg.Connection, user_id: int, record: Recorded) -> None:
    changes: ProfileChanges = record.private
    phone_changes = changes.phone is not None
    await connection.execute(
        UPDATE_PERSON, user_id, changes.name, phone_changes, changes.phone or None, changes.avatar_folder
    )
    if changes.avatar_folder:
        await connection.execute(ABANDON_AVATARS, user_id, record.at)
        await connection.execute(KEEP_PLACE, changes.avatar_folder, record.at)


async def _keep_export(connection: asyncpg.Connection, record: Recorded) -> None:
    match record.event:
        case domain.ExportRequested(user_id=user_id, number=number):
            await connection.execute(OPEN_EXPORT, user_id, number, record.at)
        case domain.ExportFinished(user_id=user_id, number=number):
            place: Place = record.private
            await connection.execute(FINISH_EXPORT, user_id, place.folder)
            await connection.execute(KEEP_PLACE, place.folder, record.at)
            await timers.set_timers(connection, [(export_timer(user_id, number), record.at + domain.KEPT_FOR)])
        case domain.ExportEnded(user_id=user_id, number=number):
            await connection.execute(END_EXPORT, user_id, record.at)
            await timers.cancel_timers(connection, [export_timer(user_id, number)])


def deletion_timer(user_id: int) -> str:
    return f"deletion:{user_id}"


def export_timer(user_id: int, number: int) -> str:
    return f"export:{user_id}:{number}"
