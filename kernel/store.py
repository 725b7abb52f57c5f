"""The event store: five small tables in every service's database, and the statements that touch them.

`events` is the truth: appended, never changed (triggers and rights see to it). `(stream_id, version)` is its primary
key and so the optimistic lock. `streams` keeps each stream's folded state: loading is O(1) however long the history.
`position` is gapless and in commit order: `append_turn()` takes the append lock before it looks.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
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

APPEND_FUNCTION = """
CREATE OR REPLACE FUNCTION append_turn(
  at timestamptz, keys json, fingerprints json, answers json, stream_ids json, versions json, states json,
  timer_ids json, due_times json, ended_timers json,
  event_streams json, event_versions json, event_ids json, types json, bodies json, correlations json, causations json,
  inserted json[]
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE first bigint;
BEGIN
  IF keys::text <> '[]' THEN
    INSERT INTO command_keys SELECT key, fingerprint, answer, at
    FROM ROWS FROM (
      json_array_elements_text(keys), json_array_elements_text(fingerprints), json_array_elements(answers)
    ) AS k(key, fingerprint, answer);
  END IF;
  IF ended_timers::text <> '[]' THEN
    DELETE FROM timers WHERE timer_id = ANY(ARRAY(SELECT json_array_elements_text(ended_timers)));
  END IF;
  IF timer_ids::text <> '[]' THEN
    INSERT INTO timers (timer_id, due_at) SELECT timer_id, due_at::timestamptz
    FROM ROWS FROM (json_array_elements_text(timer_ids), json_array_elements_text(due_times)) AS t(timer_id, due_at)
    ON CONFLICT (timer_id) DO UPDATE SET due_at = excluded.due_at, attempts = 0;
  END IF;
  IF event_ids::text = '[]' THEN
    RETURN 0;
  END IF;
  -- Also what is known goes in by its key: a join would read the whole table when the planner thinks it small.
  INSERT INTO streams SELECT stream_id, version::int, state
  FROM ROWS FROM (
    json_array_elements_text(stream_ids), json_array_elements_text(versions), json_array_elements(states)
  ) AS s(stream_id, version, state)
  ON CONFLICT (stream_id) DO UPDATE SET version = excluded.version, state = excluded.state;
  -- Held until commit, so positions are handed out and made visible in the same order. As its own statement, the
  -- look at the last position sees all that was committed while this transaction waited.
  PERFORM pg_advisory_xact_lock(1);
  PERFORM pg_notify('events', '');
  first := (SELECT coalesce(max(position), 0) + 1 FROM events);
  INSERT INTO events
  SELECT stream_id, version::int, first + number - 1, event_id::uuid, type, body, correlation, causation, at
  FROM ROWS FROM (
    json_array_elements_text(event_streams), json_array_elements_text(event_versions),
    json_array_elements_text(event_ids), json_array_elements_text(types), json_array_elements(bodies),
    json_array_elements_text(correlations), json_array_elements_text(causations)
  ) WITH ORDINALITY AS e(stream_id, version, event_id, type, body, correlation, causation, number);
  IF cardinality(inserted) > 0 THEN
    PERFORM insert_rows(first, inserted);
  END IF;
  RETURN first;
END $$
"""
"""Everything that a transaction of the command bus writes to these tables, in one round trip, and the first position.

Columns come as JSON arrays: they cost Python the least. `inserted` is for `insert_rows(first bigint, columns json[])`,
by which a service may write rows of its own along with the events; other services have no such function. Two processes
that found the same version of a stream both write its next event, and `events_pkey` lets one of them."""

# The versions are those that the caller still has the states of: a state that has not changed since need not travel.
# `= ANY(ARRAY(…))` finds rows by the index whatever the planner believes of the tables.
_LOAD = """
WITH found AS (
  SELECT stream_id, version, state FROM streams
  WHERE stream_id = ANY(ARRAY(SELECT json_array_elements_text($1::json))) {lock}
), remembered AS (
  SELECT stream_id, known::int
  FROM ROWS FROM (json_array_elements_text($1::json), json_array_elements_text($2::json)) AS r(stream_id, known)
)
SELECT stream_id, version, NULL, CASE WHEN version <> known THEN state END FROM found JOIN remembered USING (stream_id)
UNION ALL
SELECT key, NULL, fingerprint, answer FROM command_keys
WHERE key = ANY(ARRAY(SELECT json_array_elements_text($3::json)))
"""
LOAD = _LOAD.format(lock="")
LOCK_AND_LOAD = _LOAD.format(lock="ORDER BY stream_id FOR UPDATE")
APPEND = "SELECT append_turn($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)"
READ_AFTER = """
SELECT position, stream_id, version, event_id, type, data, correlation_id, causation_id, recorded_at
FROM events WHERE position > $1 ORDER BY position LIMIT $2
"""


class Recorded(msgspec.Struct):
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
