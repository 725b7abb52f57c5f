"""Corrections by hand, from their proposal to the wallet."""

from typing import Protocol

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
    REFUSED,
    ApproveCorrection,
    FailCorrection,
    MeetRefund,
    ProposeCorrection,
    RejectCorrection,
    Repayment,
)
from services.ledger.oversight import Oversight
from services.ledger.tables import corrections

TRANSACTION = "txn_"
"""Before an order's id: what the API calls a purchase."""
IMPOSSIBLE = frozenset({"PAYMENT_NOT_FOUND", "REFUND_TOO_LARGE", "PERMISSION_DENIED"})
"""Why a refund is not begun though it was approved."""

_LISTED = Query(
    sa.select(corrections, sa.func.count().over().label("total"))
    .where(corrections.c.status == sa.bindparam("status"))
    .order_by(corrections.c.correction_id.desc())
    .limit(sa.bindparam("size"))
    .offset(sa.bindparam("skip"))
)


class Repays(Protocol):
    """Makes the refund that a correction approved, once for the `key`; if not `at_once`, then after a while, unless
    somebody else does. Errors: REFUND_TOO_LARGE, REFUND_REFUSED (`reason` in its details), PAYMENTS_OFF.
    """

    async def __call__(
        self, repayment: Repayment, *, by: int, reason: str, correction_id: int, key: str, at_once: bool
    ) -> None: ...


class Corrections:
    """Small ones take effect at once; others wait for a second person. `repay` makes those that are refunds."""

    def __init__(
        self,
        commands: CommandBus,
        database: Database,
        wallet: WalletDecider,
        administrators: Administrators,
        *,
        oversight: Oversight,
        repay: Repays,
    ) -> None:
        self._commands = commands
        self._database = database
        self._wallet = wallet
        self._administrators = administrators
        self._oversight = oversight
        self._repay = repay
        self._ids = IdBlock(database, "correction_ids")

    async def propose(self, request: rpc.ProposeCorrection) -> rpc.Correction:
        """Errors: USER_NOT_FOUND, IDEMPOTENCY_CONFLICT."""
        await self._administrators.must_exist(request.user_id)
        key = f"correct:{request.by}:{request.idempotency_key}" if request.idempotency_key else None
        fingerprint = f"{request.user_id}:{request.credits}:{request.reason}"
        who, reason = (request.by, request.user_id, request.credits), request.reason.strip()
        alone = await self._oversight.may_alone(*who, key=key, fingerprint=fingerprint) is not None
        return await self._propose(*who, reason, alone=alone, key=key, fingerprint=fingerprint)

    async def propose_repayment(
        self,
        by: int,
        user_id: int,
        credits_: int,
        reason: str,
        repayment: Repayment,
        *,
        key: str | None,
        fingerprint: str,
    ) -> rpc.Correction:
        """One that takes so many credits that its administrator may not make it alone. Errors: IDEMPOTENCY_CONFLICT."""
        what = (by, user_id, -credits_, reason, repayment)
        return await self._propose(*what, alone=False, key=key, fingerprint=fingerprint)

    async def decide(self, request: rpc.DecideCorrection) -> rpc.Correction:
        """Errors: NOT_FOUND, PERMISSION_DENIED (one's own, either way), CORRECTION_ENDED."""
        kind = ApproveCorrection if request.approve else RejectCorrection
        command = kind(request.correction_id, request.by)
        await self._commands.execute(CORRECTION, request.correction_id, command)
        return await self._carry_out(request.correction_id, at_once=True)

    async def listed(self, request: rpc.ListCorrections) -> rpc.Corrections:
        skip = (request.page - 1) * request.limit
        rows = await self._database.rows(_LISTED, status=request.status, size=request.limit, skip=skip)
        return rpc.Corrections(items=list(map(_told, rows)), total=rows[0]["total"] if rows else 0)

    async def approved(self, event: events.CorrectionApproved, _: Delivery) -> None:
        """Whatever became of the process that approved it, it is carried out."""
        await self._carry_out(event.correction_id)

    async def meet_refund(self, correction_id: int, *, made: bool, reason: str) -> None:
        """By the provider's word, at once or later: once, however often that is told."""
        await self._commands.execute(CORRECTION, correction_id, MeetRefund(correction_id, made, reason))

    async def _propose(
        self,
        by: int,
        user_id: int,
        credits_: int,
        reason: str,
        repayment: Repayment | None = None,
        *,
        alone: bool,
        key: str | None,
        fingerprint: str,
    ) -> rpc.Correction:
        id_ = await self._ids.take()
        command = ProposeCorrection(id_, by, user_id, credits_, reason, alone, repayment)
        outcome = await self._commands.execute(
            CORRECTION, id_, command, key=key, fingerprint=fingerprint, answer=lambda *_: id_
        )
        return await self._carry_out(outcome.answer)

    async def _carry_out(self, correction_id: int, *, at_once: bool = False) -> rpc.Correction:
        found = await self._row(correction_id)
        if found["status"] == "approved":
            await self._apply(correction_id, found, at_once=at_once)
            found = await self._row(correction_id)
        return _told(found)

    async def _apply(self, correction_id: int, found: asyncpg.Record, *, at_once: bool) -> None:
        """A provider is asked by one at a time: by whoever approves a refund `at_once`, not by the listener as well."""
        if found["amount"] is None:
            await self._correct(correction_id, found["user_id"], found["credits"], found["reason"])
            return
        key = f"correction:{correction_id}"
        who = {"by": found["proposed_by"], "reason": found["reason"], "correction_id": correction_id}
        repayment = Repayment(found["order_id"], found["amount"], found["payment_id"], found["subscription_id"] or 0)
        try:
            await self._repay(repayment, **who, key=key, at_once=at_once)
        except ServiceError as error:
            if error.code == REFUSED:  # it was begun, and its key stands for that
                why = str((error.details or {}).get("reason") or "")
                await self._commands.execute(CORRECTION, correction_id, FailCorrection(correction_id, REFUSED, why))
            elif error.code in IMPOSSIBLE:
                await self._fail(correction_id, key, error.code)
            elif error.code != "IDEMPOTENCY_CONFLICT":
                raise

    async def _correct(self, correction_id: int, user_id: int, credits_: int, reason: str) -> None:
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

    async def _row(self, correction_id: int) -> asyncpg.Record:
        """Errors: NOT_FOUND."""
        row = await self._database.row(sa.select(corrections).where(corrections.c.correction_id == correction_id))
        if row is None:
            raise ServiceError("NOT_FOUND", "There is no such correction.")
        return row


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
        transaction_id=f"{TRANSACTION}{row['order_id']}" if row["order_id"] else row["payment_id"],
        amount=row["amount"],
        payment_id=row["payment_id"],
        failed_code=row["failed_code"],
        failed_reason=row["failed_reason"] or None,
    )
