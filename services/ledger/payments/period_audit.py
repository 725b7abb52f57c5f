"""The audit of subscriptions: what their providers know of them, against what was credited here."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

import asyncpg
import msgspec

from contracts.errors import ServiceError
from services.ledger.payments.ports import Provider
from services.ledger.payments.reversals import Paid
from services.ledger.payments.subscription import Subscription
from services.ledger.payments.words import PeriodPaid

if TYPE_CHECKING:  # the audit's own package imports this
    from services.ledger.audit.report import Report

PAGE = 500
LIVE = """
SELECT subscription_id, state, (
  SELECT array_agg(payment_id) FROM subscription_payments AS paid
  WHERE paid.subscription_id = subscriptions.subscription_id AND paid_at >= $2
) AS payments
FROM subscriptions JOIN streams ON stream_id = 'subscription-' || subscription_id
WHERE subscription_id > $1 AND (is_live OR EXISTS (
  SELECT FROM subscription_payments AS paid
  WHERE paid.subscription_id = subscriptions.subscription_id AND paid_at >= $2
))
ORDER BY subscription_id LIMIT $3
"""


async def check_periods(
    connection: asyncpg.Connection, providers: Mapping[str, Provider], since: datetime, report: "Report"
) -> int:
    """Every subscription that lives or was paid for since then. Returns how many payments were compared."""
    subscription_id, compared = 0, 0
    while rows := await connection.fetch(LIVE, subscription_id, since, PAGE):
        subscription_id = rows[-1]["subscription_id"]
        for row in rows:
            subscription = msgspec.json.decode(row["state"], type=Subscription)
            if provider := providers.get(subscription.provider):
                recent = row["payments"] or []
                compared += await _compare(provider, row["subscription_id"], subscription, recent, report)
    return compared


async def _compare(
    provider: Provider, subscription_id: int, subscription: Subscription, recent: list[str], report: "Report"
) -> int:
    name = f"subscription-{subscription_id}"
    if subscription.ref is None:
        return 0
    try:
        told = await provider.reports_of(subscription_id, subscription.ref)
        payments = [(id_, await provider.period_payment(id_)) for id_ in recent]
    except ServiceError as error:
        report.note(f"{name}: {provider.name} could not be asked: {error.code}")
        return 0
    known = {*subscription.payments, *subscription.mismatched}
    for period in told:
        if isinstance(period, PeriodPaid) and period.payment_id not in known:
            report.fault(f"{name}: {provider.name} has the payment {period.payment_id}, of which nothing is known here")
    for payment_id, payment in payments:
        paid = subscription.payments.get(payment_id, Paid(0, 0))
        if payment is None or payment.status != "captured":
            report.fault(f"{name}: {provider.name} knows no captured payment {payment_id}")
        elif payment.amount != paid.amount:
            report.fault(f"{name}: {payment.amount} were paid with {payment_id}, not {paid.amount}")
        elif payment.refunded != paid.refunded():
            gone = f"{provider.name} has refunded {payment.refunded} of {payment_id}"
            report.fault(f"{name}: {gone}, we know of {paid.refunded()}")
    return len(payments)
