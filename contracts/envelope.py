"""What wraps every event on its way, and the base of every message."""

from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class Message(BaseModel):
    """Frozen, and open to fields that a newer sender adds: a reader ignores what it does not know."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Event(Message):
    """Something that has happened, told to everyone. Never holds personal data: ids only."""

    TYPE: ClassVar[str]
    """`<service>.<past_tense>`: the last words of its subject."""
    VERSION: ClassVar[int] = 1
    """Raised only by a change that an old reader could not read."""


class Envelope(Message):
    """An event as it travels through JetStream, in JSON. `id` is also its `Nats-Msg-Id`."""

    id: UUID
    type: str
    version: int
    time: datetime
    stream: str
    """The event stream (aggregate) in its owner's store, e.g. `wallet-42`."""
    stream_version: int
    position: int
    """Where it stands in its owner's store: gapless, in commit order."""
    correlation_id: str
    """The request, timer or event that began all this."""
    causation_id: str
    """The message that directly caused this event."""
    data: dict[str, Any]


Reply = TypeVar("Reply", bound=Message)


class Request(Message, Generic[Reply]):
    """A question or a command for one service; `Reply` is what it answers."""

    SUBJECT: ClassVar[str]

    @classmethod
    def reply_type(cls) -> type[Message]:
        """The model of the answer, read off the base class's type argument."""
        for base in cls.__mro__:
            arguments = (
                base.__pydantic_generic_metadata__["args"] if hasattr(base, "__pydantic_generic_metadata__") else ()
            )
            if arguments:
                reply: type[Message] = arguments[0]
                return reply
        raise TypeError(f"{cls.__name__} does not say what it answers: derive it from Request[...]")
