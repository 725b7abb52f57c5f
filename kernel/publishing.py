"""An event of the store → the message that tells it to the others.

Nearly always `publish` makes the contract's event of the own one. What is published by the thousand, and with nothing
but fields of its own, is *mirrored*: those fields go from the stored JSON into the message's without a model between.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, get_args

import asyncpg
import msgspec

from contracts import subjects
from contracts.envelope import Event
from kernel import store
from kernel.decider import Codec
from kernel.values import Value

POSITION_HEADER = "Event-Position"
PLAIN = {int, str, bool, type(None)}
"""What is written alike by everyone who writes JSON."""

Publish = Callable[[store.Recorded], Event | None]
"""Own event → the contract's, or None where it is nobody else's business."""
Mirrored = Mapping[type[Value], type[Event]]
"""Own events → those of the contract that hold nothing but fields of theirs."""


class Message(msgspec.Struct, frozen=True, gc=False):
    """`event_id` is what JetStream knows it by, should it come twice."""

    subject: str
    event_id: str
    position: int
    body: bytes

    @property
    def headers(self) -> dict[str, str]:
        return {"Nats-Msg-Id": self.event_id, POSITION_HEADER: str(self.position)}

    def frame(self) -> bytes:
        """What publishes it, as NATS's protocol has it."""
        head = b"NATS/1.0\r\nNats-Msg-Id: %b\r\nEvent-Position: %d\r\n\r\n" % (self.event_id.encode(), self.position)
        size = len(head) + len(self.body)
        return b"HPUB %b %d %d\r\n%b%b\r\n" % (self.subject.encode(), len(head), size, head, self.body)


class Publisher:
    """Makes messages of rows of `store.READ_AFTER`."""

    def __init__(self, codec: Codec, publish: Publish, mirrored: Mirrored) -> None:
        self._codec = codec
        self._publish = publish
        self._mirrors = {own.__name__: Mirror(own, theirs) for own, theirs in mirrored.items()}

    def message(self, row: asyncpg.Record) -> Message | None:
        position, stream_id, version, event_id, name, data, correlation_id, causation_id, at = row
        mirror = self._mirrors.get(name)
        if mirror:
            subject, type_, its_version, told = mirror.subject, mirror.type, mirror.version, mirror.read(data)
        else:
            event = self._publish(store.recorded_from(row, self._codec))
            if event is None:
                return None
            subject, type_, its_version = subjects.event_subject(event.TYPE), event.TYPE, event.VERSION
            told = msgspec.Raw(event.model_dump_json().encode())
        id_ = str(event_id)
        envelope = _Envelope(
            id_, type_, its_version, at, stream_id, version, position, correlation_id, causation_id, told
        )
        return Message(subject, id_, position, _encode(envelope))


class Mirror:
    """How one own event becomes the contract's: `read` takes the fields that are told from its JSON."""

    def __init__(self, own: type[Value], theirs: type[Event]) -> None:
        fields = {field.name: field for field in msgspec.structs.fields(own)}
        for name in theirs.model_fields:
            if name not in fields or not {*(get_args(fields[name].type) or [fields[name].type])} <= PLAIN:
                raise TypeError(f"{theirs.__name__}.{name} cannot be mirrored: {own.__name__} has no plain field of it")
        shown = [fields[name] for name in theirs.model_fields]
        view = msgspec.defstruct(
            theirs.__name__,
            [(field.name, field.type, field.default) for field in shown],
            frozen=True,
            gc=False,
            kw_only=True,
        )
        self.subject = subjects.event_subject(theirs.TYPE)
        self.type = theirs.TYPE
        self.version = theirs.VERSION
        self.read: Callable[[str], Any] = msgspec.json.Decoder(view).decode


class _Envelope(msgspec.Struct, gc=False):
    """`contracts.envelope.Envelope` as it is written: made for every event, so without being checked."""

    id: str
    type: str
    version: int
    time: datetime
    stream: str
    stream_version: int
    position: int
    correlation_id: str
    causation_id: str
    data: Any


_encode = msgspec.json.Encoder().encode
