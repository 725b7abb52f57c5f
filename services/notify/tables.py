"""Notify's tables."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

metadata = sa.MetaData()
"""What follows from events alone."""
private = sa.MetaData()
"""What does not: what people have told us of their phones and wishes, and what is yet to be pushed."""

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

notifications = sa.Table(
    "notifications",
    metadata,
    sa.Column(
        "notification_id", sa.BigInteger, primary_key=True, autoincrement=False, comment="its event's position: ordered"
    ),
    sa.Column("user_id", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("data", JSONB, nullable=False, comment="ids and numbers, as strings"),
    sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("read_at", sa.DateTime(timezone=True)),
)
sa.Index("notifications_of_user", notifications.c.user_id, notifications.c.notification_id)
sa.Index(
    "notifications_unread",
    notifications.c.user_id,
    notifications.c.notification_id,
    postgresql_where=notifications.c.read_at.is_(None),
)

inboxes = sa.Table(
    "inboxes",
    metadata,
    sa.Column("user_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("opened_at", sa.DateTime(timezone=True), comment="null: not known to have come, so no broadcasts"),
    sa.Column("total", sa.Integer, nullable=False, server_default="0", comment="of their own notifications"),
    sa.Column("unread", sa.Integer, nullable=False, server_default="0", comment="of their own"),
    sa.Column("read_through", sa.BigInteger, nullable=False, server_default="0", comment="broadcasts before are read"),
)

broadcasts = sa.Table(
    "broadcasts",
    metadata,
    sa.Column("notification_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("data", JSONB, nullable=False),
    sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False, index=True),
)
"""One row for everyone."""

broadcast_marks = sa.Table(
    "broadcast_marks",
    metadata,
    sa.Column("user_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("notification_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("deleted", sa.Boolean, nullable=False),
)
"""Who has read one of them by itself, or does not want to see it any more."""

devices = sa.Table(
    "devices",
    private,
    sa.Column("device_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column(
        "token_hash", sa.LargeBinary, nullable=False, unique=True, comment="SHA-256: tokens are too long to index"
    ),
    sa.Column("token", sa.Text, nullable=False),
    sa.Column("user_id", sa.BigInteger, nullable=False, comment="who registered it last"),
    sa.Column("platform", sa.Text, nullable=False),
    sa.Column("locale", sa.Text, nullable=False, comment="in which it is written to"),
    sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False, index=True),
)
"""Where pushes go. Tokens are in this table and nowhere else."""
sa.Index("devices_of_user", devices.c.user_id, devices.c.seen_at)

preferences = sa.Table(
    "preferences",
    private,
    sa.Column("user_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("no_push", sa.ARRAY(sa.Text), nullable=False, comment="types"),
    sa.Column("no_inbox", sa.ARRAY(sa.Text), nullable=False, comment="types"),
    sa.Column("quiet_from", sa.Time, comment="null: no quiet hours"),
    sa.Column("quiet_to", sa.Time),
    sa.Column("time_zone", sa.Text),
)

pushes = sa.Table(
    "pushes",
    private,
    sa.Column("push_id", sa.Text, primary_key=True, comment="the id of its event, in hex"),
    sa.Column("stream_id", sa.Text, nullable=False, comment="where that event stands"),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("user_id", sa.BigInteger, nullable=False, index=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("data", sa.JSON, nullable=False),
    sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("in_inbox", sa.Boolean, nullable=False),
)
"""What is yet to be pushed; when, its timer says."""

departed = sa.Table(
    "departed",
    private,
    sa.Column("user_id", sa.BigInteger, primary_key=True, autoincrement=False),
)
"""Who has deleted their account: nothing is kept for them any more. Ids alone."""
