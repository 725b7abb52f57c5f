"""Whose materials are whose, and who has left."""

from alembic import op

from kernel import schema
from services.creation import tables

revision = "0002"
down_revision = "0001"
ROLE = "creation"

# The first migration makes the tables as they are defined today: on a new database all of this is there already.
OWNERS = (
    "ALTER TABLE materials ADD COLUMN IF NOT EXISTS user_id BIGINT",
    """
    UPDATE materials SET user_id = (streams.state -> 'order' ->> 'user_id')::bigint
    FROM streams WHERE materials.user_id IS NULL AND streams.stream_id = 'creation-' || materials.creation_id
    """,
    "ALTER TABLE materials ALTER COLUMN user_id SET NOT NULL",
    "CREATE INDEX IF NOT EXISTS ix_materials_user_id ON materials (user_id)",
)


def upgrade() -> None:
    for statement in OWNERS:
        op.execute(statement)
    tables.departed.create(op.get_bind(), checkfirst=True)
    schema.mutable(ROLE, ["departed"])
