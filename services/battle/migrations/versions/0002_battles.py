"""Battles, votes, the pool; and what is private or passing."""

from alembic import op

from kernel import schema
from services.battle import tables

revision = "0002"
down_revision = "0001"
ROLE = "battle"


def upgrade() -> None:
    schema.sequence(ROLE, "battle_ids")
    for metadata in (tables.metadata, tables.private):
        metadata.create_all(op.get_bind())
        schema.mutable(ROLE, [table.name for table in metadata.sorted_tables])
