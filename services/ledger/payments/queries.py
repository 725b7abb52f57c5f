"""Every read of orders, receipts and subscriptions."""

from typing import Any, TypeVar

import asyncpg
import msgspec
import sqlalchemy as sa

from contracts.rpc import payments as rpc
from kernel.clock import iso
from kernel.db import Database, Query
from kernel.decider import Decider
from kernel.store import streams
from services.ledger.payments.order import ORDER, Order
from services.ledger.payments.subscription import SUBSCRIPTION, Subscription
from services.ledger.payments.tables import (
    credit_notes,
    orders,
    receipts,
    stray_payments,
    subscription_history,
    subscription_payments,
    subscriptions,
)

S = TypeVar("S")
_STATE = Query(sa.select(streams.c.state).where(streams.c.stream_id == sa.bindparam("stream_id")))
_BY_REF = Query(
    sa.select(orders.c.order_id).where(
        orders.c.provider == sa.bindparam("provider"), orders.c.provider_order_id == sa.bindparam("ref")
    )
)
_BY_PAYMENT = Query(
    sa.select(orders.c.order_id).where(
        orders.c.provider == sa.bindparam("provider"), orders.c.payment_id == sa.bindparam("payment_id")
    )
)
_STRAY = Query(
    sa.select(stray_payments.c.order_id).where(
        stray_payments.c.provider == sa.bindparam("provider"), stray_payments.c.payment_id == sa.bindparam("payment_id")
    )
)
_PERIOD = Query(
    sa.select(subscription_payments.c.subscription_id, subscription_payments.c.payment_id).where(
        subscription_payments.c.provider == sa.bindparam("provider"),
        sa.or_(
            subscription_payments.c.payment_id == sa.bindparam("id"),
            subscription_payments.c.charge_id == sa.bindparam("id"),
        ),
    )
)
_RECEIPTS = Query(
    sa.select(receipts, sa.func.count().over().label("total"))
    .where(receipts.c.user_id == sa.bindparam("user_id"))
    .order_by(receipts.c.receipt_id.desc())
    .limit(sa.bindparam("size"))
    .offset(sa.bindparam("skip"))
)
_RECEIPT = Query(sa.select(receipts).where(receipts.c.receipt_id == sa.bindparam("receipt_id")))
_RECEIPT_OF = Query(
    sa.select(receipts).where(
        receipts.c.user_id == sa.bindparam("user_id"),
        receipts.c.provider == sa.bindparam("provider"),
        receipts.c.payment_id == sa.bindparam("payment_id"),
    )
)
_CREDIT_NOTES = Query(
    sa.select(credit_notes)
    .where(credit_notes.c.receipt_id == sa.func.any(sa.bindparam("receipt_ids", type_=sa.ARRAY(sa.BigInteger))))
    .order_by(credit_notes.c.credit_note_id)
)
_CREDIT_NOTE = Query(sa.select(credit_notes).where(credit_notes.c.credit_note_id == sa.bindparam("credit_note_id")))
_CREDIT_NOTE_FOR = Query(
    sa.select(credit_notes).where(
        credit_notes.c.receipt_id == sa.bindparam("receipt_id"),
        credit_notes.c.reversal_id == sa.bindparam("reversal_id"),
    )
)
_LIVE = Query(
    sa.select(subscriptions.c.subscription_id).where(
        subscriptions.c.user_id == sa.bindparam("user_id"), subscriptions.c.is_live
    )
)
_HISTORY = Query(
    sa.select(subscription_history, sa.func.count().over().label("total"))
    .where(subscription_history.c.user_id == sa.bindparam("user_id"))
    .order_by(subscription_history.c.position.desc())
    .limit(sa.bindparam("size"))
    .offset(sa.bindparam("skip"))
)


class OrderQueries:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def state(self, decider: Decider[Any, S, Any], key: int | str) -> S:
        """A stream's state as it is committed now."""
        found = await self._database.value(_STATE, stream_id=decider.stream(key))
        return msgspec.json.decode(found, type=type(decider.initial)) if found else decider.initial

    async def order(self, order_id: int) -> Order:
        return await self.state(ORDER, order_id)

    async def subscription(self, subscription_id: int) -> Subscription:
        return await self.state(SUBSCRIPTION, subscription_id)

    async def order_with(self, provider: str, provider_order_id: str) -> int | None:
        found: int | None = await self._database.value(_BY_REF, provider=provider, ref=provider_order_id)
        return found

    async def order_paid_by(self, provider: str, payment_id: str) -> int | None:
        found: int | None = await self._database.value(_BY_PAYMENT, provider=provider, payment_id=payment_id)
        return found

    async def order_of_stray(self, provider: str, payment_id: str) -> int | None:
        """The order for which it came, and bought nothing."""
        found: int | None = await self._database.value(_STRAY, provider=provider, payment_id=payment_id)
        return found

    async def period_paid_by(self, provider: str, id_: str) -> tuple[int, str] | None:
        """The subscription and payment of a period, by that payment or the charge behind it."""
        row = await self._database.row(_PERIOD, provider=provider, id=id_)
        return (row["subscription_id"], row["payment_id"]) if row else None

    async def receipts(self, user_id: int, page: int, limit: int) -> tuple[list[asyncpg.Record], int]:
        return await self._page(_RECEIPTS, user_id, page, limit)

    async def receipt(self, receipt_id: int) -> asyncpg.Record | None:
        return await self._database.row(_RECEIPT, receipt_id=receipt_id)

    async def receipt_of(self, user_id: int, provider: str, payment_id: str) -> asyncpg.Record | None:
        return await self._database.row(_RECEIPT_OF, user_id=user_id, provider=provider, payment_id=payment_id)

    async def credit_notes(self, receipt_ids: list[int]) -> list[asyncpg.Record]:
        return await self._database.rows(_CREDIT_NOTES, receipt_ids=receipt_ids)

    async def credit_note(self, credit_note_id: int) -> asyncpg.Record | None:
        return await self._database.row(_CREDIT_NOTE, credit_note_id=credit_note_id)

    async def credit_note_for(self, receipt_id: int, reversal_id: str) -> asyncpg.Record | None:
        return await self._database.row(_CREDIT_NOTE_FOR, receipt_id=receipt_id, reversal_id=reversal_id)

    async def refunded(self, receipt: asyncpg.Record) -> int:
        """How much of a receipt's money has gone back."""
        if receipt["order_id"]:
            return (await self.order(receipt["order_id"])).paid.refunded()
        period = await self.period_paid_by(receipt["provider"], receipt["payment_id"])
        if period is None:
            return 0
        subscription = await self.state(SUBSCRIPTION, period[0])
        return subscription.payments[period[1]].refunded()

    async def live_subscription(self, user_id: int) -> int | None:
        found: int | None = await self._database.value(_LIVE, user_id=user_id)
        return found

    async def subscription_history(self, request: rpc.ListSubscriptionHistory) -> rpc.SubscriptionEntries:
        rows, total = await self._page(_HISTORY, request.user_id, request.page, request.limit)
        items = [
            rpc.SubscriptionEntry(
                what=row["what"], plan_id=row["plan_id"], amount=row["amount"], at=iso(row["recorded_at"])
            )
            for row in rows
        ]
        return rpc.SubscriptionEntries(items=items, total=total)

    async def _page(self, query: Query, user_id: int, page: int, limit: int) -> tuple[list[asyncpg.Record], int]:
        rows = await self._database.rows(query, user_id=user_id, size=limit, skip=(page - 1) * limit)
        return rows, rows[0]["total"] if rows else 0
