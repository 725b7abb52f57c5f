"""What follows from events alone: the standing of accounts, what was revoked, and what admins did."""

from collections.abc import Sequence
from typing import Any

import asyncpg

from kernel.projection import Inserter
from kernel.store import Recorded
from services.auth import domain, tables

INSERT_REVOCATIONS = Inserter(tables.revocations)
INSERT_ACTIONS = Inserter(tables.admin_actions)

ARRIVED = """
INSERT INTO accounts (user_id, role, suspended, ends) VALUES ($1, $2, false, 0)
ON CONFLICT (user_id) DO UPDATE SET role = excluded.role
"""
SET_ROLE = "UPDATE accounts SET role = $2 WHERE user_id = $1"
SET_SUSPENDED = "UPDATE accounts SET suspended = $2 WHERE user_id = $1"
COUNT_END = "UPDATE accounts SET ends = ends + 1 WHERE user_id = $1"
GO = "DELETE FROM accounts WHERE user_id = $1"
SET_ACCESS_FROM = "UPDATE accounts SET access_from = $2 WHERE user_id = $1"


async def project(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    # One statement for each: accounts change rarely, and in the order in which it was said.
    for record in recorded:
        if change := _standing(record.event):
            await connection.execute(*change)
    await INSERT_REVOCATIONS.insert(connection, [row for record in recorded if (row := _revocation(record))])
    await INSERT_ACTIONS.insert(connection, [row for record in recorded if (row := _action(record))])


def _standing(event: Any) -> tuple[Any, ...] | None:
    match event:
        case domain.GuestArrived(user_id=user_id):
            return ARRIVED, user_id, domain.GUEST
        case domain.UserSignedUp(user_id=user_id):
            return ARRIVED, user_id, domain.USER
        case domain.RoleChanged(user_id=user_id, role=role):
            return SET_ROLE, user_id, role
        case domain.AccountSuspended(user_id=user_id):
            return SET_SUSPENDED, user_id, True
        case domain.AccountRestored(user_id=user_id):
            return SET_SUSPENDED, user_id, False
        case domain.SessionsEnded(user_id=user_id):
            return COUNT_END, user_id
        case domain.AccessEnded(user_id=user_id, before=before):
            return SET_ACCESS_FROM, user_id, before
        case domain.AccountDeleted(user_id=user_id):
            return GO, user_id
        case _:
            return None


def _revocation(record: Recorded) -> tuple[Any, ...] | None:
    match record.event:
        case domain.SessionRevoked(session_id=session_id, user_id=user_id):
            return record.position, record.at, user_id, session_id, None
        case domain.AccessEnded(user_id=user_id, before=before):
            return record.position, record.at, user_id, None, before
        case domain.AccountSuspended(user_id=user_id) | domain.AccountDeleted(user_id=user_id):
            return record.position, record.at, user_id, None, record.at
        case _:
            return None


def _action(record: Recorded) -> tuple[Any, ...] | None:
    head = (record.position, record.at)
    match record.event:
        case domain.RoleChanged(user_id=user_id, role=role, by=by, reason=reason):
            return *head, "role_changed", by, user_id, role, reason
        case domain.AccountSuspended(user_id=user_id, by=by, reason=reason):
            return *head, "suspended", by, user_id, None, reason
        case domain.AccountRestored(user_id=user_id, by=by, reason=reason):
            return *head, "restored", by, user_id, None, reason
        case _:
            return None
