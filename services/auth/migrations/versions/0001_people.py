"""People and the counts of guesses at their passwords."""

from alembic import op

from kernel import schema
from services.auth import tables

revision = "0001"
down_revision = None
ROLE = "auth"


def upgrade() -> None:
    schema.create_kernel(ROLE)
    tables.private.create_all(op.get_bind())
    schema.mutable(ROLE, ["people", "guesses"])
    schema.sequence(ROLE, "user_ids")
