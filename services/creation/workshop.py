"""Taking queued jobs, any number of processes side by side.

A job is a message of the durable pull consumer `creation-worker`. It is acknowledged when the job has ended; while it
is being painted a heartbeat keeps it. A worker that dies stops its heartbeats, and the message goes to another.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import nats.errors
import sqlalchemy as sa
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.client import JetStreamContext
from prometheus_client import Gauge
from pydantic import ValidationError

from contracts import subjects
from contracts.envelope import Envelope
from contracts.events.creation import CreationCancelled, CreationFailed, CreationQueued
from kernel.bus import MessageBus
from kernel.commands import CommandBus
from kernel.db import LOST, Database, Query
from kernel.jetstream import declare_consumer
from kernel.logging import log
from kernel.settings import Settings
from kernel.tracing import traced
from services.creation.attempts import Attempts
from services.creation.patience import TryLater
from services.creation.progress import Progress

NAME = "creation-worker"
ACK_WAIT_S = 10.0
FETCH_S = 2.0
"""How long one question for a job stays open. A broker that restarts forgets it, so this bounds how long that costs."""
PAUSE_S = 1.0
GRACE_S = 12.0
"""How long work under way may go on when the process is told to stop; a supervisor kills after 15 seconds."""
LATER_S = 2.0
LONGEST_LATER_S = 30.0
MAX_TRIES = 100
ALIVE = Query(sa.select(sa.literal(1)))

UNDER_WAY = Gauge("painting_jobs", "Jobs that this worker has in hand")


class Worker:
    """Takes at most `concurrency` jobs at once: it asks for one only when it has a hand free."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        commands: CommandBus,
        bus: MessageBus,
        attempts: Attempts,
        progress: Progress,
        *,
        concurrency: int,
        ack_wait_s: float = ACK_WAIT_S,
        grace_s: float = GRACE_S,
        on_stop: Sequence[Callable[[], Awaitable[None]]] = (),
    ) -> None:
        self.name = NAME
        self.settings = settings
        self._database = database
        self._commands = commands
        self._bus = bus
        self._attempts = attempts
        self._progress = progress
        self._hands = asyncio.Semaphore(concurrency)
        self._ack_wait_s = ack_wait_s
        self._grace_s = grace_s
        self._on_stop = on_stop
        self._in_hand: dict[int, Msg] = {}
        self._jobs: set[asyncio.Task[None]] = set()
        self._loops: list[asyncio.Task[None]] = []
        self._subscription: JetStreamContext.PullSubscription | None = None

    async def start(self) -> None:
        await self._database.open()
        self._commands.start()
        await self._bus.start()
        self._subscription = await self._subscribe()
        for event_type in (CreationCancelled, CreationFailed):
            await self._bus.connected().subscribe(subjects.event_subject(event_type.TYPE), cb=self._hear_end)
        self._progress.start()
        self._loops = [
            asyncio.create_task(self._take_jobs(), name="take-jobs"),
            asyncio.create_task(self._keep_jobs(), name="keep-jobs"),
        ]
        log.info("ready", service=self.name)

    async def stop(self) -> None:
        """Take nothing new, finish what is nearly done, and hand the rest back for another worker."""
        taking, keeping = self._loops
        self._loops = []
        await _end(taking)
        if self._subscription is not None:
            await _in_peace(self._subscription.unsubscribe)
        if self._jobs:
            await asyncio.wait(self._jobs, timeout=self._grace_s)
        for job in self._jobs:
            job.cancel()
        await asyncio.gather(*self._jobs, return_exceptions=True)
        for message in self._in_hand.values():
            await _in_peace(message.nak)
        await _end(keeping)
        await self._progress.close()
        self._attempts.close()
        for hook in self._on_stop:
            await hook()
        await self._bus.close()
        await self._commands.close()
        await self._database.close()

    async def checks(self) -> dict[str, str]:
        """What stands between this process and its work; `ok` for what does not."""
        try:
            async with asyncio.timeout(2):
                await self._database.value(ALIVE)
            database = "ok"
        except (*LOST, TimeoutError, RuntimeError) as error:
            database = type(error).__name__
        connected = self._bus.client is not None and self._bus.client.is_connected
        return {
            "started": "ok" if self._loops else "starting or stopping",
            "broker": "ok" if connected else "not connected",
            "database": database,
            "jobs": "ok" if self._subscription is not None else "cannot be fetched",
        }

    async def _subscribe(self) -> JetStreamContext.PullSubscription:
        stream = subjects.stream_of("creation")
        config = ConsumerConfig(
            durable_name=NAME,
            filter_subject=subjects.event_subject(CreationQueued.TYPE),
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=self._ack_wait_s,
            max_ack_pending=-1,  # each worker asks only for what it has hands for
            deliver_policy=DeliverPolicy.ALL,
        )
        await declare_consumer(self._bus.connected(), stream, config)
        return await self._bus.connected().jetstream().pull_subscribe_bind(NAME, stream)

    async def _take_jobs(self) -> None:
        while True:
            await self._hands.acquire()
            try:
                message = await self._fetch()
            except BaseException:
                self._hands.release()
                raise
            if message is None:
                self._hands.release()
            else:
                self._take(message)

    async def _fetch(self) -> Msg | None:
        """One job, or None when there is none just now. One at a time: larger fetches may stall for seconds."""
        try:
            if self._subscription is None:
                self._subscription = await self._subscribe()
            return (await self._subscription.fetch(1, timeout=FETCH_S))[0]
        except (TimeoutError, nats.errors.TimeoutError):
            return None
        except Exception as error:  # noqa: BLE001  (whatever it is, jobs must go on being taken)
            log.warning("jobs cannot be fetched", error=repr(error))
            if self._subscription is not None:
                await _in_peace(self._subscription.unsubscribe)
            self._subscription = None
            await asyncio.sleep(PAUSE_S)
            return None

    def _take(self, message: Msg) -> None:
        job = asyncio.create_task(self._work(message))
        self._jobs.add(job)
        UNDER_WAY.set(len(self._jobs))
        job.add_done_callback(self._put_down)

    def _put_down(self, job: asyncio.Task[None]) -> None:
        self._jobs.discard(job)
        UNDER_WAY.set(len(self._jobs))
        self._hands.release()

    async def _work(self, message: Msg) -> None:
        try:
            envelope = Envelope.model_validate_json(message.data)
            creation_id = CreationQueued.model_validate(envelope.data).creation_id
        except ValidationError as error:
            log.error("a job cannot be read", error=repr(error))
            await _in_peace(message.term)
            return
        repeated = creation_id in self._in_hand
        self._in_hand[creation_id] = message
        if repeated:  # it came again because a heartbeat was late: from now on the newer message stands for it
            return
        with traced(envelope.correlation_id, str(envelope.id)):
            answer = await self._make(creation_id)
        await _in_peace(answer)
        del self._in_hand[creation_id]

    async def _make(self, creation_id: int) -> Callable[[], Awaitable[None]]:
        """Work on it, and how its message is to be answered."""
        try:
            await self._attempts.make(creation_id)
        except Exception as error:  # noqa: BLE001  (the job must come again; the aggregate counts how often)
            log.warning("a job is put off", creation=creation_id, error=repr(error), crashed=not _is_expected(error))
            message = self._in_hand[creation_id]
            tries = message.metadata.num_delivered or 1
            if tries >= MAX_TRIES:  # its deadline is long past: it has ended, or was never asked for here
                log.error("a job is given up", creation=creation_id)
                return message.term
            return lambda: message.nak(delay=min(LATER_S * tries, LONGEST_LATER_S))
        return self._in_hand[creation_id].ack

    async def _keep_jobs(self) -> None:
        """Heartbeats: without them a message would go to another worker after `ack_wait_s`."""
        while True:
            await asyncio.sleep(self._ack_wait_s / 3)
            for message in list(self._in_hand.values()):
                await _in_peace(message.in_progress)

    async def _hear_end(self, message: Msg) -> None:
        """A live copy of an event, perhaps: the aggregate knows the truth, and this only saves work."""
        envelope = Envelope.model_validate_json(message.data)
        self._attempts.give_up(envelope.data["creation_id"])


def _is_expected(error: Exception) -> bool:
    return isinstance(error, TryLater)


async def _in_peace(send: Callable[[], Awaitable[None]]) -> None:
    """A word to the broker that may fail: then the message comes again, and that is harmless."""
    try:
        await send()
    except nats.errors.Error as error:
        log.warning("the broker did not hear", error=repr(error))


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
