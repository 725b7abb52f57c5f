"""Leaderboards: places, and the counts that make ranks cheap."""

from alembic import op

from kernel import schema
from services.battle.boards.tables import board_counts, board_leavers, board_places
from services.battle.tables import metadata

revision = "0003"
down_revision = "0002"

TABLES = [board_places, board_counts, board_leavers]


def upgrade() -> None:
    metadata.create_all(op.get_bind(), TABLES)
    schema.mutable("battle", [table.name for table in TABLES])
