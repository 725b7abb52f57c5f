"""What every service's first migration does alike: the kernel's tables, who may do what, what may never change."""

from collections.abc import Iterable

import sqlalchemy as sa
from alembic import op

from kernel import store

APPEND_ONLY_FUNCTION = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only: corrections are new rows, never edits', TG_TABLE_NAME
    USING ERRCODE = 'integrity_constraint_violation';
END $$
"""


def create_kernel(role: str) -> None:
    """Events, stream states, command keys, relay cursor, timers; `role` is the service's database role.

    The function that writes them is code, not data: every migration run brings it up to date.
    """
    store.metadata.create_all(op.get_bind())
    op.execute(APPEND_ONLY_FUNCTION)
    append_only(role, ["events", "command_keys"])
    mutable(role, ["streams", "relay_cursor", "timers"])


def append_only(role: str, tables: Iterable[str]) -> None:
    """The role may read and insert, and a trigger refuses change even to the owner."""
    for table in tables:
        op.execute(f'GRANT SELECT, INSERT ON "{table}" TO "{role}"')
        op.execute(
            f"CREATE TRIGGER {table}_rows_stay BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()",
        )
        op.execute(
            f"CREATE TRIGGER {table}_stays BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
        )


def mutable(role: str, tables: Iterable[str]) -> None:
    for table in tables:
        op.execute(f'GRANT SELECT, INSERT, UPDATE, DELETE ON "{table}" TO "{role}"')


def sequence(role: str, name: str) -> None:
    """A sequence for public ids."""
    op.execute(sa.schema.CreateSequence(sa.Sequence(name)))
    op.execute(f'GRANT USAGE ON SEQUENCE "{name}" TO "{role}"')
