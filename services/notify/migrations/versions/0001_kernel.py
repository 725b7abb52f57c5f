"""The kernel's tables; notify's own come with its first feature."""

from kernel import schema

revision = "0001"
down_revision = None


def upgrade() -> None:
    schema.create_kernel("notify")
