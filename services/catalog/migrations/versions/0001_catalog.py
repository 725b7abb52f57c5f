"""Categories, styles and their uses."""

from alembic import op

from kernel import schema
from services.catalog import tables

revision = "0001"
down_revision = None
ROLE = "catalog"


def upgrade() -> None:
    schema.create_kernel(ROLE)
    tables.metadata.create_all(op.get_bind())
    schema.mutable(ROLE, [table.name for table in tables.metadata.sorted_tables])
