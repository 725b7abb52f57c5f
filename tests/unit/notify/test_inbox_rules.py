"""One person's inbox, and what everyone is told."""

import pytest

from services.notify.domain import BROADCAST, INBOX
from services.notify.domain.inbox import (
    AllRead,
    Command,
    DeleteNotification,
    EraseInbox,
    Event,
    EveryoneTold,
    InboxErased,
    InboxOpened,
    NotificationDeleted,
    NotificationRead,
    Notified,
    Notify,
    OpenInbox,
    ReadAll,
    ReadNotification,
    TellEveryone,
)
from tests.given import NOW, given

DATA = {"battle_id": "3"}
DECISIONS: tuple[tuple[Command, Event], ...] = (
    (OpenInbox(7, NOW), InboxOpened(7, NOW)),
    (Notify(7, "battle_won", DATA, NOW, in_inbox=True), Notified(7, "battle_won", DATA, NOW, in_inbox=True)),
    (ReadNotification(7, 12), NotificationRead(7, 12)),
    (ReadAll(7), AllRead(7)),
    (DeleteNotification(7, 12), NotificationDeleted(7, 12)),
    (EraseInbox(7), InboxErased(7)),
)


@pytest.mark.parametrize(("command", "event"), DECISIONS)
def test_what_is_asked_for_happens_until_the_inbox_is_erased(command: Command, event: Event) -> None:
    given(INBOX).when(command).then(event)
    given(INBOX, InboxErased(7)).when(command).then()


def test_a_guest_who_becomes_an_account_came_when_the_guest_came() -> None:
    given(INBOX, InboxOpened(7, NOW)).when(OpenInbox(7, NOW)).then()


def test_everyone_is_told_once_of_one_thing() -> None:
    told = EveryoneTold("new_style", {"style_id": "4"}, NOW)
    command = TellEveryone("new_style", {"style_id": "4"}, NOW)
    given(BROADCAST).when(command).then(told)
    given(BROADCAST, told).when(command).then()
