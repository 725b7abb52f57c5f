"""Events of orders → their read table and timers."""

from collections.abc import Sequence

import asyncpg

from kernel import timers
from kernel.store import Recorded
from services.ledger.payments import order

OPEN = """
INSERT INTO orders (order_id, user_id, package_id, credits, amount, currency, provider, opened_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""
PLACE = "UPDATE orders SET provider_order_id = $2 WHERE order_id = $1"
PAY = "UPDATE orders SET payment_id = $2, paid_at = $3 WHERE order_id = $1"


async def project(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    for record in recorded:
        match record.event:
            case order.OrderOpened() as event:
                what = (event.package_id, event.credits, event.amount, event.currency, event.provider)
                await connection.execute(OPEN, event.order_id, event.user_id, *what, record.at)
            case order.OrderPlaced(order_id=order_id, provider_order_id=provider_order_id):
                await connection.execute(PLACE, order_id, provider_order_id)
            case order.PaymentCaptured(order_id=order_id, payment_id=payment_id):
                await connection.execute(PAY, order_id, payment_id, record.at)


async def keep(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    """Each look at an order has a timer of its own: one that fires is deleted, and must not delete the next."""
    due = []
    for record in recorded:
        match record.event:
            case order.OrderOpened(order_id=order_id, check_at=check_at):
                due.append((order_timer(order_id, 1), check_at))
            case order.OrderChecked(order_id=order_id, number=number, check_at=check_at):
                due.append((order_timer(order_id, number + 1), check_at))
    await timers.set_timers(connection, due)


def order_timer(order_id: int, number: int) -> str:
    return f"order:{order_id}:{number}"
