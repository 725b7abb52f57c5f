"""Own event → the contract's."""

from contracts.envelope import Event
from contracts.events import ledger as published
from kernel.clock import iso
from kernel.publishing import Mirrored
from kernel.store import Recorded
from services.ledger import domain
from services.ledger.domain import corrections, promos
from services.ledger.payments.publishing import publish_payments

MIRRORED: Mirrored = {
    domain.CreditsGranted: published.CreditsGranted,
    domain.CreditsSpent: published.CreditsSpent,
    domain.CreditsTakenBack: published.CreditsTakenBack,
    domain.CreditsExpired: published.CreditsExpired,
    domain.CreditsLow: published.CreditsLow,
    domain.CreditsHeld: published.CreditsHeld,
    domain.CreditsRefused: published.CreditsRefused,
    domain.CreditsDebited: published.CreditsDebited,
    domain.CreditsReleased: published.CreditsReleased,
}
"""Of a wallet all are told but that a release found no hold."""


def publish(record: Recorded) -> Event | None:
    match record.event:
        case corrections.CorrectionApproved() as event:
            return published.CorrectionApproved(
                correction_id=event.correction_id,
                by=event.by,
                user_id=event.user_id,
                credits=event.credits,
                reason=event.reason,
                order_id=event.repayment.order_id if event.repayment else None,
                amount=event.repayment.amount if event.repayment else None,
                payment_id=event.repayment.payment_id if event.repayment else None,
                subscription_id=event.repayment.subscription_id if event.repayment else 0,
            )
        case promos.PromoRedeemed() as event:
            return published.PromoRedeemed(
                code=event.code,
                user_id=event.user_id,
                nth=event.nth,
                credits=event.credits,
                credits_expire_at=iso(event.credits_expire_at) if event.credits_expire_at else None,
            )
    return None if domain.is_wallet(record.stream_id) else publish_payments(record)
