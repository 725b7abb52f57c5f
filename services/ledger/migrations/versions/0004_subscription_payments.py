"""What the periods of subscriptions were paid with, so that what goes back is found. The past is in the journal."""

from alembic import op

from kernel import schema
from services.ledger.payments import tables as payments

revision = "0004"
down_revision = "0003"
ROLE = "ledger"

PAST = """
INSERT INTO subscription_payments (provider, payment_id, subscription_id, charge_id, paid_at)
SELECT data->>'provider', data->>'payment_id', (data->>'subscription_id')::bigint, data->>'charge_id', recorded_at
FROM events WHERE type = 'PeriodStarted'
"""
# A subscription's payments were a list of ids. Now it knows what each was for.
STATES = """
UPDATE streams SET state = (state::jsonb || jsonb_build_object('payments', coalesce((
  SELECT jsonb_object_agg(data->>'payment_id', jsonb_build_object(
    'amount', data->'terms'->'amount', 'credits', data->'terms'->'credits', 'reversals', '{}'::jsonb, 'taken', 0
  ))
  FROM events WHERE events.stream_id = streams.stream_id AND type = 'PeriodStarted'
), '{}'::jsonb)))::json
WHERE stream_id LIKE 'subscription-%' AND json_typeof(state->'payments') = 'array'
"""


def upgrade() -> None:
    own = [payments.subscription_payments]
    payments.metadata.create_all(op.get_bind(), tables=own)
    schema.mutable(ROLE, [table.name for table in own])
    op.execute(PAST.replace(":", "\\:"))
    op.execute(STATES.replace(":", "\\:"))
