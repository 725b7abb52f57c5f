"""What the periods of subscriptions were paid with, so that what goes back is found; the past is in the journal.
Refunds among the corrections.
"""

from itertools import groupby

import sqlalchemy as sa
from alembic import op

from kernel import schema
from kernel.decider import Codec
from services.ledger.payments import tables as payments
from services.ledger.payments.subscription import SUBSCRIPTION

revision = "0004"
down_revision = "0003"
ROLE = "ledger"

PAST = """
INSERT INTO subscription_payments (provider, payment_id, subscription_id, charge_id, paid_at)
SELECT data->>'provider', data->>'payment_id', (data->>'subscription_id')::bigint, data->>'charge_id', recorded_at
FROM events WHERE type = 'PeriodStarted'
"""
SUBSCRIPTIONS = """
SELECT stream_id, type, data::text FROM events WHERE stream_id LIKE 'subscription-%' ORDER BY stream_id, version
"""
STATE = sa.text("UPDATE streams SET state = CAST(:state AS json) WHERE stream_id = :stream_id")


def upgrade() -> None:
    own = [payments.subscription_payments]
    payments.metadata.create_all(op.get_bind(), tables=own)
    schema.mutable(ROLE, [table.name for table in own])
    op.execute(PAST.replace(":", "\\:"))
    for column in ("order_id", "amount"):
        op.execute(f"ALTER TABLE corrections ADD COLUMN IF NOT EXISTS {column} bigint")
    _fold_again()


def _fold_again() -> None:
    """A subscription's state knew its payments' ids only. Now it knows what each was for, and older terms."""
    connection = op.get_bind()
    codec = Codec(SUBSCRIPTION)
    history = connection.exec_driver_sql(SUBSCRIPTIONS).all()
    for stream_id, rows in groupby(history, key=lambda row: row[0]):
        state = SUBSCRIPTION.initial
        for _, kind, data in rows:
            state = SUBSCRIPTION.evolve(state, codec.event(kind, data))
        connection.execute(STATE, {"state": codec.encode(state), "stream_id": stream_id})
