"""Inboxes, devices, preferences and what is to be pushed."""

from alembic import op

from kernel import schema
from services.notify import tables

revision = "0003"
down_revision = "0002"
ROLE = "notify"


def upgrade() -> None:
    # The second migration makes the read tables as they are defined today: on a new database they are there already.
    for metadata in (tables.metadata, tables.private):
        metadata.create_all(op.get_bind())
        schema.mutable(ROLE, [table.name for table in metadata.sorted_tables])
