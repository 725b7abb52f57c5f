"""Own event → the contract's, or None where it is nobody else's business."""

from typing import assert_never

from contracts.envelope import Event
from contracts.events import auth as published
from kernel.clock import iso
from kernel.store import Recorded
from services.auth import domain


def publish(record: Recorded) -> Event | None:
    event: domain.AccountEvent | domain.SessionEvent = record.event
    match event:
        case domain.UserSignedUp():
            return published.UserSignedUp(user_id=event.user_id)
        case domain.AccountLocked():
            return published.AccountLocked(user_id=event.user_id, until=iso(event.until))
        case domain.SessionRevoked():
            return published.SessionRevoked(user_id=event.user_id, session_id=event.session_id, reason=event.reason)
        case domain.SessionStarted() | domain.TokenConfirmed():
            return None
        case _:
            assert_never(event)
