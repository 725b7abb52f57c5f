"""The rules of one person's inbox, and of what is told to everyone. Ids and numbers only.

What a notification says in words is put together when it is read or sent. Which of them are there and unread is in the
read tables: a command about one that is not there any more changes nothing.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from kernel.decider import Decider
from services.notify.domain.kinds import Kind

Data = dict[str, str]
"""What a notification is about: ids and numbers, as strings because FCM knows nothing else."""


@dataclass(frozen=True, slots=True)
class Inbox:
    """`erased`: its owner has left, and nothing is ever put into it again."""

    opened: bool = False
    erased: bool = False


@dataclass(frozen=True, slots=True)
class OpenInbox:
    """Its owner has come, at that moment: what is told to everyone concerns them from then on."""

    user_id: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Notify:
    """`in_inbox` is false where its owner wants no such thing in the inbox; it may be pushed all the same."""

    user_id: int
    kind: Kind
    data: Data
    happened_at: datetime
    in_inbox: bool


@dataclass(frozen=True, slots=True)
class ReadNotification:
    user_id: int
    notification_id: int


@dataclass(frozen=True, slots=True)
class ReadAll:
    user_id: int


@dataclass(frozen=True, slots=True)
class DeleteNotification:
    user_id: int
    notification_id: int


@dataclass(frozen=True, slots=True)
class EraseInbox:
    user_id: int


Command = OpenInbox | Notify | ReadNotification | ReadAll | DeleteNotification | EraseInbox


@dataclass(frozen=True, slots=True)
class InboxOpened:
    user_id: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Notified:
    """Its position in the event store is the notification's id."""

    user_id: int
    kind: Kind
    data: Data
    happened_at: datetime
    in_inbox: bool


@dataclass(frozen=True, slots=True)
class NotificationRead:
    user_id: int
    notification_id: int


@dataclass(frozen=True, slots=True)
class AllRead:
    """All that stood in it until then."""

    user_id: int


@dataclass(frozen=True, slots=True)
class NotificationDeleted:
    user_id: int
    notification_id: int


@dataclass(frozen=True, slots=True)
class InboxErased:
    user_id: int


Event = InboxOpened | Notified | NotificationRead | AllRead | NotificationDeleted | InboxErased


def decide(command: Command, inbox: Inbox, _: datetime) -> list[Event]:
    if inbox.erased:
        return []
    match command:
        case OpenInbox():
            return [] if inbox.opened else [InboxOpened(command.user_id, command.at)]
        case Notify():
            return [Notified(command.user_id, command.kind, command.data, command.happened_at, command.in_inbox)]
        case ReadNotification():
            return [NotificationRead(command.user_id, command.notification_id)]
        case ReadAll():
            return [AllRead(command.user_id)]
        case DeleteNotification():
            return [NotificationDeleted(command.user_id, command.notification_id)]
        case EraseInbox():
            return [InboxErased(command.user_id)]
        case _:
            assert_never(command)


def evolve(inbox: Inbox, event: Event) -> Inbox:
    match event:
        case InboxOpened():
            return replace(inbox, opened=True)
        case InboxErased():
            return replace(inbox, erased=True)
        case Notified() | NotificationRead() | AllRead() | NotificationDeleted():
            return inbox
        case _:
            assert_never(event)


INBOX: Decider[Command, Inbox, Event] = Decider(
    category="inbox",
    initial=Inbox(),
    decide=decide,
    evolve=evolve,
    events=(InboxOpened, Notified, NotificationRead, AllRead, NotificationDeleted, InboxErased),
)


@dataclass(frozen=True, slots=True)
class Broadcast:
    told: bool = False


@dataclass(frozen=True, slots=True)
class TellEveryone:
    """One row that every inbox shows, instead of one in each."""

    kind: Kind
    data: Data
    happened_at: datetime


@dataclass(frozen=True, slots=True)
class EveryoneTold:
    kind: Kind
    data: Data
    happened_at: datetime


def decide_broadcast(command: TellEveryone, broadcast: Broadcast, _: datetime) -> list[EveryoneTold]:
    return [] if broadcast.told else [EveryoneTold(command.kind, command.data, command.happened_at)]


def evolve_broadcast(_: Broadcast, __: EveryoneTold) -> Broadcast:
    return Broadcast(told=True)


BROADCAST: Decider[TellEveryone, Broadcast, EveryoneTold] = Decider(
    category="broadcast",
    initial=Broadcast(),
    decide=decide_broadcast,
    evolve=evolve_broadcast,
    events=(EveryoneTold,),
)
