"""Requests that notify answers."""

from contracts.errors import ServiceError
from contracts.rpc import notify as rpc
from contracts.rpc.exporting import ExportPage
from kernel.bus import MessageBus
from kernel.commands import CommandBus
from services.notify.devices import Devices
from services.notify.domain import INBOX
from services.notify.domain.inbox import DeleteNotification, ReadAll, ReadNotification
from services.notify.preferences import PreferenceBook
from services.notify.queries import Queries


class NotificationNotFound(ServiceError):
    def __init__(self) -> None:
        super().__init__("NOT_FOUND", "There is no such notification.")


class Requests:
    def __init__(self, commands: CommandBus, queries: Queries, devices: Devices, preferences: PreferenceBook) -> None:
        self._commands = commands
        self._queries = queries
        self._devices = devices
        self._preferences = preferences

    def answer(self, bus: MessageBus) -> None:
        bus.answer(rpc.RegisterDevice, self._devices.register)
        bus.answer(rpc.RemoveDevice, self._devices.remove)
        bus.answer(rpc.ListDevices, self._devices.of)
        bus.answer(rpc.GetPreferences, self._preferences.get)
        bus.answer(rpc.SetPreferences, self._preferences.set)
        bus.answer(rpc.ListNotifications, self.notifications)
        bus.answer(rpc.CountUnread, self.unread)
        bus.answer(rpc.ReadNotification, self.read)
        bus.answer(rpc.ReadAllNotifications, self.read_all)
        bus.answer(rpc.DeleteNotification, self.delete)
        bus.answer(rpc.ExportNotifications, self.export)

    async def notifications(self, request: rpc.ListNotifications) -> rpc.NotificationPage:
        return await self._queries.page(request, await self._hidden(request.user_id))

    async def unread(self, request: rpc.CountUnread) -> rpc.Unread:
        return await self._queries.unread(request.user_id, await self._hidden(request.user_id))

    async def read(self, request: rpc.ReadNotification) -> rpc.Unread:
        """Errors: NOT_FOUND."""
        hidden = await self._hidden(request.user_id)
        if await self._is_unread(request, hidden):
            command = ReadNotification(request.user_id, request.notification_id)
            await self._commands.execute(INBOX, request.user_id, command)
        return await self._queries.unread(request.user_id, hidden)

    async def read_all(self, request: rpc.ReadAllNotifications) -> rpc.Unread:
        hidden = await self._hidden(request.user_id)
        found = await self._queries.unread(request.user_id, hidden)
        if not found.unread:
            return found
        await self._commands.execute(INBOX, request.user_id, ReadAll(request.user_id))
        return await self._queries.unread(request.user_id, hidden)

    async def delete(self, request: rpc.DeleteNotification) -> rpc.Unread:
        """Errors: NOT_FOUND."""
        hidden = await self._hidden(request.user_id)
        await self._is_unread(request, hidden)
        command = DeleteNotification(request.user_id, request.notification_id)
        await self._commands.execute(INBOX, request.user_id, command)
        return await self._queries.unread(request.user_id, hidden)

    async def export(self, request: rpc.ExportNotifications) -> ExportPage:
        page = await self._queries.export(request.user_id, request.after)
        if request.after:
            return page
        devices = await self._devices.of(rpc.ListDevices(user_id=request.user_id))
        preferences = await self._preferences.get(rpc.GetPreferences(user_id=request.user_id))
        first = [
            {"devices": [device.model_dump() for device in devices.items]},
            {"preferences": preferences.model_dump()},
        ]
        return page.model_copy(update={"records": [*first, *page.records]})

    async def _is_unread(self, request: rpc.ReadNotification | rpc.DeleteNotification, hidden: frozenset[str]) -> bool:
        """Errors: NOT_FOUND."""
        found = await self._queries.is_unread(request.user_id, request.notification_id, hidden)
        if found is None:
            raise NotificationNotFound
        return found

    async def _hidden(self, user_id: int) -> frozenset[str]:
        """Of what everyone was told: their own are not put there in the first place."""
        return (await self._preferences.wishes(user_id)).no_inbox
