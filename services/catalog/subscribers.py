"""Events that catalog listens to → commands. A key names each effect, so that it happens once."""

from contracts.events.creation import CreationGenerated
from contracts.rpc.creation import FREE_STYLE_ID
from kernel.bus import Delivery, MessageBus
from kernel.commands import CommandBus
from services.catalog.domain import STYLE, RecordUse


class Subscribers:
    def __init__(self, commands: CommandBus, *, half_life_s: float) -> None:
        self._commands = commands
        self._half_life_s = half_life_s

    def listen(self, bus: MessageBus) -> None:
        bus.listen("creation", "catalog", {CreationGenerated: self.record_use})

    async def record_use(self, event: CreationGenerated, delivery: Delivery) -> None:
        """The use counts for when the picture was made, however late the event comes."""
        if event.style_id == FREE_STYLE_ID:
            return
        command = RecordUse(event.style_id, event.creation_id, delivery.envelope.time, self._half_life_s)
        key = f"use:{event.creation_id}"
        await self._commands.execute(STYLE, event.style_id, command, key=key, fingerprint="")
