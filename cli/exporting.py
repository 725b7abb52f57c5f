"""Published events → a file per service, for analysis: ids and numbers, and nothing that a person wrote.

An event is chosen by its own time and stands in its file once, in the order of its service's stream. So the same
question gives the same file, whether it was asked once or again after an interruption, and however often an event came.
"""

import os
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO
from uuid import NAMESPACE_URL, UUID, uuid5

import orjson
from nats.aio.client import Client
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from contracts import subjects

Json = dict[str, Any]
Tell = Callable[[int, int], None]
"""Told how many messages of how many have been read."""

BATCH = 500
FETCH_TIMEOUT_S = 30
IDLE_S = 120
CLOCKS_DIFFER = timedelta(hours=1)
"""A stream knows when it got an event, and not when that happened: reading begins so much before."""
WINDOW = 10_000
"""How many events a stream may have out of their order, when the broker had failed in between."""
WORDS = {
    "auth.account_restored": ("reason",),
    "auth.account_suspended": ("reason",),
    "auth.role_changed": ("reason",),
    "ledger.correction_approved": ("reason",),
    "ledger.credits_spent": ("reason",),
    "ledger.payment_failed": ("reason",),
    "ledger.refund_begun": ("reason",),
    "ledger.refund_refused": ("reason",),
}
"""What people or other companies have written, for people: it is left out."""


class NotOurs(Exception):
    """The file that would be written to is not one that this command wrote."""


@dataclass(frozen=True, slots=True)
class Span:
    """Events from `since` on, up to but without `until`."""

    since: datetime
    until: datetime | None = None

    @property
    def label(self) -> str:
        """For a file's name."""
        return "--".join(_label(edge) for edge in (self.since, self.until) if edge)

    def holds(self, at: datetime) -> bool:
        return self.since <= at and (self.until is None or at < self.until)


def _label(edge: datetime) -> str:
    at = edge.astimezone(UTC)
    return f"{at:%Y-%m-%d}" if at.timetuple()[3:6] == (0, 0, 0) else f"{at:%Y-%m-%dT%H%M%SZ}"


@dataclass(slots=True)
class Seen:
    """Whether an event has come before. Remembers 10,000 of them: whatever was before those has come."""

    _recent: set[int] = field(default_factory=set)
    _order: deque[int] = field(default_factory=deque)
    _before: int = 0

    def add(self, position: int) -> bool:
        """Whether it is new."""
        if position <= self._before or position in self._recent:
            return False
        self._recent.add(position)
        self._order.append(position)
        if len(self._order) > WINDOW:
            oldest = self._order.popleft()
            self._recent.discard(oldest)
            self._before = max(self._before, oldest)
        return True


@dataclass(slots=True)
class Output:
    """A file of JSON lines that may have been begun before, with `events` in it, of which the last was at `last`."""

    path: Path
    events: int = 0
    last: datetime | None = None
    seen: Seen = field(default_factory=Seen)

    def open(self) -> BinaryIO:
        """To write at its end: a line that an interruption has cut off is taken away. Errors: NotOurs."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = self.path.open("a+b")
        file.seek(0)
        complete = 0
        try:
            for line in file:
                if not line.endswith(b"\n"):
                    break
                told = orjson.loads(line)
                self.seen.add(told["position"])
                self.last = datetime.fromisoformat(told["time"])
                self.events += 1
                complete += len(line)
        except (ValueError, KeyError, TypeError):
            file.close()
            raise NotOurs(str(self.path)) from None
        file.truncate(complete)
        return file


async def export(client: Client, service: str, span: Span, directory: Path, tell: Tell) -> Output:
    """Write the service's events to `directory`, or add to the file what it has not yet. Errors: NotOurs."""
    output = Output(directory / f"{service}.{span.label}.ndjson")
    with output.open() as file:
        begin = max(output.last or span.since, span.since)
        async for messages in _messages(client, service, begin - CLOCKS_DIFFER, tell):
            for body in messages:
                told = orjson.loads(body)
                at = datetime.fromisoformat(told["time"])
                if span.holds(at) and output.seen.add(told["position"]):
                    file.write(orjson.dumps(without_words(told)) + b"\n")
                    output.events += 1
        file.flush()
        os.fsync(file.fileno())
    return output


def without_words(told: Json) -> Json:
    """An envelope in which nobody has written anything.

    A request's name may be the client's own (`X-Request-ID`): then another stands for it, everywhere the same.
    """
    silent = dict.fromkeys(WORDS.get(told["type"], ()))
    return told | {
        "correlation_id": _anonymous(told["correlation_id"]),
        "causation_id": _anonymous(told["causation_id"]),
        "data": told["data"] | silent,
    }


def _anonymous(name: str) -> str:
    try:
        return str(UUID(name))
    except ValueError:
        return str(uuid5(NAMESPACE_URL, name)) if name else ""


async def _messages(client: Client, service: str, begin: datetime, tell: Tell) -> AsyncIterator[list[bytes]]:
    """What the stream holds now and got at `begin` or later, some hundreds at a time."""
    config = ConsumerConfig(
        deliver_policy=DeliverPolicy.BY_START_TIME,
        opt_start_time=begin,
        ack_policy=AckPolicy.NONE,
        inactive_threshold=IDLE_S,
    )
    subscription = await client.jetstream().pull_subscribe(
        subjects.event_subject(f"{service}.>"), stream=subjects.stream_of(service), config=config
    )
    try:
        total = (await subscription.consumer_info()).num_pending or 0
        read = 0
        while read < total:
            tell(read, total)
            messages = await subscription.fetch(min(BATCH, total - read), timeout=FETCH_TIMEOUT_S)
            read += len(messages)
            yield [message.data for message in messages]
        tell(total, total)
    finally:
        await subscription.unsubscribe()
