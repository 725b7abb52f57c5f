"""Codes by mail, referral codes, phones, Google accounts; accounts without a password.

The first migration makes today's tables on a new database, so what is there already is left alone.
"""

import secrets

import sqlalchemy as sa
from alembic import op

from kernel import schema
from services.auth import tables

revision = "0002"
down_revision = "0001"
ROLE = "auth"
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


def upgrade() -> None:
    connection = op.get_bind()
    op.execute("ALTER TABLE people ALTER COLUMN password_hash DROP NOT NULL")
    op.execute("ALTER TABLE people ADD COLUMN IF NOT EXISTS phone text")
    op.execute("ALTER TABLE people ADD COLUMN IF NOT EXISTS referral_code text")
    op.execute("ALTER TABLE people ADD COLUMN IF NOT EXISTS locale text NOT NULL DEFAULT 'en'")
    op.execute("CREATE UNIQUE INDEX IF NOT EXISTS people_phone_key ON people (phone)")
    op.execute("CREATE UNIQUE INDEX IF NOT EXISTS people_referral_code_key ON people (referral_code)")
    for (user_id,) in connection.execute(sa.text("SELECT user_id FROM people WHERE referral_code IS NULL")).fetchall():
        code = "".join(secrets.choice(ALPHABET) for _ in range(8))
        connection.execute(
            sa.text("UPDATE people SET referral_code = :code WHERE user_id = :id"), {"code": code, "id": user_id}
        )
    op.execute("ALTER TABLE people ALTER COLUMN referral_code SET NOT NULL")
    own = [tables.google_accounts, tables.origins, tables.codes, tables.counts]
    tables.private.create_all(connection, tables=own)
    schema.mutable(ROLE, [table.name for table in own])
