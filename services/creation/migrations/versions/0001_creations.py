"""Creations, their private parts, and the styles they are made in."""

from alembic import op

from kernel import schema
from services.creation import tables

revision = "0001"
down_revision = None
ROLE = "creation"


def upgrade() -> None:
    schema.create_kernel(ROLE)
    schema.sequence(ROLE, "creation_ids")
    for metadata in (tables.metadata, tables.private):
        metadata.create_all(op.get_bind())
        schema.mutable(ROLE, [table.name for table in metadata.sorted_tables])
