"""The payments' part of the audit: every payment against its credits here, and against the provider's own records."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import asyncpg
import msgspec

from contracts.errors import ServiceError
from services.ledger.payments.order import Order
from services.ledger.payments.period_audit import check_periods
from services.ledger.payments.ports import Provider

if TYPE_CHECKING:  # the audit's own package imports this
    from services.ledger.audit.report import Report

GRACE = timedelta(minutes=5)
"""For what was committed a moment ago, and is on its way."""
PAGE = 500

# What was promised by an event, and whether the command that keeps the promise has been executed.
UNPAID = """
SELECT position, stream_id, type FROM (
  SELECT position, stream_id, type, CASE type
    WHEN 'PaymentReversed' THEN 'reversal:' || (data->>'order_id') || ':' || (data->>'reversal_id')
    WHEN 'ReversalUndone' THEN 'undone:' || (data->>'order_id') || ':' || (data->>'reversal_id')
    WHEN 'PeriodReversed' THEN 'reversal:subscription:' || (data->>'subscription_id') || ':' || (data->>'reversal_id')
    WHEN 'PeriodReversalUndone'
    THEN 'undone:subscription:' || (data->>'subscription_id') || ':' || (data->>'reversal_id')
    WHEN 'AdRewarded' THEN 'ad:' || (data->>'view_id')
    ELSE 'payment:' || (data->>'provider') || ':' || (data->>'payment_id')
  END AS key
  FROM events
  WHERE position > $1 AND recorded_at < $2
    AND type IN ('PaymentCaptured', 'PeriodStarted', 'PaymentReversed', 'ReversalUndone',
                 'PeriodReversed', 'PeriodReversalUndone', 'AdRewarded')
    AND coalesce((data->>'credits')::int, 1) > 0
) AS promised
WHERE NOT EXISTS (SELECT FROM command_keys WHERE command_keys.key = promised.key)
ORDER BY position LIMIT $3
"""
PAID = """
SELECT order_id, provider, provider_order_id, payment_id, state FROM orders
JOIN streams ON stream_id = 'order-' || order_id
WHERE order_id > $1 AND paid_at >= $2 ORDER BY order_id LIMIT $3
"""
MISMATCHED = "SELECT count(*) FROM events WHERE type IN ('PaymentMismatched', 'PeriodMismatched')"


async def check_payments(connection: asyncpg.Connection, now: datetime, report: "Report") -> None:
    """Whatever money did has reached the wallets. Money that was not what was ordered is a note."""
    position = 0
    while rows := await connection.fetch(UNPAID, position, now - GRACE, PAGE):
        position = rows[-1]["position"]
        for row in rows:
            report.fault(f"{row['stream_id']}: {row['type']} at {row['position']} never reached the wallet")
    if found := await connection.fetchval(MISMATCHED):
        report.note(f"{found} payments were not what was ordered, and credited to nobody")


async def check_providers(
    connection: asyncpg.Connection, providers: Sequence[Provider], since: datetime, report: "Report"
) -> int:
    """Every order and period that was paid since then, against its provider's records. Returns how many were compared.

    A provider that is away is a note: nothing is known to be wrong.
    """
    known: Mapping[str, Provider] = {str(provider.name): provider for provider in providers}
    order_id, compared = 0, 0
    while rows := await connection.fetch(PAID, order_id, since, PAGE):
        order_id = rows[-1]["order_id"]
        for row in rows:
            if provider := known.get(row["provider"]):
                compared += await _compare(provider, row, report)
    return compared + await check_periods(connection, known, since, report)


async def _compare(provider: Provider, row: Any, report: "Report") -> bool:
    name = f"order-{row['order_id']}"
    try:
        found = await provider.payments_of(row["provider_order_id"])
    except ServiceError as error:
        report.note(f"{name}: {provider.name} could not be asked: {error.code}")
        return False
    order = msgspec.json.decode(row["state"], type=Order)
    payment = next((seen for seen in found if seen.payment_id == row["payment_id"]), None)
    if payment is None or payment.status != "captured":
        report.fault(f"{name}: {provider.name} knows no captured payment {row['payment_id']}")
        return True
    if (payment.amount, payment.currency) != (order.amount, order.currency):
        report.fault(f"{name}: {payment.amount} {payment.currency} were paid, not {order.amount} {order.currency}")
    refunded = order.paid.refunded()
    if payment.refunded != refunded:
        report.fault(f"{name}: {provider.name} has refunded {payment.refunded}, we know of {refunded}")
    for other in found:
        stray = order.strays.get(other.payment_id)
        if stray and other.refunded < stray.refunded():
            gone = f"{provider.name} has refunded {other.refunded} of {other.payment_id}"
            report.fault(f"{name}: {gone}, we know of {stray.refunded()}")
        if other.status == "captured" and other.payment_id != row["payment_id"] and not other.refunded:
            report.note(f"{name}: a second payment {other.payment_id} waits for its refund")
    return True
