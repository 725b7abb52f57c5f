"""The audit: reads everything, believes nothing, in bounded memory.

It checks that the hash chain holds over the whole journal, that each stream's stored state is the fold of its events,
that transfers mirror the events one to one, that every account's transfers add up to what the wallets say, that lots
make up balances and holds, that all accounts together make zero, that nothing is negative but what a refund or dispute
left owing, that every hold and lot has ended or is young, and that every payment has reached its wallet.
"""

from collections.abc import Callable
from datetime import datetime

import asyncpg

from kernel.decider import Codec
from services.ledger.audit.journal import check_journal
from services.ledger.audit.report import Report
from services.ledger.audit.wallets import check_streams
from services.ledger.payments.audit import check_payments

__all__ = ["Report", "audit"]


async def audit(
    connection: asyncpg.Connection, codec: Codec, now: datetime, tell: Callable[[int], None] = lambda _: None
) -> Report:
    """Check the whole ledger, as of one moment: all reads share one snapshot. `tell(events)` reports progress."""
    report = Report()
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        await check_streams(connection, codec, now, report, tell)
        await check_journal(connection, report)
        await check_payments(connection, now, report)
    return report
