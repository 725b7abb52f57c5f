"""Every read of orders."""

from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa

from kernel.db import Database, Query
from kernel.decider import Decider
from kernel.store import streams
from services.ledger.payments.order import ORDER, Order
from services.ledger.payments.tables import orders

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


class OrderQueries:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def state(self, decider: Decider[Any, S, Any], key: int | str) -> S:
        """A stream's state as it is committed now."""
        found = await self._database.value(_STATE, stream_id=decider.stream(key))
        return msgspec.json.decode(found, type=type(decider.initial)) if found else decider.initial

    async def order(self, order_id: int) -> Order:
        return await self.state(ORDER, order_id)

    async def order_with(self, provider: str, provider_order_id: str) -> int | None:
        found: int | None = await self._database.value(_BY_REF, provider=provider, ref=provider_order_id)
        return found

    async def order_paid_by(self, provider: str, payment_id: str) -> int | None:
        found: int | None = await self._database.value(_BY_PAYMENT, provider=provider, payment_id=payment_id)
        return found
