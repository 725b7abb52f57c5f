"""Own event → the contract's. What became of a mail or a push is nobody else's business."""

from contracts.envelope import Event
from contracts.events import notify as published
from kernel.store import Recorded
from services.notify.domain.inbox import Notified


def publish(record: Recorded) -> Event | None:
    event = record.event
    if isinstance(event, Notified) and event.in_inbox:
        return published.NotificationAdded(notification_id=record.position, user_id=event.user_id, kind=event.kind)
    return None
