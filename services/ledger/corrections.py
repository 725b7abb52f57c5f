"""Corrections by hand, from their proposal to the wallet."""

import asyncpg
import sqlalchemy as sa

from contracts.errors import ServiceError
from contracts.events import ledger as events
from contracts.rpc import ledger as rpc
from kernel.bus import Delivery
from kernel.clock import iso
from kernel.commands import CommandBus
from kernel.db import Database, Query
from kernel.ids import IdBlock
from services.ledger.administrators import Administrators
from services.ledger.domain import GrantCredits, TakeBack, WalletDecider
from services.ledger.domain.corrections import (
    CORRECTION,
    ApproveCorrection,
    FailCorrection,
    ProposeCorrection,
    RejectCorrection,
)
from services.ledger.tables import corrections

_LISTED = Query(
    sa.select(corrections, sa.func.count().over().label("total"))
    .where(corrections.c.status == sa.bindparam("status"))
    .order_by(corrections.c.correction_id.desc())
    .limit(sa.bindparam("size"))
    .offset(sa.bindparam("skip"))
)


class Corrections:
    """Small ones take effect at once; those over `limit` credits wait for a second person."""

    def __init__(
        self,
        commands: CommandBus,
        database: Database,
        wallet: WalletDecider,
        administrators: Administrators,
        *,
        limit: int,
    ) -> None:
        self._commands = commands
        self._database = database
        self._wallet = wallet
        self._administrators = administrators
        self._limit = limit
        self._ids = IdBlock(database, "correction_ids")

    async def propose(self, request: rpc.ProposeCorrection) -> rpc.Correction:
        """Errors: USER_NOT_FOUND, IDEMPOTENCY_CONFLICT."""
        await self._administrators.must_exist(request.user_id)
        id_ = await self._ids.take()
        command = ProposeCorrection(
            id_, request.by, request.user_id, request.credits, request.reason.strip(), self._limit
        )
        key = f"correct:{request.by}:{request.idempotency_key}" if request.idempotency_key else None
        fingerprint = f"{request.user_id}:{request.credits}:{request.reason}"
        outcome = await self._commands.execute(
            CORRECTION, id_, command, key=key, fingerprint=fingerprint, answer=lambda *_: id_
        )
        return await self._carry_out(outcome.answer)

    async def decide(self, request: rpc.DecideCorrection) -> rpc.Correction:
        """Errors: NOT_FOUND, PERMISSION_DENIED (one's own, either way), CORRECTION_ENDED."""
        kind = ApproveCorrection if request.approve else RejectCorrection
        command = kind(request.correction_id, request.by)
        await self._commands.execute(CORRECTION, request.correction_id, command)
        return await self._carry_out(request.correction_id)

    async def listed(self, request: rpc.ListCorrections) -> rpc.Corrections:
        skip = (request.page - 1) * request.limit
        rows = await self._database.rows(_LISTED, status=request.status, size=request.limit, skip=skip)
        return rpc.Corrections(items=list(map(_told, rows)), total=rows[0]["total"] if rows else 0)

    async def approved(self, event: events.CorrectionApproved, _: Delivery) -> None:
        """Whatever became of the process that approved it, it is carried out."""
        await self._apply(event.correction_id, event.user_id, event.credits, event.reason)

    async def _carry_out(self, correction_id: int) -> rpc.Correction:
        found = await self._one(correction_id)
        if found.status == "approved":
            await self._apply(correction_id, found.user_id, found.credits, found.reason)
            found = await self._one(correction_id)
        return found

    async def _apply(self, correction_id: int, user_id: int, credits_: int, reason: str) -> None:
        """It takes effect or it fails, once: both are under one key, and the first of them stands."""
        reference = f"correction:{correction_id}"
        command = (
            GrantCredits(user_id, credits_, "adjustment", reason, "adjustment", reference=reference)
            if credits_ > 0
            else TakeBack(user_id, -credits_, "adjustment", reference, reason)
        )
        try:
            await self._commands.execute(self._wallet, user_id, command, key=reference, fingerprint="done")
        except ServiceError as error:
            if error.code == "IDEMPOTENCY_CONFLICT":
                return
            if error.code != "INSUFFICIENT_CREDITS":
                raise
            await self._fail(correction_id, reference, error.code)

    async def _fail(self, correction_id: int, reference: str, code: str) -> None:
        command = FailCorrection(correction_id, code)
        try:
            await self._commands.execute(CORRECTION, correction_id, command, key=reference, fingerprint="failed")
        except ServiceError as error:
            if error.code != "IDEMPOTENCY_CONFLICT":
                raise

    async def _one(self, correction_id: int) -> rpc.Correction:
        row = await self._database.row(sa.select(corrections).where(corrections.c.correction_id == correction_id))
        if row is None:
            raise ServiceError("NOT_FOUND", "There is no such correction.")
        return _told(row)


def _told(row: asyncpg.Record) -> rpc.Correction:
    return rpc.Correction(
        id=row["correction_id"],
        status=row["status"],
        user_id=row["user_id"],
        credits=row["credits"],
        reason=row["reason"],
        proposed_by=row["proposed_by"],
        decided_by=row["decided_by"],
        created_at=iso(row["created_at"]),
    )
