"""The hash chain over the journal: whoever changes an event of the past would have to change every link after it.

A trigger seals what a transaction appends, within that transaction and under the append lock, so nothing is ever there
unsealed: `hash = SHA-256(hash of the link before || lines of the events)`. The newest link's hash, written down
elsewhere (the audit tells it), witnesses everything before it.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

SEPARATOR = "\x1f"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SEAL_EVERY = 1000

_LINE = """concat_ws(E'\\x1f', position, stream_id, version, event_id, type, data, correlation_id, causation_id,
    extract(epoch FROM recorded_at))"""
_LINK = f"""
  INSERT INTO seals (last_position, first_position, hash)
  SELECT max(position), min(position), sha256(
    coalesce((SELECT hash FROM seals ORDER BY last_position DESC LIMIT 1), '')
    || convert_to(string_agg({_LINE}, E'\\n' ORDER BY position), 'UTF8'))
"""  # noqa: S608  (nothing from outside)
FUNCTION = f"""
CREATE OR REPLACE FUNCTION seal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  {_LINK} FROM added HAVING count(*) > 0;
  RETURN NULL;
END $$
"""
TRIGGER = """
CREATE OR REPLACE TRIGGER events_are_sealed AFTER INSERT ON events
REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION seal()
"""
SEAL_THE_PAST = f"""
DO $$
DECLARE done bigint := coalesce((SELECT max(last_position) FROM seals), 0);
BEGIN
  WHILE done < (SELECT coalesce(max(position), 0) FROM events) LOOP
    {_LINK} FROM events WHERE position > done AND position <= done + {SEAL_EVERY} HAVING count(*) > 0;
    done := done + {SEAL_EVERY};
  END LOOP;
END $$
"""  # noqa: S608
"""For a journal that was there before its chain."""

LINKS = "SELECT last_position, first_position, hash FROM seals ORDER BY last_position"
EVENTS = """
SELECT position, stream_id, version, event_id::text, type, data, correlation_id, causation_id, recorded_at
FROM events ORDER BY position
"""


def line(row: Any) -> str:
    """An event as it is hashed; as the trigger's SQL has it."""
    *fields, at = row
    seconds, microseconds = divmod((at - EPOCH) // timedelta(microseconds=1), 1_000_000)
    return SEPARATOR.join([*map(str, fields), f"{seconds}.{microseconds:06d}"])


def link(before: bytes, lines: Iterable[str]) -> bytes:
    return sha256(before + "\n".join(lines).encode()).digest()
