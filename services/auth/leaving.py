"""What is written with the end of an account, and with exports of it: what goes, and when the rest must go."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from kernel.store import Recorded
from services.auth import domain, tables
from services.auth.private import Farewell, Place

KEEP_PLACE = "UPDATE places SET state = 'kept', since = $2 WHERE place = $1"
ABANDON_ALL = "UPDATE places SET state = 'abandoned', since = $2 WHERE user_id = $1"
# Every private table goes by itself. These are lists of what is still to be ended or removed.
GO_LATER = frozenset({"places", "exports", "sessions"})
ERASE_PERSON = [
    f"DELETE FROM {table.name} WHERE user_id = $1"  # noqa: S608  (names of our own tables)
    for table in tables.private.sorted_tables
    if "user_id" in table.c and table.name not in GO_LATER
]
DELETE_GUESSES = "DELETE FROM guesses WHERE key = $1"
DELETE_CODES = "DELETE FROM codes WHERE address = $1"
OPEN_EXPORT = "INSERT INTO exports (user_id, number, tries, try_at) VALUES ($1, $2, 0, $3)"
FINISH_EXPORT = "UPDATE exports SET place = $2 WHERE user_id = $1"
END_EXPORT = """
WITH ended AS (DELETE FROM exports WHERE user_id = $1 RETURNING place)
UPDATE places SET state = 'abandoned', since = $2 FROM ended WHERE places.place = ended.place
"""


async def keep_leaving(connection: asyncpg.Connection, record: Recorded) -> None:
    match record.event:
        case domain.AccountDeleted(user_id=user_id):
            farewell: Farewell = record.private
            for statement in ERASE_PERSON:
                await connection.execute(statement, user_id)
            await connection.execute(DELETE_GUESSES, farewell.guess_key)
            await connection.execute(DELETE_CODES, farewell.code_address)
            await connection.execute(ABANDON_ALL, user_id, record.at)


async def keep_export(connection: asyncpg.Connection, record: Recorded) -> None:
    match record.event:
        case domain.ExportRequested(user_id=user_id, number=number):
            await connection.execute(OPEN_EXPORT, user_id, number, record.at)
        case domain.ExportFinished(user_id=user_id):
            place: Place = record.private
            await connection.execute(FINISH_EXPORT, user_id, place.folder)
            await connection.execute(KEEP_PLACE, place.folder, record.at)
        case domain.ExportEnded(user_id=user_id):
            await connection.execute(END_EXPORT, user_id, record.at)


def deadlines(recorded: Sequence[Recorded]) -> dict[str, datetime | None]:
    found: dict[str, datetime | None] = {}
    for record in recorded:
        match record.event:
            case domain.DeletionRequested(user_id=user_id, due_at=due_at):
                found[deletion_timer(user_id)] = due_at
            case domain.DeletionCancelled(user_id=user_id):
                found[deletion_timer(user_id)] = None
            case domain.ExportFinished(user_id=user_id, number=number):
                found[export_timer(user_id, number)] = record.at + domain.KEPT_FOR
            case domain.ExportEnded(user_id=user_id, number=number):
                found[export_timer(user_id, number)] = None
    return found


def deletion_timer(user_id: int) -> str:
    return f"deletion:{user_id}"


def export_timer(user_id: int, number: int) -> str:
    return f"export:{user_id}:{number}"
