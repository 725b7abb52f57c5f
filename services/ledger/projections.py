"""Events → transfers and timers, a batch at a time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import asyncpg

from kernel import timers
from kernel.projection import Inserter
from kernel.store import Recorded
from services.ledger import domain, tables
from services.ledger.payments import projections as payments

INSERT_TRANSFERS = Inserter(tables.transfers)


async def project(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    rows = [row for record in recorded if is_of_wallet(record) and (row := transfer(record)) is not None]
    await INSERT_TRANSFERS.insert(connection, rows)
    await payments.project(connection, recorded)


def is_of_wallet(record: Recorded) -> bool:
    return record.stream_id.startswith(f"{domain.WALLET.category}-")


async def keep(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    """A hold's deadline is set with it and goes with it. Within a batch the last word on a hold counts."""
    deadlines: dict[str, datetime | None] = {}
    for record in recorded:
        match record.event:
            case domain.CreditsHeld(user_id=user_id, creation_id=creation_id, expires_at=expires_at):
                deadlines[hold_timer(user_id, creation_id)] = expires_at
            case (
                domain.CreditsDebited(user_id=user_id, creation_id=creation_id)
                | domain.CreditsReleased(user_id=user_id, creation_id=creation_id)
            ):
                deadlines[hold_timer(user_id, creation_id)] = None
    await timers.set_timers(connection, [(key, due_at) for key, due_at in deadlines.items() if due_at])
    await timers.cancel_timers(connection, [key for key, due_at in deadlines.items() if due_at is None])
    await payments.keep(connection, recorded)


def hold_timer(user_id: int, creation_id: int) -> str:
    return f"hold:{user_id}:{creation_id}"


History = tuple[str, int, int, int] | tuple[None, None, None, None]


def transfer(record: Recorded) -> tuple[Any, ...] | None:
    """One event's row, in the order of the table's columns; None where no credits moved."""
    event = record.event
    wallet, held = f"wallet:{event.user_id}", f"held:{event.user_id}"
    history: History
    match event:
        case domain.CreditsGranted(reason=reason):
            accounts, creation_id = (f"grants:{reason}", wallet), None
            history = ("earned", event.total, event.number, event.number_of_kind)
        case domain.CreditsHeld(creation_id=creation_id):
            accounts, reason, history = (wallet, held), "hold", _NO_HISTORY
        case domain.CreditsDebited(creation_id=creation_id):
            accounts, reason = (wallet if event.late else held, "revenue"), "creation"
            history = ("spent", event.total, event.number, event.number_of_kind)
        case domain.CreditsReleased(creation_id=creation_id):
            accounts, reason, history = (held, wallet), "release", _NO_HISTORY
        case _:
            return None
    description = getattr(event, "description", "")
    return (
        record.position,
        event.user_id,
        *accounts,
        event.credits,
        reason,
        description,
        creation_id,
        *history,
        record.at,
    )


_NO_HISTORY = (None, None, None, None)
