"""Committed events → JetStream, in order, at least once.

One relay leads per service (a session-level advisory lock). It reads after its cursor, publishes in batches with the
event's id as `Nats-Msg-Id`, and moves the cursor after the acknowledgement. The event store is the truth and the
stream a copy: at the start and after every reconnect it looks whether the stream still ends where it was left, and
rewinds if not.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import asyncpg
import nats.errors
import nats.js.errors
from nats.aio.client import Client
from prometheus_client import Gauge

from contracts import subjects
from kernel import store
from kernel.db import LOST, Database
from kernel.decider import Codec
from kernel.logging import log
from kernel.publishing import POSITION_HEADER, Message, Mirrored, Publish, Publisher

BATCH = 1000
"""More than a transaction of the command bus appends in one go."""
IDLE_S = 1.0
PAUSE_S = 0.5
ACK_TIMEOUT_S = 5.0
LEADER_LOCK = 2

LAG = Gauge("relay_lag_events", "Events committed but not yet published")

READ_CURSOR = "SELECT position, stream_sequence FROM relay_cursor WHERE name = 'events'"
SAVE_CURSOR = """
INSERT INTO relay_cursor (name, position, stream_sequence) VALUES ('events', $1, $2)
ON CONFLICT (name) DO UPDATE SET position = excluded.position, stream_sequence = excluded.stream_sequence
"""
LAST_POSITION = "SELECT coalesce(max(position), 0) FROM events"


class Relay:
    """`publish` and `mirrored` say what the others are told."""

    def __init__(
        self,
        service: str,
        database: Database,
        codec: Codec,
        publish: Publish,
        client: Callable[[], Client],
        mirrored: Mirrored | None = None,
    ) -> None:
        self._stream = subjects.stream_of(service)
        self._database = database
        self._publisher = Publisher(codec, publish, mirrored or {})
        self._client = client
        self._wake = asyncio.Event()
        self._check_tail = True
        self._cursor = self._saved = (0, 0)
        self._task: asyncio.Task[None] | None = None
        self.lag = 0

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="relay")

    async def close(self) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def wake(self) -> None:
        """There is something new; called after a commit of this process, and by NOTIFY for those of others."""
        self._wake.set()

    def recheck(self) -> None:
        """The broker was away: look whether the stream still has what we gave it."""
        self._check_tail = True
        self._wake.set()

    async def _run(self) -> None:
        while True:
            try:
                await self._lead()
            except asyncio.CancelledError:
                raise
            except (*LOST, nats.errors.Error, TimeoutError) as error:
                log.warning("the relay pauses", error=repr(error))
            except Exception:  # noqa: BLE001  (logged; publishing must go on)
                log.exception("the relay failed")
            self._check_tail = True
            await asyncio.sleep(PAUSE_S)

    async def _lead(self) -> None:
        connection = await self._database.connect()
        try:
            while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", LEADER_LOCK):  # noqa: ASYNC110  (another holds it)
                await asyncio.sleep(IDLE_S)
            await connection.add_listener("events", lambda *_: self._wake.set())
            while True:
                self._wake.clear()
                if self._check_tail:
                    await self._rewind_if_lost(connection)
                    self._check_tail = False
                if await self._publish_some(connection) < BATCH:
                    # Not wait_for: on Python 3.11 it swallows a cancellation that comes just when it is done.
                    with suppress(TimeoutError):
                        async with asyncio.timeout(IDLE_S):
                            await self._wake.wait()
        finally:
            connection.terminate()  # frees the lock at once, also when the server is unreachable

    async def _publish_some(self, connection: asyncpg.Connection) -> int:
        """Only the leader moves the cursor, so it knows where it is. Past events that nobody else is told of it is
        moved in memory alone, and written down when there is nothing else to do.
        """
        position, sequence = self._cursor
        found = await connection.fetch(store.READ_AFTER, position, BATCH)
        if not found:
            await self._save(connection)
            self._measure(0)
            return 0
        messages = [message for row in found if (message := self._publisher.message(row)) is not None]
        last = found[-1]["position"]
        self._cursor = (last, await self._send(messages, sequence) if messages else sequence)
        if messages:
            await self._save(connection)
        is_full = len(found) == BATCH
        self._measure(await connection.fetchval(LAST_POSITION) - last if is_full else 0)
        return len(found)

    async def _save(self, connection: asyncpg.Connection) -> None:
        if self._cursor != self._saved:
            await connection.execute(SAVE_CURSOR, *self._cursor)
            self._saved = self._cursor

    async def _send(self, messages: list[Message], before: int) -> int:
        """Publish in order; returns the stream's sequence after it. `before`: what it was.

        The stream takes one connection's messages in order, and nobody else writes to it. So one acknowledgement is
        enough, if the last message's place shows that all before it were taken. If not (some were there already, or one
        was refused), all are sent again, each for an acknowledgement of its own: what is there is not taken twice.
        """
        client = self._client()
        jetstream = client.jetstream(timeout=ACK_TIMEOUT_S)
        *others, last = messages
        if others:
            await _write(client, others)
        ack = await jetstream.publish(last.subject, last.body, headers=last.headers)
        if not others or ack.seq == before + len(messages):
            return ack.seq
        acks = [await jetstream.publish_async(each.subject, each.body, headers=each.headers) for each in messages]
        async with asyncio.timeout(ACK_TIMEOUT_S):
            return max([(await ack).seq for ack in acks])

    async def _rewind_if_lost(self, connection: asyncpg.Connection) -> None:
        """A stream that ends before the last acknowledged message has lost its tail: publish again from there."""
        cursor = await connection.fetchrow(READ_CURSOR)
        self._cursor = self._saved = (cursor["position"], cursor["stream_sequence"]) if cursor else (0, 0)
        if cursor is None:
            return
        jetstream = self._client().jetstream(timeout=ACK_TIMEOUT_S)
        state = (await jetstream.stream_info(self._stream)).state
        if state.last_seq >= cursor["stream_sequence"]:
            return
        position = 0
        if state.messages:
            last = await jetstream.get_msg(self._stream, state.last_seq)
            position = int((last.headers or {}).get(POSITION_HEADER, "0"))
        log.warning("the stream lost its tail; publishing again", stream=self._stream, after_position=position)
        self._cursor = (position, state.last_seq)
        await self._save(connection)

    def _measure(self, lag: int) -> None:
        self.lag = lag
        LAG.set(lag)


async def _write(client: Client, messages: list[Message]) -> None:
    """Publish without acknowledgement, in one piece: `publish` would check and copy the headers of each."""
    if not client.is_connected:  # what is written now would only pile up
        raise nats.errors.ConnectionReconnectingError
    if any(len(message.body) > client.max_payload for message in messages):
        raise nats.errors.MaxPayloadError
    await client._send_command(b"".join([message.frame() for message in messages]))  # noqa: SLF001  (there is no other)
