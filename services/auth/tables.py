"""Auth's tables beside the kernel's. Personal data is kept in these alone, so that it can be changed and erased."""

import sqlalchemy as sa

metadata = sa.MetaData()
"""Read tables that follow from events, and so may be rebuilt: none yet."""

private = sa.MetaData()
"""What no event holds. A rebuild must never touch it."""

people = sa.Table(
    "people",
    private,
    sa.Column("user_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("email", sa.Text, nullable=False, comment="as it was given"),
    sa.Column("email_folded", sa.Text, nullable=False, comment="as addresses are compared"),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("avatar_folder", sa.Text, comment="a key of `places`"),
    sa.Column("password_hash", sa.Text, nullable=False, comment="argon2id, with its parameters and salt"),
    sa.Column("is_verified", sa.Boolean, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("phone", sa.Text, comment="E.164"),
    sa.Column("referral_code", sa.Text),
    sa.UniqueConstraint("email_folded", name="people_email_folded_key"),
    sa.UniqueConstraint("phone", name="people_phone_key"),
)

guesses = sa.Table(
    "guesses",
    private,
    sa.Column("key", sa.LargeBinary, primary_key=True, comment="HMAC of an address or an IP"),
    sa.Column("tries", sa.Integer, nullable=False, comment="since the last success or the end of the last lock"),
    sa.Column("locks", sa.Integer, nullable=False, comment="in a row: each lasts longer than the one before"),
    sa.Column("locked_until", sa.DateTime(timezone=True)),
    sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False, index=True),
)

places = sa.Table(
    "places",
    private,
    sa.Column("place", sa.Text, primary_key=True, comment="a folder of the object storage, with a slash at its end"),
    sa.Column("user_id", sa.BigInteger, nullable=False, index=True),
    sa.Column("state", sa.Text, nullable=False, comment="reserved, kept or abandoned"),
    sa.Column("since", sa.DateTime(timezone=True), nullable=False),
)
"""Every folder that may hold something of a person: written down before anything is put there."""
sa.Index("places_to_sweep", places.c.since, postgresql_where=places.c.state != "kept")

exports = sa.Table(
    "exports",
    private,
    sa.Column("user_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("place", sa.Text, comment="where it lies; null while it is being made"),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("try_at", sa.DateTime(timezone=True), nullable=False),
)
"""Everybody's open export."""
