"""Phones, avatars, exports, and every place that holds something of a person."""

from alembic import op

from kernel import schema
from services.auth import tables

revision = "0004"
down_revision = "0001"
ROLE = "auth"

# The first migration makes the tables as they are defined today: on a new database most of this is there already.
PEOPLE = (
    "ALTER TABLE people ADD COLUMN IF NOT EXISTS phone TEXT",
    "ALTER TABLE people ADD COLUMN IF NOT EXISTS referral_code TEXT",
    "ALTER TABLE people ADD COLUMN IF NOT EXISTS avatar_folder TEXT",
    "ALTER TABLE people DROP COLUMN IF EXISTS avatar_url",
)
UNIQUE_PHONE = """
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_constraint WHERE conname = 'people_phone_key') THEN
    ALTER TABLE people ADD CONSTRAINT people_phone_key UNIQUE (phone);
  END IF;
END $$
"""


def upgrade() -> None:
    for statement in (*PEOPLE, UNIQUE_PHONE):
        op.execute(statement)
    for table in (tables.places, tables.exports):
        table.create(op.get_bind(), checkfirst=True)
    schema.mutable(ROLE, ["places", "exports"])
