"""Photos stay where they were put: how far their hours have been looked through."""

from alembic import op

from kernel import schema
from services.creation import upload_tables

revision = "0006"
down_revision = "0005"
ROLE = "creation"


def upgrade() -> None:
    # A new database has it from the migration that makes the tables of uploads.
    upload_tables.photo_sweeps.create(op.get_bind(), checkfirst=True)
    schema.mutable(ROLE, [upload_tables.photo_sweeps.name])
