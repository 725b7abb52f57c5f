"""Money that bought nothing is found by its payment, and can be refunded; why a correction failed; whom purchases are
billed to.
"""

from itertools import groupby

import sqlalchemy as sa
from alembic import op

from kernel import schema
from kernel.decider import Codec
from services.ledger.payments import tables as payments
from services.ledger.payments.order import ORDER

revision = "0005"
down_revision = "0004"
ROLE = "ledger"

COLUMNS = {"payment_id": "text", "subscription_id": "bigint", "failed_code": "text", "failed_reason": "text"}
STRAYS = """
INSERT INTO stray_payments (provider, payment_id, order_id)
SELECT DISTINCT data->>'provider', data->>'payment_id', (data->>'order_id')::bigint
FROM events WHERE type = 'PaymentMismatched' AND data->>'fault' IN ('second_payment', 'amount')
"""
FAILURES = """
UPDATE corrections SET failed_code = data->>'code', failed_reason = ''
FROM events WHERE type = 'CorrectionFailed' AND correction_id = (data->>'correction_id')::bigint
"""
# Locked in the order in which the command bus locks them, and before their events are read: the processes of before
# still work, and what they commit meanwhile must not be lost.
LOCK = """
SELECT stream_id FROM streams WHERE stream_id IN (
  SELECT stream_id FROM events WHERE stream_id LIKE 'order-%' AND type IN ('PaymentMismatched', 'RefundMade')
) ORDER BY stream_id FOR UPDATE
"""
CHANGED = "SELECT stream_id, type, data::text FROM events WHERE stream_id = ANY(:changed) ORDER BY stream_id, version"
STATE = sa.text("UPDATE streams SET state = CAST(:state AS json) WHERE stream_id = :stream_id")


def upgrade() -> None:
    _fold_again()  # first: who waits for one of these tables may hold a stream that is to be locked
    read, kept = [payments.stray_payments], [payments.billing_details]
    payments.metadata.create_all(op.get_bind(), tables=read)
    payments.private.create_all(op.get_bind(), tables=kept)
    schema.mutable(ROLE, [table.name for table in (*read, *kept)])
    op.execute("ALTER TABLE receipts ADD COLUMN IF NOT EXISTS is_integrated boolean NOT NULL DEFAULT false")
    for column, kind in COLUMNS.items():
        op.execute(f"ALTER TABLE corrections ADD COLUMN IF NOT EXISTS {column} {kind}")
    op.execute(STRAYS.replace(":", "\\:"))
    op.execute(FAILURES.replace(":", "\\:"))


def _fold_again() -> None:
    """An order's state knew only the ids of money that bought nothing, and not what its refunds are called."""
    connection = op.get_bind()
    codec = Codec(ORDER)
    changed = list(connection.exec_driver_sql(LOCK).scalars())
    history = connection.execute(sa.text(CHANGED), {"changed": changed}).all()
    for stream_id, rows in groupby(history, key=lambda row: row[0]):
        state = ORDER.initial
        for _, kind, data in rows:
            state = ORDER.evolve(state, codec.event(kind, data))
        connection.execute(STATE, {"state": codec.encode(state), "stream_id": stream_id})
