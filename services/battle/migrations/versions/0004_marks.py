"""Where those who fight were seen; why a winner got no prize."""

from alembic import op

from kernel import schema
from services.battle import tables

revision = "0004"
down_revision = "0003"
ROLE = "battle"


def upgrade() -> None:
    # An earlier migration makes the tables as they are defined today: on a new database this is there already.
    op.execute("ALTER TABLE battles ADD COLUMN IF NOT EXISTS withheld text")
    tables.marks.create(op.get_bind(), checkfirst=True)
    schema.mutable(ROLE, ["marks"])
