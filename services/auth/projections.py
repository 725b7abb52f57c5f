"""What commits with auth's events."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import asyncpg

from kernel.projection import Inserter
from kernel.store import Recorded
from services.auth import domain, tables

INSERT_PEOPLE = Inserter(tables.people)


@dataclass(frozen=True, slots=True)
class NewPerson:
    """The private part of a sign-up. It is not shown where it is printed, so that no log can have it."""

    email: str = field(repr=False)
    email_folded: str = field(repr=False)
    name: str = field(repr=False)
    password_hash: str = field(repr=False)


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
                )
            )
    await INSERT_PEOPLE.insert(connection, rows)
