"""Own event → the contract's."""

from typing import assert_never

from contracts.envelope import Event
from contracts.events import ledger as published
from kernel.clock import iso
from kernel.store import Recorded
from services.ledger import domain
from services.ledger.domain import corrections, promos
from services.ledger.payments.publishing import publish_payments


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
    return publish_wallet(record.event) if domain.is_wallet(record.stream_id) else publish_payments(record)


def publish_wallet(event: domain.Event) -> Event | None:
    match event:
        case domain.CreditsGranted():
            return published.CreditsGranted(
                user_id=event.user_id,
                credits=event.credits,
                reason=event.reason,
                balance=event.balance,
                source=event.source,
                bought=event.bought,
                reference=event.reference,
            )
        case domain.CreditsSpent():
            return published.CreditsSpent(
                user_id=event.user_id,
                credits=event.credits,
                reason=event.reason,
                reference=event.reference,
                balance=event.balance,
            )
        case domain.CreditsTakenBack():
            return published.CreditsTakenBack(
                user_id=event.user_id,
                credits=event.credits,
                reason=event.reason,
                reference=event.reference,
                balance=event.balance,
            )
        case domain.CreditsExpired():
            return published.CreditsExpired(user_id=event.user_id, credits=event.credits, balance=event.balance)
        case domain.CreditsLow():
            return published.CreditsLow(user_id=event.user_id, mark=event.mark, balance=event.balance)
        case domain.CreditsHeld():
            return published.CreditsHeld(
                user_id=event.user_id, creation_id=event.creation_id, credits=event.credits, balance=event.balance
            )
        case domain.CreditsRefused():
            return published.CreditsRefused(
                user_id=event.user_id,
                creation_id=event.creation_id,
                credits=event.credits,
                balance=event.balance,
                reason=event.reason,
            )
        case domain.CreditsDebited():
            return published.CreditsDebited(
                user_id=event.user_id,
                creation_id=event.creation_id,
                credits=event.credits,
                balance=event.balance,
                late=event.late,
            )
        case domain.CreditsReleased():
            return published.CreditsReleased(
                user_id=event.user_id,
                creation_id=event.creation_id,
                credits=event.credits,
                balance=event.balance,
                reason=event.reason,
            )
        case domain.ReleaseRemembered():
            return None
        case _:
            assert_never(event)
