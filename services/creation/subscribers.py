"""Events that creation listens to → commands, and its own → what has to be cleared away."""

from collections.abc import Mapping

from contracts.envelope import Event
from contracts.events import auth, catalog, creation, ledger
from kernel.bus import Delivery, Listener, MessageBus
from kernel.commands import CommandBus
from services.creation.domain import CREATION, ConfirmFunds, RefuseCreation
from services.creation.erasing import Departures
from services.creation.storage import Storage
from services.creation.styles import StyleCopies
from services.creation.uploads import Uploads

CONSUMER = "creation"
Ended = creation.CreationGenerated | creation.CreationFailed | creation.CreationCancelled | creation.CreationDeleted


class Subscribers:
    """What comes twice does nothing the second time: the aggregate knows, so these commands need no keys."""

    def __init__(
        self,
        commands: CommandBus,
        styles: StyleCopies,
        storage: Storage,
        departures: Departures,
        uploads: Uploads,
    ) -> None:
        self._commands = commands
        self._styles = styles
        self._storage = storage
        self._departures = departures
        self._uploads = uploads

    def listen(self, bus: MessageBus) -> None:
        bus.listen("auth", CONSUMER, {auth.AccountDeleted: self.erase})
        bus.listen("catalog", CONSUMER, {catalog.StylePublished: self.learn_style})
        bus.listen("ledger", CONSUMER, {ledger.CreditsHeld: self.confirm, ledger.CreditsRefused: self.refuse})
        ends: Mapping[type[Event], Listener] = dict.fromkeys(
            (
                creation.CreationGenerated,
                creation.CreationFailed,
                creation.CreationCancelled,
                creation.CreationDeleted,
            ),
            self.clear,
        )
        bus.listen("creation", CONSUMER, ends)

    async def learn_style(self, event: catalog.StylePublished, delivery: Delivery) -> None:
        await self._styles.learn(event, delivery.envelope.stream_version)

    async def erase(self, event: auth.AccountDeleted, _: Delivery) -> None:
        await self._departures.erase_all(event.user_id)
        await self._uploads.erase(event.user_id)

    async def confirm(self, event: ledger.CreditsHeld, _: Delivery) -> None:
        if await self._departures.has_left(event.user_id):
            await self._departures.erase(event.creation_id)
            return
        command = ConfirmFunds(event.creation_id, event.balance)
        await self._commands.execute(CREATION, event.creation_id, command)

    async def refuse(self, event: ledger.CreditsRefused, _: Delivery) -> None:
        command = RefuseCreation(event.creation_id, event.reason, event.balance, event.credits)
        await self._commands.execute(CREATION, event.creation_id, command)

    async def clear(self, event: Ended, _: Delivery) -> None:
        """The uploads of every ended job, and all pictures of those that did not become one."""
        await self._storage.clear(event.creation_id)
