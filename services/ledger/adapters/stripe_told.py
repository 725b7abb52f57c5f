"""What Stripe tells, in the words that are the same for every provider."""

from datetime import UTC, datetime
from typing import Any

from services.ledger.adapters.words import words
from services.ledger.payments.words import (
    PaymentSeen,
    PaymentStatus,
    PeriodPaid,
    RenewalFailed,
    Report,
    ReversalSeen,
    SubscriptionEnded,
)

SESSION = "checkout.session."
UNDONE = frozenset({"failed", "canceled", "won"})
Json = dict[str, Any]


def payments_of(session: Json) -> list[PaymentSeen]:
    """The payment of a checkout session, as far as there is one yet."""
    intent = session.get("payment_intent")
    if not intent:
        return []
    charge = (intent.get("latest_charge") if isinstance(intent, dict) else None) or {}
    status: PaymentStatus = "captured" if session["payment_status"] == "paid" else "pending"
    return [
        PaymentSeen(
            str(intent["id"] if isinstance(intent, dict) else intent),
            str(session["id"]),
            "failed" if status == "pending" and session.get("status") == "expired" else status,
            int(session["amount_total"]),
            str(session["currency"]).upper(),
            refunded=int(charge.get("amount_refunded") or 0) if isinstance(charge, dict) else 0,
        )
    ]


def reports_of(kind: str, found: Json) -> list[Report]:
    if kind.startswith(SESSION) and found["mode"] == "payment":
        return list(payments_of(found))
    if kind.startswith(("refund.", "charge.refund.")) and found.get("payment_intent"):
        return [reversal_of(found, "refund")]
    if kind.startswith("charge.dispute.") and found.get("payment_intent"):
        # A warning is a question of the bank's, that costs nothing; it may become a dispute.
        return [] if found["status"].startswith(("warning", "prevented")) else [reversal_of(found, "dispute")]
    if kind.startswith(("invoice.", "customer.subscription.")):
        return subscription_of(kind, found)
    return []


def reversal_of(found: Json, kind: Any) -> ReversalSeen:
    stands = found["status"] not in UNDONE
    what = (str(found["payment_intent"]), str(found["id"]), kind, int(found["amount"]), stands)
    mark = (found.get("metadata") or {}).get("refund")
    return ReversalSeen(*what, words(str(found.get("failure_reason") or "")), str(mark) if mark else None)


def subscription_of(kind: str, found: Json) -> list[Report]:
    if kind == "customer.subscription.deleted":
        own_id = own_id_of(found)
        return [SubscriptionEnded(own_id)] if own_id else []
    own_id, ref = subscribed_by(found)
    if not own_id:
        return []
    if kind == "invoice.payment_failed":
        return [RenewalFailed(own_id)]
    if kind != "invoice.paid":
        return []
    return [period_of(own_id, ref, found)]


def subscribed_by(invoice: Json) -> tuple[int | None, str]:
    """Our id of the subscription that an invoice is for, if it is ours, and Stripe's."""
    details = (invoice.get("parent") or {}).get("subscription_details") or {}
    return own_id_of(details), str(details.get("subscription") or "")


def period_of(own_id: int, ref: str, invoice: Json) -> PeriodPaid:
    """A period is known by its invoice, from whatever side it is told."""
    period = invoice["lines"]["data"][0]["period"]
    starts_at, ends_at = (datetime.fromtimestamp(int(period[name]), UTC) for name in ("start", "end"))
    paid = (int(invoice["amount_paid"]), str(invoice["currency"]).upper())
    return PeriodPaid(own_id, ref, str(invoice["id"]), *paid, starts_at, ends_at, charge_id=charge_of(invoice))


def charge_of(invoice: Json) -> str | None:
    """The payment intent that paid an invoice, where that is told: webhooks leave it out."""
    for made in (invoice.get("payments") or {}).get("data") or []:
        if made["status"] == "paid" and (intent := made["payment"].get("payment_intent")):
            return str(intent)
    return None


def own_id_of(found: Json) -> int | None:
    """Our id, which Stripe was given to keep; None where it is no subscription of ours."""
    text = str((found.get("metadata") or {}).get("subscription", ""))
    return int(text) if text.isdecimal() else None
