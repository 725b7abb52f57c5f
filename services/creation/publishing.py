"""Own event → the contract's: ids, options and numbers."""

from typing import assert_never

from contracts.envelope import Event
from contracts.events import creation as published
from kernel.clock import iso
from kernel.store import Recorded
from services.creation import domain
from services.creation.domain import contests, marks, showing


def publish(record: Recorded) -> Event | None:
    event: domain.Event | marks.Event | contests.Event = record.event
    match event:
        case domain.CreationRequested(order=order):
            return published.CreationRequested(
                creation_id=event.creation_id,
                user_id=order.user_id,
                style_id=order.style.id,
                style_name=order.style.name,
                credits=order.style.credits,
                hold_until=iso(event.hold_until),
                max_open_jobs=event.max_open_jobs,
                others=list(order.others),
                held_with_another=order.number > 0,
            )
        case domain.CreationQueued():
            return published.CreationQueued(creation_id=event.creation_id, user_id=event.user_id)
        case domain.PaintingStarted():
            return published.PaintingStarted(
                creation_id=event.creation_id, user_id=event.user_id, attempt=event.attempt
            )
        case domain.CreationGenerated(order=order):
            return published.CreationGenerated(
                creation_id=event.creation_id,
                user_id=order.user_id,
                style_id=order.style.id,
                style_name=order.style.name,
                credits=order.style.credits,
                is_public=order.is_public,
            )
        case domain.CreationFailed():
            return published.CreationFailed(creation_id=event.creation_id, user_id=event.user_id, code=event.code)
        case domain.CreationCancelled():
            return published.CreationCancelled(creation_id=event.creation_id, user_id=event.user_id)
        case domain.CreationDeleted():
            return published.CreationDeleted(
                creation_id=event.creation_id, user_id=event.user_id, style_id=event.style_id
            )
        case showing.VisibilityChanged():
            return published.VisibilityChanged(
                creation_id=event.creation_id, user_id=event.user_id, is_public=event.visible
            )
        case showing.PictureBarred():
            return published.CreationBarred(creation_id=event.creation_id, user_id=event.user_id)
        case marks.MarkSet(kind="like") | marks.MarkTakenBack(kind="like"):
            told = published.CreationLiked if isinstance(event, marks.MarkSet) else published.CreationUnliked
            return told(creation_id=event.creation_id, user_id=event.user_id, owner_id=event.owner_id)
        case (
            showing.PublicityChosen()
            | showing.PictureTagged()
            | showing.PictureReported()
            | showing.ReportWithdrawn()
            | showing.PictureHidden()
            | showing.HidingAppealed()
            | showing.CaseDecided()
            | showing.PictureFeatured()
            | marks.MarkSet()
            | marks.MarkTakenBack()
            | contests.ContestJoined()
            | contests.ContestOver()
        ):
            return None
        case _:
            assert_never(event)
