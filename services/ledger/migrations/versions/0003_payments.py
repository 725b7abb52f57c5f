"""Orders and their payments, receipts, subscriptions."""

from alembic import op

from kernel import schema
from services.ledger.payments import tables as payments

revision = "0003"
down_revision = "0002"
ROLE = "ledger"
READ = [payments.orders, payments.receipts, payments.subscriptions, payments.subscription_history]
KEPT = [payments.notices]


def upgrade() -> None:
    connection = op.get_bind()
    payments.metadata.create_all(connection, tables=READ)
    payments.private.create_all(connection, tables=KEPT)
    schema.mutable(ROLE, [table.name for table in (*READ, *KEPT)])
    schema.sequence(ROLE, "order_ids")
    schema.sequence(ROLE, "subscription_ids")
