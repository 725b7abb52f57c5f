"""Notify's read tables."""

import sqlalchemy as sa

metadata = sa.MetaData()

mails = sa.Table(
    "mails",
    metadata,
    sa.Column("mail_id", sa.Text, primary_key=True, comment="the id of the event that it tells of, in hex"),
    sa.Column("template", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False, comment="open, claimed, sent, refused or unknown"),
    sa.Column("reply", sa.Integer, comment="the relay's code, where it refused"),
    sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
)
"""One row per mail that a relay was offered: for an operator, never read to decide. Nothing in it is anyone's."""
sa.Index("mails_not_sent", mails.c.changed_at, postgresql_where=mails.c.status != "sent")
