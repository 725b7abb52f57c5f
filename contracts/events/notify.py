"""What notify tells the others. What a notification says is asked for by its owner."""

from typing import ClassVar

from contracts.envelope import Event


class NotificationAdded(Event):
    """Someone's inbox has something new. `kind` is one of the documented types, such as `battle_won`."""

    TYPE: ClassVar[str] = "notify.notification_added"
    notification_id: int
    user_id: int
    kind: str


EVENTS: tuple[type[Event], ...] = (NotificationAdded,)
