"""Every read of the ledger."""

from datetime import datetime

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
# Versions and entries are numbered without gaps and in order of time: the last one of a moment is found by halving.
_BALANCE_AT = Query(
    sa.text("""
WITH RECURSIVE search(low, high) AS (
  SELECT 0, (SELECT version FROM streams WHERE stream_id = :stream_id)
  UNION ALL
  SELECT CASE WHEN before THEN middle ELSE low END, CASE WHEN before THEN high ELSE middle - 1 END
  FROM (SELECT low, high, (low + high + 1) / 2 AS middle FROM search WHERE low < high) AS open
  CROSS JOIN LATERAL (
    SELECT recorded_at <= :at AS before FROM events WHERE stream_id = :stream_id AND version = middle
  ) AS event
)
SELECT CAST(data->>'balance' AS bigint) FROM events
WHERE stream_id = :stream_id AND version = (SELECT low FROM search WHERE low = high)
""")
)
_ENTRY_AT = Query(
    sa.text("""
WITH RECURSIVE search(low, high) AS (
  SELECT 0, CAST(:entries AS integer)
  UNION ALL
  SELECT CASE WHEN before THEN middle ELSE low END, CASE WHEN before THEN high ELSE middle - 1 END
  FROM (SELECT low, high, (low + high + 1) / 2 AS middle FROM search WHERE low < high) AS open
  CROSS JOIN LATERAL (
    SELECT recorded_at <= :at AS before FROM transfers
    WHERE user_id = :user_id AND kind IS NOT NULL AND number = middle
  ) AS entry
)
SELECT number, total_after, earned_after FROM transfers
WHERE user_id = :user_id AND kind IS NOT NULL AND number = (SELECT low FROM search WHERE low = high)
""")
)
_EARNED_UNTIL = Query(
    sa.select(sa.func.coalesce(sa.func.sum(transfers.c.credits), 0)).where(
        transfers.c.user_id == sa.bindparam("user_id"),
        transfers.c.kind == "earned",
        transfers.c.number <= sa.bindparam("number"),
    )
)
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
        if request.at:
            return await self._balance_at(request.user_id, wallet, request.at)
        return Balance(
            balance=wallet.balance,
            pending=wallet.pending,
            lifetime_earned=wallet.earned,
            lifetime_spent=wallet.spent,
        )

    async def _balance_at(self, user_id: int, wallet: Wallet, at: datetime) -> Balance:
        """As it was. What was held then is what there was without what could be spent."""
        balance = await self._database.value(_BALANCE_AT, stream_id=WALLET.stream(user_id), at=at)
        entries = wallet.earned_entries + wallet.spent_entries
        entry = await self._database.row(_ENTRY_AT, user_id=user_id, entries=entries, at=at)
        if balance is None or entry is None:
            return Balance(balance=0, pending=0, lifetime_earned=0, lifetime_spent=0)
        earned = entry["earned_after"]
        if earned is None:  # it was not kept with the oldest entries
            earned = await self._database.value(_EARNED_UNTIL, user_id=user_id, number=entry["number"])
        return Balance(
            balance=balance,
            pending=entry["total_after"] - balance,
            lifetime_earned=earned,
            lifetime_spent=earned - entry["total_after"],
        )

    async def history(self, request: GetHistory) -> History:
        wallet = await self.wallet(request.user_id)
        entries = {"earned": wallet.earned_entries, "spent": wallet.spent_entries}
        total = entries.get(request.type, sum(entries.values()))
        newest = total - (request.page - 1) * request.limit if request.cursor is None else request.cursor
        rows = await self._database.rows(
            _HISTORY[request.type],
            user_id=request.user_id,
            newest=newest,
            size=request.limit,
        )
        items = [_entry(row) for row in rows]
        following = newest - len(rows)
        return History(items=items, total=total, next_cursor=following if rows and following > 0 else None)

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
