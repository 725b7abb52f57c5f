"""Credit notes for what goes back of receipts."""

from alembic import op

from kernel import schema
from services.ledger.payments import tables as payments

revision = "0006"
down_revision = "0005"
ROLE = "ledger"


def upgrade() -> None:
    read = [payments.credit_notes]
    payments.metadata.create_all(op.get_bind(), tables=read)
    schema.mutable(ROLE, [table.name for table in read])
