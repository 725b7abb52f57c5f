"""Wallets and transfers."""

from alembic import op

from kernel import schema
from services.ledger import tables

revision = "0001"
down_revision = None
ROLE = "ledger"


def upgrade() -> None:
    schema.create_kernel(ROLE)
    tables.metadata.create_all(op.get_bind())
    schema.append_only(ROLE, ["transfers"])
