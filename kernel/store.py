"""The event store: five small tables in every service's database, and the statements that touch them.

`events` is the truth: appended, never changed (triggers and rights see to it). `(stream_id, version)` is its primary
key and so the optimistic lock. `streams` keeps each stream's folded state: loading is O(1) however long the history.
`position` is gapless and in commit order: `next_position()` takes the append lock before it looks.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import UUID as PG_UUID

from kernel.decider import Codec

metadata = sa.MetaData()

events = sa.Table(
    "events",
    metadata,
    sa.Column("stream_id", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("position", sa.BigInteger, nullable=False, unique=True),
    sa.Column("event_id", PG_UUID, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("data", sa.JSON, nullable=False),
    sa.Column("correlation_id", sa.Text, nullable=False),
    sa.Column("causation_id", sa.Text, nullable=False),
    sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
)
# Kept as JSON text, not jsonb: they are written far more often than looked into.
streams = sa.Table(
    "streams",
    metadata,
    sa.Column("stream_id", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("state", sa.JSON, nullable=False),
    postgresql_with={"fillfactor": 70},  # room beside each row for its next version
)
command_keys = sa.Table(
    "command_keys",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("fingerprint", sa.Text, nullable=False),
    sa.Column("answer", sa.JSON, nullable=False),
    sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
)
relay_cursor = sa.Table(
    "relay_cursor",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("stream_sequence", sa.BigInteger, nullable=False),
)
timers = sa.Table(
    "timers",
    metadata,
    sa.Column("timer_id", sa.Text, primary_key=True),
    sa.Column("due_at", sa.DateTime(timezone=True), nullable=False, index=True),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
)

NEXT_POSITION_FUNCTION = """
CREATE FUNCTION next_position() RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
  -- Held until commit, so positions are handed out and made visible in the same order. As its own statement, the
  -- look at the last position sees all that was committed while this transaction waited.
  PERFORM pg_advisory_xact_lock(1);
  PERFORM pg_notify('events', '');
  RETURN (SELECT coalesce(max(position), 0) + 1 FROM events);
END $$
"""

LOAD_STREAMS = "SELECT stream_id, version, state FROM streams WHERE stream_id = ANY($1) ORDER BY stream_id FOR UPDATE"
LOAD_KEYS = "SELECT key, fingerprint, answer FROM command_keys WHERE key = ANY($1)"
NEXT_POSITION = "SELECT next_position()"
EVENT_COLUMNS = [column.name for column in events.columns]
KEY_COLUMNS = [column.name for column in command_keys.columns]
SAVE_STREAMS = """
UPDATE streams SET version = s.version, state = s.state::json
FROM unnest($1::text[], $2::int[], $3::text[]) AS s(stream_id, version, state) WHERE streams.stream_id = s.stream_id
"""
STREAM_COLUMNS = [column.name for column in streams.columns]
READ_AFTER = """
SELECT position, stream_id, version, event_id, type, data, correlation_id, causation_id, recorded_at
FROM events WHERE position > $1 ORDER BY position LIMIT $2
"""


@dataclass(slots=True)
class Recorded:
    """An event that was appended. `private` is what its command carried for mutable tables; it is never stored here."""

    position: int
    stream_id: str
    version: int
    event_id: UUID
    event: Any
    correlation_id: str
    causation_id: str
    at: datetime
    private: Any = None


async def read_after(connection: Any, codec: Codec, position: int, limit: int) -> list[Recorded]:
    """The events after `position`, in commit order, at most `limit`."""
    return [recorded_from(row, codec) for row in await connection.fetch(READ_AFTER, position, limit)]


async def read_all(connection: Any, codec: Codec, *, batch: int = 1000) -> AsyncIterator[Sequence[Recorded]]:
    """The whole history in batches, for rebuilds and audits."""
    position = 0
    while found := await read_after(connection, codec, position, batch):
        yield found
        position = found[-1].position


def recorded_from(row: asyncpg.Record, codec: Codec) -> Recorded:
    return Recorded(
        position=row["position"],
        stream_id=row["stream_id"],
        version=row["version"],
        event_id=row["event_id"],
        event=codec.event(row["type"], row["data"]),
        correlation_id=row["correlation_id"],
        causation_id=row["causation_id"],
        at=row["recorded_at"],
    )
