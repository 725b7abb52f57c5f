"""The hash chain over the journal: whoever changes an event of the past would have to change every link after it.

A trigger seals what a transaction appends, within that transaction and under the append lock, so nothing is ever there
unsealed: `hash = SHA-256(hash of the link before || lines of the events)`. The newest link's hash, written down
elsewhere (the audit tells it), witnesses everything before it.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

SEPARATOR = "\x1f"
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

LINKS = "SELECT last_position, first_position, hash FROM seals WHERE last_position > $1 ORDER BY last_position LIMIT $2"
EVENTS = """
SELECT position, stream_id, version, event_id::text, type, data, correlation_id, causation_id,
       extract(epoch FROM recorded_at)::text
FROM events WHERE position > $1 ORDER BY position LIMIT $2
"""


class Link:
    """A link's hash, computed from the one before it and the events, in order, as the trigger's SQL has them."""

    def __init__(self, before: bytes) -> None:
        self._hash = sha256(before)
        self._begun = False

    def add(self, row: Sequence[Any]) -> None:
        position, stream_id, version, *texts = row
        line = SEPARATOR.join((str(position), stream_id, str(version), *texts))
        self._hash.update((f"\n{line}" if self._begun else line).encode())
        self._begun = True

    def digest(self) -> bytes:
        return self._hash.digest()
