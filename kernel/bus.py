"""The NATS side of a service: requests it answers, requests it makes, events it listens to.

Requests are NATS request/reply in a queue group per service. Events come from durable JetStream push consumers in a
queue group, acknowledged only when their effect is committed; what fails is tried again later and later, and what no
retry can help goes to the dead-letter stream with its reason.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import nats
import nats.errors
from faststream import AckPolicy
from faststream.nats import JStream, NatsBroker, NatsMessage, NatsResponse
from nats.aio.client import Client
from nats.js.api import AckPolicy as ConsumerAck
from nats.js.api import ConsumerConfig, DeliverPolicy
from prometheus_client import Counter, Histogram
from pydantic import ValidationError
from uuid_utils.compat import uuid7

from contracts import subjects
from contracts.envelope import Envelope, Event, Message, Request
from contracts.errors import ServiceError
from kernel.db import LOST
from kernel.jetstream import declare_consumer
from kernel.logging import log
from kernel.tracing import CAUSATION_HEADER, CORRELATION_HEADER, current_trace, traced

CODE_HEADER = "Error-Code"
DEADLINE_HEADER = "Deadline"
DEFAULT_TIMEOUT_S = 5.0
NO_ONE_THERE_PAUSE_S = 0.05
CONCURRENT_REQUESTS = 256
MAX_UNACKED = 256
ACK_WAIT_S = 8
CLOSE_TIMEOUT_S = 12
MAX_TRIES = 8
FIRST_DELAY_S = 0.2
LONGEST_DELAY_S = 30.0

REQUESTS = Counter("rpc_requests_total", "Requests answered", ["subject", "code"])
REQUEST_SECONDS = Histogram("rpc_request_seconds", "Seconds to answer a request", ["subject"])
DELIVERIES = Counter("event_deliveries_total", "Events handled", ["type", "outcome"])

AnyRequest = Request[Any]
R = TypeVar("R", bound=AnyRequest)
Handler = Callable[[Any], Awaitable[Message | bytes]]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event on its way in. `key` names this event for this consumer: as a command's key it is the inbox."""

    consumer: str
    envelope: Envelope

    @property
    def key(self) -> str:
        return f"{self.consumer}:{self.envelope.id}"


Listener = Callable[[Any, Delivery], Awaitable[None]]


class Caller:
    """Makes requests. Errors keep their code; a service that is not there is waited for until the deadline."""

    def __init__(self, client: Callable[[], Client]) -> None:
        self._client = client

    async def call(self, request: AnyRequest, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> bytes:
        """The answer as the bytes it came in.

        Errors: the service's own; SERVICE_UNAVAILABLE when nobody answers to the subject; DEADLINE_EXCEEDED when the
        answer does not come in time (what was asked may still be done).
        """
        trace = current_trace()
        deadline = time.time() + timeout_s
        headers = {
            CORRELATION_HEADER: trace.correlation_id,
            CAUSATION_HEADER: trace.causation_id,
            DEADLINE_HEADER: str(int(deadline * 1000)),
        }
        body = request.model_dump_json().encode()
        while True:
            try:
                reply = await self._client().request(
                    request.SUBJECT, body, timeout=max(0.01, deadline - time.time()), headers=headers
                )
                break
            except nats.errors.NoRespondersError:  # it was not delivered, so trying again is safe
                if time.time() + NO_ONE_THERE_PAUSE_S > deadline:
                    raise ServiceError("SERVICE_UNAVAILABLE", "A part of the service is starting. Try again.") from None
                await asyncio.sleep(NO_ONE_THERE_PAUSE_S)
            except (TimeoutError, nats.errors.TimeoutError):
                raise ServiceError("DEADLINE_EXCEEDED", "The answer took too long. Please try again.") from None
            except nats.errors.Error as error:
                log.warning("a request could not be sent", subject=request.SUBJECT, error=repr(error))
                raise ServiceError("SERVICE_UNAVAILABLE", "The service is restarting. Please try again.") from None
        if reply.headers and (code := reply.headers.get(CODE_HEADER)):
            fault = json.loads(reply.data)
            raise ServiceError(code, fault["message"], fault["details"])
        return bytes(reply.data)

    async def ask(self, request: AnyRequest, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> Any:
        """The answer as its model."""
        return type(request).reply_type().model_validate_json(await self.call(request, timeout_s=timeout_s))


def connection_options(name: str) -> dict[str, Any]:
    """How every process of ours connects: it never gives up, and says so in its logs."""

    async def on_error(error: Exception) -> None:
        log.warning("nats", error=repr(error))

    async def on_disconnect() -> None:
        log.warning("the broker went away")

    return {
        "name": name,
        "allow_reconnect": True,
        "max_reconnect_attempts": -1,
        "reconnect_time_wait": 0.2,
        "connect_timeout": 2,
        "ping_interval": 10,
        "max_outstanding_pings": 2,
        "drain_timeout": 10,
        "error_cb": on_error,
        "disconnected_cb": on_disconnect,
    }


async def connect_once(url: str) -> Client:
    """For commands of an operator: one try, and an error at once when nobody is there."""

    async def on_error(_: Exception) -> None:
        """It is raised as well."""

    return await nats.connect(
        url, connect_timeout=2, allow_reconnect=False, max_reconnect_attempts=1, error_cb=on_error
    )


class MessageBus:
    """A service's connection: `answer` and `listen` declare what it serves, then `start` begins to serve it."""

    def __init__(self, service: str, url: str) -> None:
        self.service = service
        self._on_reconnect: list[Callable[[], None]] = []
        options = connection_options(service)
        self.broker = NatsBroker(
            url, reconnected_cb=self._reconnected, apply_types=False, logger=None, graceful_timeout=15, **options
        )
        self.client: Client | None = None
        self.caller = Caller(self.connected)
        self._consumers: list[tuple[str, ConsumerConfig]] = []
        self._running: set[asyncio.Task[None]] = set()

    def connected(self) -> Client:
        if self.client is None:
            raise ServiceError("SERVICE_UNAVAILABLE", "The service is starting. Please try again.")
        return self.client

    @property
    def hears(self) -> list[str]:
        """The subjects of the events that this service listens to."""
        return [subject for _, config in self._consumers for subject in config.filter_subjects or []]

    def on_reconnect(self, callback: Callable[[], None]) -> None:
        self._on_reconnect.append(callback)

    async def _reconnected(self) -> None:
        log.info("the broker is back")
        for callback in self._on_reconnect:
            callback()

    async def start(self) -> None:
        self.client = await self.broker.connect()
        for stream, config in self._consumers:
            await declare_consumer(self.connected(), stream, config)
        await self.broker.start()

    async def close(self) -> None:
        """Take nothing new, finish what has begun."""
        # As a task of its own: nats-py lets a cancellation of its own escape when it is closed while reconnecting.
        await asyncio.wait([asyncio.create_task(self._stop())], timeout=CLOSE_TIMEOUT_S)

    async def _stop(self) -> None:
        await asyncio.gather(*[subscriber.stop() for subscriber in self.broker.subscribers])
        if self._running:
            await asyncio.wait(self._running, timeout=CLOSE_TIMEOUT_S / 2)
        await self.broker.stop()

    def answer(self, request_type: type[R], handler: Callable[[R], Awaitable[Message | bytes]]) -> None:
        """Answer requests of one type. The handler gets the parsed request and returns a model or ready JSON."""
        subject = request_type.SUBJECT

        async def respond(message: NatsMessage) -> NatsResponse:
            with REQUEST_SECONDS.labels(subject).time(), _trace_of(message):
                try:
                    body = await _answer(request_type, handler, message)
                except ServiceError as error:
                    REQUESTS.labels(subject, error.code).inc()
                    return _error_response(error)
            REQUESTS.labels(subject, "OK").inc()
            return NatsResponse(body)

        self.broker.subscriber(
            subject, queue=self.service, decoder=_whole_message, max_workers=CONCURRENT_REQUESTS, no_reply=False
        )(respond)

    def listen(self, source: str, consumer: str, listeners: Mapping[type[Event], Listener]) -> None:
        """Hear events of another service (or one's own) through a durable consumer named `consumer`."""
        by_type = {event_type.TYPE: (event_type, listener) for event_type, listener in listeners.items()}
        config = ConsumerConfig(
            durable_name=consumer,
            deliver_subject=f"deliver.{consumer}.{source}",
            deliver_group=consumer,
            filter_subjects=subjects.event_subjects(by_type),
            ack_policy=ConsumerAck.EXPLICIT,
            ack_wait=ACK_WAIT_S,
            max_ack_pending=MAX_UNACKED,
            deliver_policy=DeliverPolicy.ALL,
        )
        self._consumers.append((subjects.stream_of(source), config))

        async def deliver(message: NatsMessage) -> None:
            self._spawn(self._handle(consumer, by_type, message))

        self.broker.subscriber(
            subjects.event_subject(f"{source}.>"),
            queue=consumer,
            stream=JStream(subjects.stream_of(source), declare=False),
            decoder=_whole_message,
            ack_policy=AckPolicy.MANUAL,
            no_reply=True,
        )(deliver)

        async def replay(message: NatsMessage) -> NatsResponse:
            envelope = Envelope.model_validate_json(message.body)
            try:
                await _apply(consumer, by_type, envelope)
            except Exception as error:  # noqa: BLE001  (whatever it was, the operator is told)
                return _error_response(ServiceError("SERVER_ERROR", repr(error)))
            return NatsResponse(b"{}")

        self.broker.subscriber(f"replay.{consumer}.{source}", queue=consumer, decoder=_whole_message)(replay)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        # As many as the consumer may have unacknowledged: MAX_UNACKED bounds them.
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _handle(
        self, consumer: str, by_type: dict[str, tuple[type[Event], Listener]], message: NatsMessage
    ) -> None:
        metadata = message.raw_message.metadata
        tries = metadata.num_delivered or 1
        try:
            envelope = Envelope.model_validate_json(message.body)
            await _apply(consumer, by_type, envelope)
        except Exception as error:  # noqa: BLE001  (every failure is tried again or kept as a dead letter)
            transient = isinstance(error, LOST) or getattr(error, "code", "") == "SERVICE_UNAVAILABLE"
            log.warning("an event could not be handled", consumer=consumer, tries=tries, error=repr(error))
            DELIVERIES.labels(message.raw_message.subject, "failed").inc()
            if tries < MAX_TRIES or transient:
                await message.nack(delay=min(LONGEST_DELAY_S, FIRST_DELAY_S * 2 ** min(tries - 1, 10)))
                return
            await self._bury(consumer, message, error, tries)
        else:
            DELIVERIES.labels(envelope.type, "handled").inc()
        await message.ack()

    async def _bury(self, consumer: str, message: NatsMessage, error: Exception, tries: int) -> None:
        log.error("an event became a dead letter", consumer=consumer, error=repr(error))
        headers = {
            "Nats-Msg-Id": f"{consumer}:{message.headers.get('Nats-Msg-Id', uuid7())}",
            "Dead-Reason": repr(error)[:500].replace("\n", " "),
            "Dead-Tries": str(tries),
            "Dead-Subject": message.raw_message.subject,
            "Dead-Source": message.raw_message.metadata.stream.lower(),
        }
        await self.connected().jetstream().publish(subjects.dead_subject(consumer), message.body, headers=headers)


async def _apply(consumer: str, by_type: dict[str, tuple[type[Event], Listener]], envelope: Envelope) -> None:
    if envelope.type not in by_type:  # the filter was wider once; this consumer no longer cares
        return
    event_type, listener = by_type[envelope.type]
    with traced(envelope.correlation_id, str(envelope.id)):
        await listener(event_type.model_validate(envelope.data), Delivery(consumer, envelope))


async def _answer(request_type: type[R], handler: Callable[[R], Awaitable[Message | bytes]], message: Any) -> bytes:
    remaining_s = int(message.headers.get(DEADLINE_HEADER, "0")) / 1000 - time.time()
    if DEADLINE_HEADER not in message.headers:
        remaining_s = DEFAULT_TIMEOUT_S
    if remaining_s <= 0:
        raise ServiceError("DEADLINE_EXCEEDED", "The request came too late to be answered in time.")
    try:
        request = request_type.model_validate_json(message.body)
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


def _error_response(error: ServiceError) -> NatsResponse:
    body = json.dumps({"message": error.message, "details": error.details}).encode()
    return NatsResponse(body, headers={CODE_HEADER: error.code})


def _trace_of(message: NatsMessage) -> Any:
    correlation_id = message.headers.get(CORRELATION_HEADER) or str(uuid7())
    return traced(correlation_id, message.headers.get(CAUSATION_HEADER) or correlation_id)


async def _whole_message(message: NatsMessage) -> NatsMessage:
    """FastStream's decoder, set to decode nothing: handlers parse the bytes themselves, once."""
    return message
