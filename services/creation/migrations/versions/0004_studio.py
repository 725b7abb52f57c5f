"""Pictures from words have no photo; photos that were uploaded by themselves wait for a job."""

from alembic import op

from kernel import schema
from services.creation import upload_tables

revision = "0004"
down_revision = "0003"
ROLE = "creation"


def upgrade() -> None:
    op.execute("ALTER TABLE materials ALTER COLUMN original_key DROP NOT NULL")
    op.execute("ALTER TABLE materials ALTER COLUMN working_key DROP NOT NULL")
    upload_tables.private.create_all(op.get_bind())
    schema.mutable(ROLE, [table.name for table in upload_tables.private.sorted_tables])
