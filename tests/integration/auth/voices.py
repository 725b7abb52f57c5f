"""Other services' events, said as their relays would say them, and objects of theirs."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

from nats.aio.client import Client

from contracts.envelope import Envelope, Event
from contracts.subjects import event_subject


@dataclass
class Voice:
    client: Client

    async def say(self, event: Event, *, version: int = 1) -> Envelope:
        envelope = Envelope(
            id=uuid4(),
            type=event.TYPE,
            version=1,
            time=datetime.now(UTC),
            stream="test-1",
            stream_version=version,
            position=1,
            correlation_id="test",
            causation_id="test",
            data=event.model_dump(mode="json"),
        )
        await self.repeat(envelope)
        return envelope

    async def repeat(self, envelope: Envelope) -> None:
        """The same event once more, past JetStream's own deduplication."""
        await self.client.jetstream().publish(event_subject(envelope.type), envelope.model_dump_json().encode())
