"""Daily challenges, and what they rest on. Searching needs no table: styles are few.

The first migration makes today's tables on a new database, so what is there already is left alone.
"""

from alembic import op

from kernel import schema
from services.catalog import tables

revision = "0002"
down_revision = "0001"
ROLE = "catalog"
OWN = [tables.challenges, tables.pictures, tables.picture_likes, tables.makers, tables.day_counts, tables.departed]


def upgrade() -> None:
    tables.metadata.create_all(op.get_bind(), tables=OWN)
    schema.mutable(ROLE, [table.name for table in OWN])
