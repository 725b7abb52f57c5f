"""Alembic's environment, the same for every service: the connection comes from `kernel.migrations`."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
