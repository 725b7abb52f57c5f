"""What became of each mail."""

from alembic import op

from kernel import schema
from services.notify import tables

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    tables.metadata.create_all(op.get_bind())
    schema.mutable("notify", ["mails"])
