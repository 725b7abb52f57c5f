"""What can be asked of notify. Every request carries who asks: each sees and changes their own alone."""

from functools import cache
from typing import Annotated, Any, ClassVar, Literal, Self
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from contracts.envelope import Message, Request
from contracts.rpc.auth import Locale
from contracts.rpc.exporting import ExportPage

Kind = Literal[
    "creation_liked", "battle_started", "battle_ending", "battle_won", "credits_low", "new_style", "achievement"
]
Platform = Literal["ios", "android", "web"]


@cache
def _zones() -> frozenset[str]:
    """Read from many files, so at the first use."""
    return frozenset(available_timezones())


def _known_zone(name: str) -> str:
    if name not in _zones():
        raise ValueError("is no time zone of the IANA database, such as Asia/Kolkata")
    return name


class DeviceRemoved(Message):
    """It is so now, whether or not it was so before."""


class PushDevice(Message):
    """A phone or browser that pushes go to; never its token. Time in ISO 8601, UTC."""

    platform: Platform
    last_seen_at: str


class PushDevices(Message):
    items: list[PushDevice]


class RegisterDevice(Request[PushDevice]):
    """A token belongs to whoever registered it last; again, it is fresh again. `locale`: of what it is sent.

    Errors: USER_NOT_FOUND for someone who has left.
    """

    SUBJECT: ClassVar[str] = "rpc.notify.register_device"
    user_id: int
    token: str = Field(repr=False)
    platform: Platform
    locale: Locale = "en"


class RemoveDevice(Request[DeviceRemoved]):
    """Harmless where it is not, or not theirs: the answer does not tell."""

    SUBJECT: ClassVar[str] = "rpc.notify.remove_device"
    user_id: int
    token: str = Field(repr=False)


class ListDevices(Request[PushDevices]):
    """The last seen first."""

    SUBJECT: ClassVar[str] = "rpc.notify.devices"
    user_id: int


class Notification(Message):
    """`data`: what it is about, ids and numbers as strings, as a push carries them too."""

    id: int
    type: Kind
    title: str
    body: str
    data: dict[str, str]
    is_read: bool
    created_at: str


class NotificationPage(Message):
    """`total`: of those that were asked for; `unread`: of all."""

    items: list[Notification]
    total: int
    unread: int
    next_cursor: int | None


class ListNotifications(Request[NotificationPage]):
    """Newest first, by pages, or from `cursor` on. In `locale`."""

    SUBJECT: ClassVar[str] = "rpc.notify.notifications"
    user_id: int
    page: int = 1
    limit: int = 20
    cursor: int | None = None
    unread: bool = False
    locale: Locale = "en"


class Unread(Message):
    unread: int


class CountUnread(Request[Unread]):
    SUBJECT: ClassVar[str] = "rpc.notify.unread"
    user_id: int


class ReadNotification(Request[Unread]):
    """Harmless twice. Errors: NOT_FOUND, also for another person's."""

    SUBJECT: ClassVar[str] = "rpc.notify.read"
    user_id: int
    notification_id: int


class ReadAllNotifications(Request[Unread]):
    SUBJECT: ClassVar[str] = "rpc.notify.read_all"
    user_id: int


class DeleteNotification(Request[Unread]):
    """Errors: NOT_FOUND, also for another person's."""

    SUBJECT: ClassVar[str] = "rpc.notify.delete"
    user_id: int
    notification_id: int


class Wish(Message):
    push: bool = True
    inbox: bool = True


Clock = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


class QuietHours(Message):
    """As a clock on the wall shows them: `start` belongs to them, `end` does not. They may go over midnight."""

    start: Clock
    end: Clock
    time_zone: Annotated[str, AfterValidator(_known_zone)]

    @model_validator(mode="after")
    def _some_time(self) -> Self:
        if self.start == self.end:
            raise ValueError("start and end must differ")
        return self


class Preferences(Message):
    """A type that is not named is wanted, pushed and in the inbox. In quiet hours pushes wait until they are over."""

    types: dict[Kind, Wish] = Field(default_factory=dict)
    quiet_hours: QuietHours | None = None


class GetPreferences(Request[Preferences]):
    """Every type is named."""

    SUBJECT: ClassVar[str] = "rpc.notify.preferences"
    user_id: int


class SetPreferences(Request[Preferences]):
    """In the place of those before. Errors: USER_NOT_FOUND for someone who has left."""

    SUBJECT: ClassVar[str] = "rpc.notify.set_preferences"
    user_id: int
    preferences: Preferences


class ExportNotifications(Request[ExportPage]):
    """Notifications, oldest first; on the first page devices (without their tokens) and preferences, too."""

    SUBJECT: ClassVar[str] = "rpc.notify.export"
    user_id: int
    after: int = 0


REQUESTS: tuple[type[Request[Any]], ...] = (
    RegisterDevice,
    RemoveDevice,
    ListDevices,
    ListNotifications,
    CountUnread,
    ReadNotification,
    ReadAllNotifications,
    DeleteNotification,
    GetPreferences,
    SetPreferences,
    ExportNotifications,
)
