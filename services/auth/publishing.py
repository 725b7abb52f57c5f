"""Own event → the contract's, or None where it is nobody else's business."""

from typing import assert_never

from contracts.envelope import Event
from contracts.events import auth as published
from kernel.clock import iso
from kernel.store import Recorded
from services.auth import domain

Own = domain.AccountEvent | domain.SessionEvent | domain.StatsEvent | domain.PictureNoted | domain.ExportEvent


def publish(record: Recorded) -> Event | None:
    event: Own = record.event
    match event:
        case domain.UserSignedUp():
            return published.UserSignedUp(user_id=event.user_id)
        case domain.AccountLocked():
            return published.AccountLocked(user_id=event.user_id, until=iso(event.until))
        case domain.SessionRevoked():
            return published.SessionRevoked(user_id=event.user_id, session_id=event.session_id, reason=event.reason)
        case domain.AchievementAwarded():
            return published.AchievementAwarded(user_id=event.user_id, achievement=event.achievement)
        case domain.ExportFinished():
            return published.ExportReady(user_id=event.user_id)
        case domain.DeletionRequested():
            return published.DeletionRequested(user_id=event.user_id, due_at=iso(event.due_at))
        case domain.DeletionCancelled():
            return published.DeletionCancelled(user_id=event.user_id)
        case domain.AccountDeleted():
            return published.AccountDeleted(user_id=event.user_id)
        case domain.SessionStarted() | domain.TokenConfirmed() | domain.ProfileUpdated():
            return None
        case domain.StatsChanged() | domain.Visited() | domain.PictureNoted():
            return None
        case domain.ExportRequested() | domain.ExportEnded():
            return None
        case _:
            assert_never(event)
