"""Photos that were uploaded by themselves and wait for a job: private, and short-lived."""

import sqlalchemy as sa

private = sa.MetaData()

uploads = sa.Table(
    "uploads",
    private,
    sa.Column("upload_id", sa.Text, primary_key=True),
    sa.Column("user_id", sa.BigInteger, nullable=False),
    sa.Column("content_type", sa.Text, nullable=False, comment="as it was said, then as it is"),
    sa.Column("size", sa.Integer, nullable=False, comment="in bytes; as it was said, then as it is"),
    sa.Column("original_key", sa.Text, comment="null until its bytes have been looked at"),
    sa.Column("working_key", sa.Text),
    sa.Column("width", sa.Integer),
    sa.Column("height", sa.Integer),
    sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
)
"""Objects are not in `stored`: they lie under `photos/`, where what nobody adopts within an hour is swept away."""
sa.Index("uploads_of_user", uploads.c.user_id, uploads.c.expires_at)
sa.Index("uploads_expiring", uploads.c.expires_at)

upload_uses = sa.Table(
    "upload_uses",
    private,
    sa.Column("upload_id", sa.Text, primary_key=True),
    sa.Column("creation_id", sa.BigInteger, nullable=False),
)
"""Written in the transaction that accepts a job: the primary key lets each upload be used once."""

photo_sweeps = sa.Table(
    "photo_sweeps",
    private,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False, comment="1: there is one row"),
    sa.Column("swept_until", sa.DateTime(timezone=True), nullable=False, comment="the end of the last hour swept"),
)
"""How far the folders of `photos/`, one an hour, have been looked through for what nobody has adopted."""
