"""Every read of the ledger."""

import asyncpg
import msgspec
import sqlalchemy as sa

from contracts.rpc.exporting import ExportPage
from contracts.rpc.ledger import Balance, ExportHistory, GetBalance, GetHistory, History, HistoryEntry
from kernel.clock import iso
from kernel.db import Database, Query
from kernel.store import streams
from services.ledger.domain import WALLET, Wallet
from services.ledger.tables import transfers

_WALLET = Query(sa.select(streams.c.state).where(streams.c.stream_id == sa.bindparam("stream_id")))
EXPORT_PAGE = 500
_decode = msgspec.json.Decoder(Wallet).decode


def _history(kind: str) -> Query:
    # Entries are numbered within their wallet, so the hundredth page costs what the first does.
    number = transfers.c.number if kind == "all" else transfers.c.number_of_kind
    where = [transfers.c.user_id == sa.bindparam("user_id"), transfers.c.kind.is_not(None)]
    if kind != "all":
        where.append(transfers.c.kind == kind)
    where.append(number <= sa.bindparam("newest"))
    return Query(sa.select(transfers).where(*where).order_by(number.desc()).limit(sa.bindparam("size")))


_HISTORY = {kind: _history(kind) for kind in ("all", "earned", "spent")}


class Queries:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def wallet(self, user_id: int) -> Wallet:
        state = await self._database.value(_WALLET, stream_id=WALLET.stream(user_id))
        return _decode(state) if state else WALLET.initial

    async def balance(self, request: GetBalance) -> Balance:
        wallet = await self.wallet(request.user_id)
        return Balance(
            balance=wallet.balance,
            pending=wallet.pending,
            lifetime_earned=wallet.earned,
            lifetime_spent=wallet.spent,
        )

    async def history(self, request: GetHistory) -> History:
        wallet = await self.wallet(request.user_id)
        entries = {"earned": wallet.earned_entries, "spent": wallet.spent_entries}
        total = entries.get(request.type, sum(entries.values()))
        rows = await self._database.rows(
            _HISTORY[request.type],
            user_id=request.user_id,
            newest=total - (request.page - 1) * request.limit,
            size=request.limit,
        )
        return History(items=[_entry(row) for row in rows], total=total)

    async def export(self, request: ExportHistory) -> ExportPage:
        """Entries are numbered from 1: `after` is the last one's number."""
        newest = request.after + EXPORT_PAGE
        rows = await self._database.rows(_HISTORY["all"], user_id=request.user_id, newest=newest, size=EXPORT_PAGE)
        entries = [_entry(row).model_dump() for row in reversed(rows) if row["number"] > request.after]
        return ExportPage(records=entries, files={}, next=newest if len(entries) == EXPORT_PAGE else None)


def _entry(row: asyncpg.Record) -> HistoryEntry:
    return HistoryEntry(
        id=row["position"],
        amount=row["credits"] if row["kind"] == "earned" else -row["credits"],
        type=row["type"],
        description=row["description"],
        balance_after=row["total_after"],
        created_at=iso(row["recorded_at"]),
    )
