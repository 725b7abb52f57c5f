"""Leaderboards: places, and the counts that make ranks cheap."""

from alembic import op

from kernel import schema
from services.battle.boards.tables import metadata

revision = "0003"
down_revision = "0001"


def upgrade() -> None:
    metadata.create_all(op.get_bind())
    schema.mutable("battle", [table.name for table in metadata.sorted_tables])
