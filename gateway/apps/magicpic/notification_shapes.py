"""What clients send and get around notifications."""

from typing import Annotated

from pydantic import BaseModel, Field

from contracts.rpc import notify
from gateway.answers import Paging
from gateway.apps.magicpic.shapes import Listing, PaginationWithCursor, Text

Token = Annotated[Text, Field(min_length=1, max_length=4096)]


class DeviceBody(BaseModel):
    token: Token = Field(description="As Firebase gave it to the app. It belongs to whoever registered it last.")
    platform: notify.Platform


class DeviceTokenBody(BaseModel):
    token: Token


class NotificationsQuery(Paging):
    unread: bool = Field(default=False, description="Only what is unread.")
    cursor: int | None = Field(
        default=None, ge=1, le=2**63 - 1, description="`next_cursor` of the answer before; then `page` does not count."
    )


class NotificationListing(Listing[notify.Notification]):
    unread_count: int = Field(description="Of all, whatever was asked for.")
    pagination: PaginationWithCursor


class UnreadCount(BaseModel):
    unread_count: int


class PreferencesBody(notify.Preferences):
    """In the place of those before. A type that is not named is wanted, pushed and in the inbox."""
