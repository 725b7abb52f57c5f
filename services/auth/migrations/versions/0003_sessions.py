"""Sessions that can be seen and ended, roles, guests, signing keys that rotate."""

from alembic import op

from kernel import schema
from services.auth import tables

revision = "0003"
down_revision = "0002"
ROLE = "auth"
READ = [tables.accounts, tables.revocations, tables.admin_actions]
PRIVATE = [tables.sessions, tables.guests, tables.guest_counts, tables.signing_keys]


def upgrade() -> None:
    for column in ("email", "email_folded", "referral_code"):
        op.execute(f"ALTER TABLE people ALTER COLUMN {column} DROP NOT NULL")
    tables.metadata.create_all(op.get_bind(), tables=READ)
    tables.private.create_all(op.get_bind(), tables=PRIVATE)
    # Whoever was there before: what the projections would have written.
    op.execute("""
        INSERT INTO accounts (user_id, role, suspended, ends)
        SELECT (data->>'user_id')::bigint, 'user', false, 0 FROM events WHERE type = 'UserSignedUp'
    """)
    op.execute("""
        INSERT INTO revocations (position, at, user_id, session_id)
        SELECT position, recorded_at, (data->>'user_id')::bigint, data->>'session_id'
        FROM events WHERE type = 'SessionRevoked'
    """)
    op.execute("""
        INSERT INTO sessions (session_id, user_id, device_id, device_name, platform, ends, started_at, last_used_at, ended_at)
        SELECT e.data->>'session_id', (e.data->>'user_id')::bigint, '', '', '', 0, e.recorded_at, e.recorded_at, r.at
        FROM events e LEFT JOIN revocations r ON r.session_id = e.data->>'session_id'
        WHERE e.type = 'SessionStarted'
    """)
    schema.append_only(ROLE, ["revocations", "admin_actions"])
    schema.mutable(ROLE, ["accounts", *[table.name for table in PRIVATE]])
