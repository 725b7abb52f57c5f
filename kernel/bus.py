"""The NATS side of a service: requests it answers, events it listens to.

Requests are NATS request/reply in a queue group per service. Events come from durable JetStream push consumers in a
queue group, acknowledged only when their effect is committed; what fails is tried again later and later, and what no
retry can help goes to the dead-letter stream with its reason.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, TypeVar

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from prometheus_client import Counter, Histogram
from pydantic import ValidationError
from uuid_utils.compat import uuid7

from contracts import subjects
from contracts.envelope import Envelope, Event, Message, Request
from contracts.errors import ServiceError
from kernel.caller import CODE_HEADER, DEADLINE_HEADER, DEFAULT_TIMEOUT_S, Caller, connection_options
from kernel.db import LOST
from kernel.jetstream import declare_consumer
from kernel.logging import log
from kernel.tracing import CAUSATION_HEADER, CORRELATION_HEADER, traced

CONCURRENT_REQUESTS = 256
MAX_UNACKED = 256
ACK_WAIT_S = 8
WORK_ACK_WAIT_S = 30
CLOSE_TIMEOUT_S = 12
PASSING = frozenset({"SERVICE_UNAVAILABLE", "DEADLINE_EXCEEDED"})
"""Codes of what somebody else cannot do just now: tried again without end."""
MAX_TRIES = 8
FIRST_DELAY_S = 0.2
LONGEST_DELAY_S = 30.0

REQUESTS = Counter("rpc_requests_total", "Requests answered", ["subject", "code"])
REQUEST_SECONDS = Histogram("rpc_request_seconds", "Seconds to answer a request", ["subject"])
DELIVERIES = Counter("event_deliveries_total", "Events handled", ["type", "outcome"])

R = TypeVar("R", bound=Request[Any])
Apply = Callable[[bytes], Awaitable[None]]
OnMessage = Callable[[Msg], Coroutine[Any, Any, None]]


class Unusable(Exception):
    """What came is nothing that could ever be handled: trying again would not help."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event on its way in. `key` names this event for this consumer: as a command's key it is the inbox."""

    consumer: str
    envelope: Envelope

    @property
    def key(self) -> str:
        return f"{self.consumer}:{self.envelope.id}"


Listener = Callable[[Any, Delivery], Awaitable[None]]


class MessageBus:
    """A service's connection: `answer` and `listen` declare what it serves, then `start` begins to serve it."""

    def __init__(self, service: str, url: str) -> None:
        self.service = service
        self.client: Client | None = None
        self.caller = Caller(self.connected)
        self._url = url
        self._on_reconnect: list[Callable[[], None]] = []
        self._answers: list[tuple[str, str, OnMessage]] = []
        self._consumers: list[tuple[str, ConsumerConfig, OnMessage]] = []
        self._subscriptions: list[Subscription] = []
        self._running: set[asyncio.Task[None]] = set()
        self._slots = asyncio.Semaphore(CONCURRENT_REQUESTS)

    def connected(self) -> Client:
        if self.client is None:
            raise ServiceError("SERVICE_UNAVAILABLE", "The service is starting. Please try again.")
        return self.client

    @property
    def hears(self) -> list[str]:
        """The subjects of the events that this service listens to."""
        return [subject for _, config, _ in self._consumers for subject in config.filter_subjects or []]

    def on_reconnect(self, callback: Callable[[], None]) -> None:
        self._on_reconnect.append(callback)

    async def start(self) -> None:
        async def on_reconnected() -> None:
            log.info("the broker is back")
            for callback in self._on_reconnect:
                callback()

        self.client = await nats.connect(self._url, reconnected_cb=on_reconnected, **connection_options(self.service))
        for subject, queue, on_message in self._answers:
            self._subscriptions.append(await self.client.subscribe(subject, queue=queue, cb=on_message))
        for stream, config, on_message in self._consumers:
            await declare_consumer(self.client, stream, config)
            subscription = await self.client.subscribe(
                str(config.deliver_subject), queue=str(config.deliver_group), cb=on_message
            )
            self._subscriptions.append(subscription)
        await self.client.flush()  # from now on whoever asks is answered

    async def close(self) -> None:
        """Take nothing new, finish what has begun."""
        # As a task of its own: nats-py lets a cancellation of its own escape when it is closed while reconnecting.
        await asyncio.wait([asyncio.create_task(self._stop())], timeout=CLOSE_TIMEOUT_S)

    async def _stop(self) -> None:
        if self.client is None:
            return
        if self.client.is_connected:
            await asyncio.gather(*(subscription.drain() for subscription in self._subscriptions))  # type: ignore[no-untyped-call]  # nats-py left it untyped
        if self._running:
            await asyncio.wait(self._running, timeout=CLOSE_TIMEOUT_S / 2)
        if self.client.is_connected:
            await self.client.flush()  # the last answers and acknowledgements
        await self.client.close()

    def answer(self, request_type: type[R], handler: Callable[[R], Awaitable[Message | bytes]]) -> None:
        """Answer requests of one type. The handler gets the parsed request and returns a model or ready JSON."""
        subject = request_type.SUBJECT
        seconds, answered = REQUEST_SECONDS.labels(subject), REQUESTS.labels(subject, "OK")

        async def respond(message: Msg) -> None:
            try:
                with seconds.time(), _trace_of(message):
                    body = await _answer(request_type, handler, message)
            except ServiceError as error:
                REQUESTS.labels(subject, error.code).inc()
                await self._refuse(message, error)
            else:
                answered.inc()
                await self.connected().publish(message.reply, body)
            finally:
                self._slots.release()

        async def take(message: Msg) -> None:
            await self._slots.acquire()
            self._spawn(respond(message))

        self._answers.append((subject, self.service, take))

    def listen(self, source: str, consumer: str, listeners: Mapping[type[Event], Listener]) -> None:
        """Hear events of another service (or one's own) through a durable consumer named `consumer`."""
        by_type = {event_type.TYPE: (event_type, listener) for event_type, listener in listeners.items()}
        config = ConsumerConfig(
            durable_name=consumer,
            deliver_subject=f"deliver.{consumer}.{source}",
            deliver_group=consumer,
            filter_subjects=subjects.event_subjects(by_type),
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=ACK_WAIT_S,
            max_ack_pending=MAX_UNACKED,
            deliver_policy=DeliverPolicy.ALL,
        )

        async def take(message: Msg) -> None:
            self._spawn(self._handle(consumer, message, apply))  # at most MAX_UNACKED at once

        async def apply(data: bytes) -> None:
            await _apply(consumer, by_type, Envelope.model_validate_json(data))

        self._consumers.append((subjects.stream_of(source), config, take))
        self._answer_replays(consumer, source, apply)

    def work(self, consumer: str, subject: str, handler: Apply, *, at_once: int) -> None:
        """Take what trusted producers put on `subject`, acknowledged like events: after its effect."""
        config = ConsumerConfig(
            durable_name=consumer,
            deliver_subject=f"deliver.{consumer}",
            deliver_group=consumer,
            filter_subjects=[subject],
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=WORK_ACK_WAIT_S,
            max_ack_pending=at_once,
            deliver_policy=DeliverPolicy.ALL,
        )

        async def take(message: Msg) -> None:
            self._spawn(self._handle(consumer, message, handler))

        self._consumers.append((subjects.COMMANDS, config, take))
        self._answer_replays(consumer, subjects.COMMANDS.lower(), handler)

    def _answer_replays(self, consumer: str, source: str, apply: Apply) -> None:
        async def replay(message: Msg) -> None:
            try:
                await apply(message.data)
            except Exception as error:  # noqa: BLE001  (whatever it was, the operator is told)
                await self._refuse(message, ServiceError("SERVER_ERROR", repr(error)))
            else:
                await self.connected().publish(message.reply, b"{}")

        self._answers.append((f"replay.{consumer}.{source}", consumer, replay))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _refuse(self, message: Msg, error: ServiceError) -> None:
        body = json.dumps({"message": error.message, "details": error.details}).encode()
        await self.connected().publish(message.reply, body, headers={CODE_HEADER: error.code})

    async def _handle(self, consumer: str, message: Msg, apply: Apply) -> None:
        tries = message.metadata.num_delivered or 1
        try:
            await apply(message.data)
        except Exception as error:  # noqa: BLE001  (every failure is tried again or kept as a dead letter)
            transient = isinstance(error, LOST) or getattr(error, "code", "") in PASSING
            log.warning("an event could not be handled", consumer=consumer, tries=tries, error=repr(error))
            DELIVERIES.labels(message.subject, "failed").inc()
            if not isinstance(error, Unusable) and (tries < MAX_TRIES or transient):
                await message.nak(delay=min(LONGEST_DELAY_S, FIRST_DELAY_S * 2 ** min(tries - 1, 10)))
                return
            await self._bury(consumer, message, error, tries)
        else:
            DELIVERIES.labels(message.subject, "handled").inc()
        await message.ack()

    async def _bury(self, consumer: str, message: Msg, error: Exception, tries: int) -> None:
        log.error("an event became a dead letter", consumer=consumer, error=repr(error))
        headers = {
            "Nats-Msg-Id": f"{consumer}:{(message.headers or {}).get('Nats-Msg-Id', uuid7())}",
            "Dead-Reason": repr(error)[:500].replace("\n", " "),
            "Dead-Tries": str(tries),
            "Dead-Subject": message.subject,
            "Dead-Source": message.metadata.stream.lower(),
        }
        await self.connected().jetstream().publish(subjects.dead_subject(consumer), message.data, headers=headers)


async def _apply(consumer: str, by_type: dict[str, tuple[type[Event], Listener]], envelope: Envelope) -> None:
    if envelope.type not in by_type:  # the filter was wider once; this consumer no longer cares
        return
    event_type, listener = by_type[envelope.type]
    with traced(envelope.correlation_id, str(envelope.id)):
        await listener(event_type.model_validate(envelope.data), Delivery(consumer, envelope))


async def _answer(request_type: type[R], handler: Callable[[R], Awaitable[Message | bytes]], message: Msg) -> bytes:
    deadline_ms = (message.headers or {}).get(DEADLINE_HEADER)
    remaining_s = int(deadline_ms) / 1000 - time.time() if deadline_ms else DEFAULT_TIMEOUT_S
    if remaining_s <= 0:
        raise ServiceError("DEADLINE_EXCEEDED", "The request came too late to be answered in time.")
    try:
        request = request_type.model_validate_json(message.data)
        async with asyncio.timeout(remaining_s):
            answer = await handler(request)
    except ValidationError as error:
        details = {".".join(map(str, fault["loc"])): fault["msg"] for fault in error.errors()}
        raise ServiceError("VALIDATION_ERROR", "The request is not valid.", details) from None
    except TimeoutError:
        raise ServiceError("DEADLINE_EXCEEDED", "The answer took too long. Please try again.") from None
    except ServiceError:
        raise
    except LOST as error:
        log.warning("the database went away", subject=request_type.SUBJECT, error=type(error).__name__)
        raise ServiceError("SERVICE_UNAVAILABLE", "The service is restarting. Please try again.") from None
    except Exception:  # noqa: BLE001  (logged; the caller gets no internals)
        log.exception("a request crashed", subject=request_type.SUBJECT)
        raise ServiceError("SERVER_ERROR", "Something went wrong. Please try again later.") from None
    return answer if isinstance(answer, bytes) else answer.model_dump_json().encode()


def _trace_of(message: Msg) -> AbstractContextManager[None]:
    headers = message.headers or {}
    correlation_id = headers.get(CORRELATION_HEADER) or str(uuid7())
    return traced(correlation_id, headers.get(CAUSATION_HEADER) or correlation_id)
