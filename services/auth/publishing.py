"""Own event → the contract's, or None where it is nobody else's business."""

from typing import assert_never

from contracts.envelope import Event
from contracts.events import auth as published
from kernel.clock import iso
from kernel.store import Recorded
from services.auth import domain


def publish(record: Recorded) -> Event | None:
    event: domain.AccountEvent | domain.SessionEvent | domain.CodeIssued = record.event
    match event:
        case domain.UserSignedUp():
            return published.UserSignedUp(user_id=event.user_id)
        case domain.AccountLocked():
            return published.AccountLocked(user_id=event.user_id, until=iso(event.until))
        case domain.SessionRevoked():
            return published.SessionRevoked(user_id=event.user_id, session_id=event.session_id, reason=event.reason)
        case domain.CodeIssued():
            return published.CodeIssued(code_id=event.code_id, purpose=event.purpose)
        case domain.EmailVerified():
            return published.EmailVerified(user_id=event.user_id)
        case domain.ReferralCompleted():
            return published.ReferralCompleted(user_id=event.user_id, referrer_id=event.referrer_id)
        case domain.PasswordChanged():
            return published.PasswordChanged(user_id=event.user_id, how=event.how)
        case domain.SessionStarted() | domain.TokenConfirmed():
            return None
        case _:
            assert_never(event)
