"""Avatars, exports, and every place that holds something of a person."""

from alembic import op

from kernel import schema
from services.auth import tables

revision = "0004"
down_revision = "0003"
ROLE = "auth"

# The first migration makes the tables as they are defined today: on a new database most of this is there already.
PEOPLE = (
    "ALTER TABLE people ADD COLUMN IF NOT EXISTS avatar_folder TEXT",
    "ALTER TABLE people DROP COLUMN IF EXISTS avatar_url",
)


def upgrade() -> None:
    for statement in PEOPLE:
        op.execute(statement)
    for table in (tables.places, tables.exports):
        table.create(op.get_bind(), checkfirst=True)
    schema.mutable(ROLE, ["places", "exports"])
