"""People are found by name: the keys of everybody's name, guests' excepted."""

import sqlalchemy as sa
from alembic import op

from kernel import schema
from kernel.text import index_keys
from services.auth import tables

revision = "0005"
down_revision = "0004"
ROLE = "auth"
BATCH = 1000
NAMES = sa.text("""
SELECT people.user_id, people.name FROM people JOIN accounts ON accounts.user_id = people.user_id
WHERE people.user_id > :after AND accounts.role <> 'guest' ORDER BY people.user_id LIMIT :batch
""")


def upgrade() -> None:
    connection = op.get_bind()
    # The first migration makes today's tables: on a new database this one is there already.
    tables.name_keys.create(connection, checkfirst=True)
    schema.mutable(ROLE, ["name_keys"])
    after = 0
    while rows := connection.execute(NAMES, {"after": after, "batch": BATCH}).fetchall():
        values = [{"user_id": user_id, "forms": index_keys(name)} for user_id, name in rows]
        connection.execute(sa.insert(tables.name_keys), values)
        after = rows[-1].user_id
