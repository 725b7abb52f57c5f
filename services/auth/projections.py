"""What commits with auth's events."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import asyncpg

from contracts.rpc.auth import Device
from kernel.projection import Inserter
from kernel.store import Recorded
from services.auth import domain, tables
from services.auth.access_projections import project

__all__ = ["NO_DEVICE", "NewGuest", "NewPerson", "keep", "project"]

INSERT_PEOPLE = Inserter(tables.people)
INSERT_SESSIONS = Inserter(tables.sessions)
INSERT_GUESTS = Inserter(tables.guests)
GUEST_SIGNS_UP = """
UPDATE people SET email = $2, email_folded = $3, name = $4, password_hash = $5, created_at = $6 WHERE user_id = $1
"""
FORGET_DEVICE = "DELETE FROM guests WHERE user_id = $1"
END_SESSIONS = "UPDATE sessions SET ended_at = $2 WHERE session_id = ANY($1)"
NO_DEVICE = Device(device_id="", device_name="", platform="")
GUESTS_NAME = "Guest"
LONGEST_DEVICE_TEXT = 200


@dataclass(frozen=True, slots=True)
class NewPerson:
    """The private part of a sign-up. It is not shown where it is printed, so that no log can have it.

    `was_guest`: there is a row of this id already.
    """

    email: str = field(repr=False)
    email_folded: str = field(repr=False)
    name: str = field(repr=False)
    password_hash: str = field(repr=False)
    was_guest: bool = False


@dataclass(frozen=True, slots=True)
class NewGuest:
    """Where a guest comes from, as HMACs."""

    device: bytes = field(repr=False)
    household: bytes = field(repr=False)


async def keep(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    await _keep_people(connection, recorded)
    await _keep_guests(connection, recorded)
    await _keep_sessions(connection, recorded)


async def _keep_people(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    rows = []
    for record in recorded:
        if isinstance(record.event, domain.UserSignedUp):
            person: NewPerson = record.private
            user_id, told = record.event.user_id, (person.email, person.email_folded, person.name)
            if person.was_guest:
                await connection.execute(GUEST_SIGNS_UP, user_id, *told, person.password_hash, record.at)
                await connection.execute(FORGET_DEVICE, user_id)
            else:
                rows.append((user_id, *told, None, person.password_hash, False, record.at))
    await INSERT_PEOPLE.insert(connection, rows)


async def _keep_guests(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    arrived = [record for record in recorded if isinstance(record.event, domain.GuestArrived)]
    people = [(record.event.user_id, None, None, GUESTS_NAME, None, None, False, record.at) for record in arrived]
    await INSERT_PEOPLE.insert(connection, people)
    origins = [(record.event.user_id, record.private.device, record.private.household) for record in arrived]
    await INSERT_GUESTS.insert(connection, origins)


async def _keep_sessions(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    started, ended = [], []
    for record in recorded:
        match record.event:
            case domain.SessionStarted(session_id=session_id, user_id=user_id):
                device = _bounded(record.private or NO_DEVICE)
                started.append((session_id, user_id, *device, record.at, record.at, None))
            case domain.SessionRevoked(session_id=session_id):
                ended.append(session_id)
    await INSERT_SESSIONS.insert(connection, started)
    if ended:
        await connection.execute(END_SESSIONS, ended, recorded[-1].at)


def _bounded(device: Device) -> tuple[str, str, str]:
    cut = [text[:LONGEST_DEVICE_TEXT] for text in (device.device_id, device.device_name, device.platform)]
    return cut[0], cut[1], cut[2]
