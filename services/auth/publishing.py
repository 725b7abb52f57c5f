"""Own event → the contract's, or None where it is nobody else's business."""

from typing import assert_never

from contracts.envelope import Event
from contracts.events import auth as published
from kernel.clock import iso
from kernel.store import Recorded
from services.auth import domain
from services.auth.achievements import BY_SLUG

Own = (
    domain.AccountEvent
    | domain.SessionEvent
    | domain.CodeIssued
    | domain.StatsEvent
    | domain.PictureNoted
    | domain.ExportEvent
)


def publish(record: Recorded) -> Event | None:
    event: Own = record.event
    match event:
        case domain.SessionRevoked():
            return published.SessionRevoked(user_id=event.user_id, session_id=event.session_id, reason=event.reason)
        case domain.CodeIssued():
            return published.CodeIssued(code_id=event.code_id, purpose=event.purpose)
        case domain.AchievementAwarded():
            known = BY_SLUG.get(event.achievement)
            name = known.name if known else ""
            return published.AchievementAwarded(user_id=event.user_id, achievement=event.achievement, name=name)
        case domain.ExportFinished():
            return published.ExportReady(user_id=event.user_id)
        case domain.SessionStarted() | domain.TokenConfirmed() | domain.ExportRequested() | domain.ExportEnded():
            return None
        case domain.StatsChanged() | domain.Visited() | domain.PictureNoted():
            return None
        case _:
            return _of_account(event)


def _of_account(event: domain.AccountEvent) -> Event | None:
    match event:
        case domain.UserSignedUp():
            return published.UserSignedUp(user_id=event.user_id)
        case domain.AccountLocked():
            return published.AccountLocked(user_id=event.user_id, until=iso(event.until))
        case domain.EmailVerified():
            return published.EmailVerified(user_id=event.user_id)
        case domain.ReferralCompleted():
            return published.ReferralCompleted(user_id=event.user_id, referrer_id=event.referrer_id)
        case domain.PasswordChanged():
            return published.PasswordChanged(user_id=event.user_id, how=event.how)
        case domain.DeletionRequested():
            return published.DeletionRequested(user_id=event.user_id, due_at=iso(event.due_at))
        case domain.DeletionCancelled():
            return published.DeletionCancelled(user_id=event.user_id)
        case domain.AccountDeleted():
            return published.AccountDeleted(user_id=event.user_id)
        case domain.ProfileUpdated():
            return None
        case _:
            return _of_standing(event)


def _of_standing(event: domain.StandingEvent) -> Event | None:
    match event:
        case domain.GuestArrived():
            return published.GuestArrived(user_id=event.user_id, credits=event.credits)
        case domain.AccessEnded():
            return published.AccessEnded(user_id=event.user_id, before=iso(event.before))
        case domain.RoleChanged():
            return published.RoleChanged(user_id=event.user_id, role=event.role, by=event.by, reason=event.reason)
        case domain.AccountSuspended():
            return published.AccountSuspended(user_id=event.user_id, by=event.by, reason=event.reason)
        case domain.AccountRestored():
            return published.AccountRestored(user_id=event.user_id, by=event.by, reason=event.reason)
        case domain.SessionsEnded():
            return None
        case _:
            assert_never(event)
