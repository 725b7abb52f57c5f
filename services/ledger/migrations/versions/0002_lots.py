"""Lots: what a wallet had before is its first lot, granted and without an end. The hash chain over the journal.
Corrections and promo codes.

The first migration makes today's tables on a new database, so what is there already is left alone.
"""

from alembic import op

from kernel import schema
from services.ledger import chain, tables

revision = "0002"
down_revision = "0001"
ROLE = "ledger"

STATES = """
UPDATE streams SET state = (state::jsonb || jsonb_build_object(
  'holds', coalesce((
    SELECT jsonb_object_agg(creation, hold || jsonb_build_object('lots', json_build_array(json_build_array(1, hold->'credits'))))
    FROM jsonb_each(state::jsonb->'holds') AS h(creation, hold)
  ), '{}'),
  'lots', CASE WHEN (state->>'balance')::int + held > 0 THEN jsonb_build_object('1', jsonb_build_object(
    'credits', (state->>'balance')::int, 'held', held,
    'source', '', 'bought', false, 'expires_at', null, 'reference', null
  )) ELSE '{}' END,
  'lots_made', CASE WHEN (state->>'earned_entries')::int > 0 THEN 1 ELSE 0 END,
  'low', 0
))::json
FROM (
  SELECT stream_id AS wallet, coalesce((
    SELECT sum((hold->>'credits')::int) FROM json_each(state->'holds') AS h(creation, hold)
  ), 0)::int AS held
  FROM streams
) AS pending
WHERE stream_id LIKE 'wallet-%' AND stream_id = wallet AND state->'lots' IS NULL
"""


def upgrade() -> None:
    op.execute("ALTER TABLE transfers ADD COLUMN IF NOT EXISTS earned_after bigint")
    op.execute("ALTER TABLE transfers ADD COLUMN IF NOT EXISTS lots text NOT NULL DEFAULT ''")
    op.execute("ALTER TABLE transfers ALTER COLUMN lots DROP DEFAULT")
    op.execute("ALTER TABLE transfers ADD COLUMN IF NOT EXISTS reference text")
    op.execute(STATES.replace(":", "\\:"))
    tables.journal.create_all(op.get_bind())
    schema.append_only(ROLE, ["seals"])
    op.execute(chain.FUNCTION)
    op.execute(chain.TRIGGER)
    op.execute(chain.SEAL_THE_PAST.replace(":", "\\:"))
    own = [tables.corrections, tables.redemptions]
    tables.metadata.create_all(op.get_bind(), tables=own)
    schema.mutable(ROLE, [table.name for table in own])
    schema.sequence(ROLE, "correction_ids")
