"""What Razorpay tells, in the words that are the same for every provider."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from services.ledger.payments.words import (
    PaymentSeen,
    PaymentStatus,
    PeriodPaid,
    RenewalFailed,
    Report,
    ReversalSeen,
    SubscriptionEnded,
)

STATUS: Mapping[str, PaymentStatus] = {
    "created": "pending",
    "authorized": "authorized",
    "captured": "captured",
    "refunded": "captured",
    "failed": "failed",
}
ENDED = frozenset({"subscription.cancelled", "subscription.completed", "subscription.expired"})
UNPAID = frozenset({"subscription.pending", "subscription.halted"})
Json = dict[str, Any]


def payment_of(entity: Json) -> PaymentSeen:
    return PaymentSeen(
        str(entity["id"]),
        entity.get("order_id"),
        STATUS.get(entity["status"], "pending"),
        int(entity["amount"]),
        str(entity["currency"]),
        str(entity.get("error_code") or ""),
        int(entity.get("amount_refunded") or 0),
    )


def reports_of(kind: str, found: Json) -> list[Report]:
    """The payment first: what goes back must have come."""
    reports: list[Report] = []
    if "payment" in found:
        reports.append(payment_of(found["payment"]))
    if "refund" in found:
        reports.append(refund_of(found["refund"], kind))
    if "dispute" in found:
        reports.append(dispute_of(found["dispute"]))
    if "subscription" in found:
        reports += subscription_of(kind, found)
    return reports


def refund_of(refund: Json, kind: str) -> ReversalSeen:
    stands = refund.get("status") != "failed" and kind != "refund.failed"
    ids, amount = (str(refund["payment_id"]), str(refund["id"])), int(refund["amount"])
    return ReversalSeen(*ids, "refund", amount, stands, mark=mark_of(refund))


def mark_of(refund: Json) -> str | None:
    """Ours, if it is one that we began; empty notes come as a list."""
    notes = refund.get("notes")
    mark = notes.get("refund") if isinstance(notes, dict) else None
    return str(mark) if mark else None


def dispute_of(dispute: Json) -> ReversalSeen:
    """One that was closed without taking our money is as good as won."""
    status = dispute["status"]
    stands = status != "won" and not (status == "closed" and not dispute.get("amount_deducted"))
    return ReversalSeen(str(dispute["payment_id"]), str(dispute["id"]), "dispute", int(dispute["amount"]), stands)


def subscription_of(kind: str, found: Json) -> list[Report]:
    subscription = found["subscription"]
    own_id = own_id_of(subscription)
    if own_id is None:
        return []
    if kind == "subscription.charged":
        payment = payment_of(found["payment"])
        if payment.status != "captured":
            return []
        starts_at, ends_at = (
            datetime.fromtimestamp(int(subscription[name]), UTC) for name in ("current_start", "current_end")
        )
        what = (payment.payment_id, payment.amount, payment.currency, starts_at, ends_at)
        return [PeriodPaid(own_id, str(subscription["id"]), *what, charge_id=payment.payment_id)]
    if kind in UNPAID:
        return [RenewalFailed(own_id)]
    return [SubscriptionEnded(own_id)] if kind in ENDED else []


def own_id_of(subscription: Json) -> int | None:
    """Our id, which Razorpay was given to keep; None where it is not ours. Empty notes come as a list."""
    notes = subscription.get("notes")
    text = str(notes.get("subscription", "")) if isinstance(notes, dict) else ""
    return int(text) if text.isascii() and text.isdecimal() else None


def period_of(own_id: int, invoice: Json) -> PeriodPaid:
    """The same period as the webhook tells it: an invoice names its payment, and from when to when it is."""
    starts_at, ends_at = (datetime.fromtimestamp(int(invoice[name]), UTC) for name in ("billing_start", "billing_end"))
    payment_id, ref = str(invoice["payment_id"]), str(invoice["subscription_id"])
    what = (int(invoice["amount_paid"]), str(invoice["currency"]), starts_at, ends_at)
    return PeriodPaid(own_id, ref, payment_id, *what, charge_id=payment_id)
