"""Notifications: where they are pushed to, what stands in the inbox, and what is wanted."""

from typing import Annotated

import msgspec
import orjson
from fastapi import Query, Request
from starlette.responses import Response

from contracts.envelope import Request as Question
from contracts.rpc import notify
from gateway.answers import answer, done, envelope, items_of, listing, pagination
from gateway.apps.magicpic import examples, shapes
from gateway.apps.magicpic import notification_examples as shown
from gateway.apps.magicpic import notification_shapes as forms
from gateway.apps.magicpic.languages import language_of
from gateway.documentation import Documentation
from gateway.routing import USER, endpoint, user_of
from kernel.caller import Caller

TAG = "Notifications"
COUNTED = shapes.Answer[forms.UnreadCount]


class _Page(msgspec.Struct):
    """What notify answers; the items stay as they came."""

    items: msgspec.Raw
    total: int
    unread: int
    next_cursor: int | None


_page = msgspec.json.Decoder(_Page)


class Notifications:
    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    @endpoint(
        "POST",
        "/api/devices",
        USER,
        Documentation(
            TAG,
            shapes.Answer[notify.PushDevice],
            examples.answer(shown.DEVICE, "This device gets notifications now."),
            errors=("VALIDATION_ERROR", "USER_NOT_FOUND"),
        ),
    )
    async def register_device(self, request: Request, body: forms.DeviceBody) -> Response:
        """Register this device

        For pushes, in the language of `Accept-Language` (English or Hindi). Again, it is fresh again; a device that is
        not registered again for nine months is forgotten.
        """
        command = notify.RegisterDevice(
            user_id=user_of(request), token=body.token, platform=body.platform, locale=language_of(request.scope)
        )
        return answer(envelope(await self._caller.call(command), "This device gets notifications now."))

    @endpoint(
        "GET",
        "/api/devices",
        USER,
        Documentation(TAG, shapes.Listing[notify.PushDevice], examples.listing([shown.DEVICE])),
    )
    async def devices(self, request: Request) -> Response:
        """List my devices

        The last seen comes first; tokens are not shown.
        """
        items = bytes(items_of(await self._caller.call(notify.ListDevices(user_id=user_of(request)))).items)
        return answer(listing(items, len(orjson.loads(items))))

    @endpoint(
        "DELETE",
        "/api/devices",
        USER,
        Documentation(
            TAG, shapes.Done, examples.done("This device gets no notifications any more."), errors=("VALIDATION_ERROR",)
        ),
    )
    async def remove_device(self, request: Request, body: forms.DeviceTokenBody) -> Response:
        """Remove a device of mine

        The token stands in the body: addresses are written into logs. The answer is the same for a token that is not
        registered, or is somebody else's, which stays.
        """
        await self._caller.call(notify.RemoveDevice(user_id=user_of(request), token=body.token))
        return answer(done("This device gets no notifications any more."))

    @endpoint(
        "GET",
        "/api/notifications",
        USER,
        Documentation(TAG, forms.NotificationListing, shown.NOTIFICATIONS, errors=("VALIDATION_ERROR",)),
    )
    async def notifications(self, request: Request, query: Annotated[forms.NotificationsQuery, Query()]) -> Response:
        """List my notifications

        Newest first, by pages or from cursor to cursor, in the language of `Accept-Language` (English or Hindi).
        """
        question = notify.ListNotifications(
            user_id=user_of(request), **query.model_dump(), locale=language_of(request.scope)
        )
        found = _page.decode(await self._caller.call(question))
        pages = pagination(query, found.total) | {"next_cursor": found.next_cursor}
        more = b',"total":%d,"unread_count":%d,"pagination":' % (found.total, found.unread) + orjson.dumps(pages)
        return answer(envelope(bytes(found.items), more=more))

    @endpoint(
        "GET", "/api/notifications/unread-count", USER, Documentation(TAG, COUNTED, examples.answer(shown.UNREAD))
    )
    async def unread_count(self, request: Request) -> Response:
        """Count what I have not read"""
        return await self._counted(notify.CountUnread(user_id=user_of(request)))

    @endpoint(
        "POST", "/api/notifications/read-all", USER, Documentation(TAG, COUNTED, examples.answer({"unread_count": 0}))
    )
    async def read_all_notifications(self, request: Request) -> Response:
        """Mark all as read"""
        return await self._counted(notify.ReadAllNotifications(user_id=user_of(request)))

    @endpoint(
        "GET",
        "/api/notifications/preferences",
        USER,
        Documentation(TAG, shapes.Answer[notify.Preferences], examples.answer(shown.PREFERENCES)),
    )
    async def notification_preferences(self, request: Request) -> Response:
        """Show what I want to be told"""
        return answer(envelope(await self._caller.call(notify.GetPreferences(user_id=user_of(request)))))

    @endpoint(
        "PUT",
        "/api/notifications/preferences",
        USER,
        Documentation(
            TAG,
            shapes.Answer[notify.Preferences],
            examples.answer(shown.PREFERENCES),
            errors=("VALIDATION_ERROR", "USER_NOT_FOUND"),
        ),
    )
    async def set_notification_preferences(self, request: Request, body: forms.PreferencesBody) -> Response:
        """Say what I want to be told

        In quiet hours pushes wait until they are over; `battle_ending` is left out where that would be too late. The
        inbox has everything at once.
        """
        wanted = notify.Preferences(types=body.types, quiet_hours=body.quiet_hours)
        command = notify.SetPreferences(user_id=user_of(request), preferences=wanted)
        return answer(envelope(await self._caller.call(command)))

    @endpoint(
        "POST",
        "/api/notifications/{notification_id:id}/read",
        USER,
        Documentation(TAG, COUNTED, examples.answer(shown.UNREAD), errors=("NOT_FOUND",)),
    )
    async def read_notification(self, request: Request, notification_id: int) -> Response:
        """Mark one as read"""
        return await self._counted(notify.ReadNotification(user_id=user_of(request), notification_id=notification_id))

    @endpoint(
        "DELETE",
        "/api/notifications/{notification_id:id}",
        USER,
        Documentation(TAG, COUNTED, examples.answer(shown.UNREAD), errors=("NOT_FOUND",)),
    )
    async def delete_notification(self, request: Request, notification_id: int) -> Response:
        """Delete one"""
        return await self._counted(notify.DeleteNotification(user_id=user_of(request), notification_id=notification_id))

    async def _counted(self, question: Question[notify.Unread]) -> Response:
        found: notify.Unread = await self._caller.ask(question)
        return answer(envelope(b'{"unread_count":%d}' % found.unread))
