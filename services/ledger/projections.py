"""Events → transfers and timers, a batch at a time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, assert_never

import asyncpg
import msgspec

from kernel.commands import Plain
from kernel.db import json_column
from kernel.projection import Inserter
from kernel.store import Recorded
from services.ledger import domain, tables
from services.ledger.domain import corrections, promos
from services.ledger.payments import projections as payments

INSERT_TRANSFERS = Inserter(tables.transfers)
PROPOSE = """
INSERT INTO corrections (
  correction_id, status, user_id, credits, reason, proposed_by, created_at,
  order_id, amount, payment_id, subscription_id
) VALUES ($1, 'proposed', $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""
DECIDE = "UPDATE corrections SET status = $2, decided_by = coalesce($3, decided_by) WHERE correction_id = $1"
FAIL = "UPDATE corrections SET status = 'failed', failed_code = $2, failed_reason = $3 WHERE correction_id = $1"
REFUND = """
UPDATE corrections SET status = 'refunded', failed_code = NULL, failed_reason = NULL WHERE correction_id = $1
"""
REDEEM = "INSERT INTO redemptions VALUES ($1, $2, $3, $4)"


async def project(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    rows = [row for record in recorded if domain.is_wallet(record.stream_id) and (row := transfer(record)) is not None]
    await INSERT_TRANSFERS.insert(connection, rows)
    if len(rows) < len(recorded):
        await _project_others(connection, recorded)
        await payments.project(connection, recorded)


def transfer_columns(recorded: Sequence[Recorded]) -> list[str]:
    """The transfers of wallets' events as `insert_rows()` takes them."""
    rows = [row for record in recorded if (row := transfer(record)) is not None]
    return [json_column(column) for column in zip(*rows, strict=True)]


PLAIN = Plain(domain.is_wallet, transfer_columns)


async def _project_others(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    for record in recorded:
        match record.event:
            case corrections.CorrectionProposed() as event:
                what = (event.user_id, event.credits, event.reason, event.by, record.at)
                await connection.execute(PROPOSE, event.correction_id, *what, *_repaid(event.repayment))
            case corrections.CorrectionApproved(correction_id=id_, by=by):
                await connection.execute(DECIDE, id_, "approved", by)
            case corrections.CorrectionRejected(correction_id=id_, by=by):
                await connection.execute(DECIDE, id_, "rejected", by)
            case corrections.CorrectionFailed(correction_id=id_, code=code, reason=reason):
                await connection.execute(FAIL, id_, code, reason)
            case corrections.CorrectionRefunded(correction_id=id_):
                await connection.execute(REFUND, id_)
            case promos.PromoRedeemed(code=code, user_id=user_id, nth=nth):
                await connection.execute(REDEEM, code, user_id, nth, record.at)


def _repaid(repayment: corrections.Repayment | None) -> tuple[int | str | None, ...]:
    if repayment is None:
        return (None, None, None, None)
    return (repayment.order_id, repayment.amount, repayment.payment_id, repayment.subscription_id or None)


async def keep(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    if others := [record for record in recorded if not domain.is_wallet(record.stream_id)]:
        await payments.keep(connection, others)


def deadlines(recorded: Sequence[Recorded]) -> dict[str, datetime | None]:
    """A hold's deadline is set with it and goes with it.

    A lot's deadline stays when the lot is used up: when it comes it finds nothing to do.
    """
    found: dict[str, datetime | None] = {}
    for record in recorded:
        match record.event:
            case domain.CreditsSpent():  # in bulk most are this, and it has no deadline
                pass
            case domain.CreditsHeld(user_id=user_id, creation_id=creation_id, expires_at=expires_at):
                found[hold_timer(user_id, creation_id)] = expires_at
            case (
                domain.CreditsDebited(user_id=user_id, creation_id=creation_id)
                | domain.CreditsReleased(user_id=user_id, creation_id=creation_id)
            ):
                found[hold_timer(user_id, creation_id)] = None
            case domain.CreditsGranted(user_id=user_id, lot=lot, expires_at=expires_at):
                if expires_at:
                    found[lot_timer(user_id, lot)] = expires_at
            case _:
                found |= payments.deadlines(record)
    return found


def hold_timer(user_id: int, creation_id: int) -> str:
    return f"hold:{user_id}:{creation_id}"


def lot_timer(user_id: int, lot: int) -> str:
    return f"lot:{user_id}:{lot}"


PAYERS: dict[str, str] = {
    "signup_bonus": "signup_bonus",
    "ad": "ads",
    "purchase": "purchases",
    "subscription": "subscriptions",
    "referral": "referral",
    "prize": "prizes",
    "adjustment": "adjustments",
    "promo": "promos",
    "refund": "refunds",
}
"""Source of a grant → the house's account that pays it."""
TAKERS: dict[str, str] = {"refund": "refunds", "dispute": "refunds", "adjustment": "adjustments"}
"""Reason of taking back → the house's account that gets it."""

_NO_HISTORY = (None, None, None, None)


def transfer(record: Recorded) -> tuple[Any, ...] | None:
    """One event's row, in the order of the table's columns; None where no credits moved."""
    event: domain.Event = record.event
    wallet = f"wallet:{event.user_id}"
    creation_id: int | None = None
    reference: str | None = None
    history: tuple[Any, ...] = _NO_HISTORY
    earned_after: int | None = None
    match event:
        case domain.CreditsSpent(reason=kind, description=description, reference=reference, lots=lots):
            debit, credit = wallet, "revenue"
            history, earned_after = _history("spent", event), event.earned
        case domain.CreditsGranted(reason=kind, description=description, reference=reference):
            debit, credit = PAYERS[event.source] if event.source else f"grants:{kind}", wallet
            lots = ((event.lot, event.credits),) if event.lot else ()
            history, earned_after = _history("earned", event), event.earned
        case domain.CreditsTakenBack(reason=kind, description=description, reference=reference, lots=lots):
            debit, credit = wallet, TAKERS[kind]
            history, earned_after = _history("spent", event), event.earned
        case domain.CreditsExpired(lots=lots):
            debit, credit, kind, description = wallet, "expired", "expired", "Credits expired"
            history, earned_after = _history("spent", event), event.earned
        case domain.CreditsHeld(creation_id=creation_id, description=description, lots=lots):
            debit, credit, kind = wallet, _held(event.user_id), "hold"
        case domain.CreditsDebited(creation_id=creation_id, description=description, lots=lots):
            debit, credit, kind = wallet if event.late else _held(event.user_id), "revenue", "creation"
            history, earned_after = _history("spent", event), event.earned
        case domain.CreditsReleased(creation_id=creation_id, lots=lots):
            debit, credit, kind, description = _held(event.user_id), wallet, "release", ""
        case domain.CreditsRefused() | domain.ReleaseRemembered() | domain.CreditsLow():
            return None
        case _:
            assert_never(event)
    return (
        record.position,
        event.user_id,
        debit,
        credit,
        event.credits,
        kind,
        description,
        creation_id,
        *history,
        record.at,
        earned_after,
        msgspec.json.encode(lots).decode() if lots else "",
        reference,
    )


def _held(user_id: int) -> str:
    return f"held:{user_id}"


def _history(kind: str, event: domain.Entry) -> tuple[Any, ...]:
    """The columns of an entry: its kind, what there was after it, its numbers."""
    return (kind, event.total, event.number, event.number_of_kind)
