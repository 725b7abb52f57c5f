"""Whom purchases are billed to: kept beside the events, shown on receipts, handed out, and erased with the account.

What tax law does not let go is kept for as long as it wants: the books of a financial year, with the invoices to those
who are registered for GST, until 72 months after the annual return of the year is due (CGST Act, sections 35 and 36),
which is on the 31st of December after its end (section 44). Of those who are not, an invoice below 50,000 rupees needs
no name and no address (CGST Rules, rule 46(e)): only the state is kept, which the tax depends on.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

import asyncpg
import sqlalchemy as sa

from contracts.errors import ServiceError
from contracts.events.auth import AccountDeleted
from contracts.rpc.billing import Billing
from contracts.rpc.exporting import ExportPage
from contracts.rpc.ledger import ExportHistory
from kernel import timers
from kernel.bus import Delivery
from kernel.clock import Clock, iso
from kernel.db import Database, Query
from kernel.store import Recorded
from services.ledger.payments import order, subscription
from services.ledger.payments.receipt import IST, year_of
from services.ledger.payments.tables import billing_details

YEARS_KEPT = 8
"""From the beginning of a financial year to the last 31st of December of the 72 months, which ends the seventh."""
AFTER_HISTORY = 2**40
"""`after` of an export: from here on it counts billing details; below it is an entry's number."""
EXPORT_PAGE = 200

KEEP = """
INSERT INTO billing_details (order_id, subscription_id, user_id, name, address, gstin, state, given_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""
PAID = """
SELECT order_id, subscription_id, gstin IS NOT NULL AS is_registered, coalesce(
  (SELECT paid_at FROM orders WHERE orders.order_id = details.order_id),
  (SELECT max(paid_at) FROM subscription_payments AS paid WHERE paid.subscription_id = details.subscription_id)
) AS paid_at
FROM billing_details AS details WHERE user_id = $1 FOR UPDATE
"""
ERASE = """
UPDATE billing_details SET name = '', address = '', gstin = NULL, kept_until = NULL
WHERE (order_id, subscription_id) = ($1, $2)
"""
KEEP_UNTIL = "UPDATE billing_details SET kept_until = $3 WHERE (order_id, subscription_id) = ($1, $2)"
ERASE_DUE = """
UPDATE billing_details SET name = '', address = '', gstin = NULL, kept_until = NULL
WHERE user_id = $1 AND kept_until <= $2
"""
_OF = Query(
    sa.select(billing_details).where(
        billing_details.c.order_id == sa.bindparam("order_id"),
        billing_details.c.subscription_id == sa.bindparam("subscription_id"),
    )
)
_ALL = Query(
    sa.select(billing_details)
    .where(billing_details.c.user_id == sa.bindparam("user_id"))
    .order_by(billing_details.c.order_id, billing_details.c.subscription_id)
    .limit(EXPORT_PAGE)
    .offset(sa.bindparam("skip"))
)
Export = Callable[[ExportHistory], Awaitable[ExportPage]]


async def keep(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    """In the transaction of what is billed."""
    for record in recorded:
        if record.private is None or not isinstance(record.private, Billing):
            continue  # None first: it is what nearly all are, and a model's class is slow to compare with
        given, event = record.private, record.event
        what = (given.name, given.address, given.gstin, given.place_of_supply, record.at)
        match event:
            case order.OrderOpened(order_id=order_id, user_id=user_id):
                await connection.execute(KEEP, order_id, 0, user_id, *what)
            case subscription.SubscriptionBegun(subscription_id=subscription_id, user_id=user_id):
                await connection.execute(KEEP, 0, subscription_id, user_id, *what)


class BillingDetails:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def of(self, *, order_id: int = 0, subscription_id: int = 0) -> asyncpg.Record | None:
        return await self._database.row(_OF, order_id=order_id, subscription_id=subscription_id)

    async def must_be(self, given: Billing | None, order_id: int) -> None:
        """A key that was used before stands for the same details. They are compared here, because a fingerprint of them
        would stay for ever. Errors: IDEMPOTENCY_CONFLICT.
        """
        found = await self.of(order_id=order_id)
        known = (found["name"], found["address"], found["gstin"], found["state"]) if found else None
        if known != ((given.name, given.address, given.gstin, given.place_of_supply) if given else None):
            raise ServiceError("IDEMPOTENCY_CONFLICT", "This key was used before with other input.")

    async def on_account_deleted(self, event: AccountDeleted, _: Delivery) -> None:
        """What the law wants stays until a timer takes it; everything else goes at once. Harmless twice."""
        async with self._database.write() as connection, connection.transaction():
            due = {}
            for row in await connection.fetch(PAID, event.user_id):
                own = (row["order_id"], row["subscription_id"])
                if row["is_registered"] and row["paid_at"]:
                    until = kept_until(row["paid_at"])
                    due[f"billing:{event.user_id}:{until.year}"] = until
                    await connection.execute(KEEP_UNTIL, *own, until)
                else:
                    await connection.execute(ERASE, *own)
            await timers.set_timers(connection, list(due.items()))

    async def fire(self, user_id: int) -> None:
        """The time that the law wants has passed for something of theirs."""
        async with self._database.write() as connection:
            await connection.execute(ERASE_DUE, user_id, self._clock())

    def exported(self, history: Export) -> Export:
        """The export of a wallet's history, and of the billing details after it."""

        async def export(request: ExportHistory) -> ExportPage:
            if request.after < AFTER_HISTORY:
                page = await history(request)
                return page if page.next is not None else page.model_copy(update={"next": AFTER_HISTORY})
            skip = request.after - AFTER_HISTORY
            rows = await self._database.rows(_ALL, user_id=request.user_id, skip=skip)
            following = request.after + EXPORT_PAGE if len(rows) == EXPORT_PAGE else None
            return ExportPage(records=list(map(_record, rows)), files={}, next=following)

        return export


def kept_until(paid_at: datetime) -> datetime:
    """The first moment in which the books of that financial year need not be kept any more."""
    return datetime(year_of(paid_at) // 100 + YEARS_KEPT, 1, 1, tzinfo=IST)


def _record(row: asyncpg.Record) -> dict[str, Any]:
    own = {"order_id": row["order_id"]} if row["order_id"] else {"subscription_id": row["subscription_id"]}
    details = {name: row[name] for name in ("name", "address", "gstin", "state")}
    return {"what": "billing", **own, **details, "given_at": iso(row["given_at"])}
