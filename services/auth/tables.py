"""Auth's tables beside the kernel's. Personal data is kept in these alone, so that it can be changed and erased."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

metadata = sa.MetaData()
"""Read tables that follow from events, and so may be rebuilt."""

private = sa.MetaData()
"""What no event holds. A rebuild must never touch it."""

people = sa.Table(
    "people",
    private,
    sa.Column("user_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("email", sa.Text, comment="as it was given; null: a guest"),
    sa.Column("email_folded", sa.Text, comment="as addresses are compared"),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("avatar_folder", sa.Text, comment="a key of `places`"),
    sa.Column("password_hash", sa.Text, comment="argon2id, with its parameters and salt; null: there is none"),
    sa.Column("is_verified", sa.Boolean, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("phone", sa.Text, comment="E.164"),
    sa.Column("referral_code", sa.Text, comment="their own, for others to sign up with; null: a guest"),
    sa.Column("locale", sa.Text, nullable=False, server_default="en", comment="of mails"),
    sa.UniqueConstraint("email_folded", name="people_email_folded_key"),
    sa.UniqueConstraint("phone", name="people_phone_key"),
    sa.UniqueConstraint("referral_code", name="people_referral_code_key"),
)

name_keys = sa.Table(
    "name_keys",
    private,
    sa.Column("user_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("forms", ARRAY(sa.Text), nullable=False, comment="all the forms under which the name is found"),
    comment="the names of all but guests, for searching; kept in step with `people`",
)
sa.Index(
    "name_keys_forms",
    name_keys.c.forms,
    postgresql_using="gin",
    postgresql_with={"fastupdate": "off"},  # what is pending would be read through at every search
)

google_accounts = sa.Table(
    "google_accounts",
    private,
    sa.Column("subject", sa.Text, primary_key=True, comment="Google's id of the person"),
    sa.Column("user_id", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("user_id", name="google_accounts_user_id_key"),
)

origins = sa.Table(
    "origins",
    private,
    sa.Column("user_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("referrer_id", sa.BigInteger, comment="who invited them"),
    sa.Column("household", sa.LargeBinary, comment="HMAC of the IP of the sign-up"),
    sa.Column("device", sa.LargeBinary, index=True, comment="HMAC of the device of the sign-up"),
    comment="where sign-ups came from: only to judge invitations",
)

codes = sa.Table(
    "codes",
    private,
    sa.Column("purpose", sa.Text, primary_key=True),
    sa.Column("address", sa.LargeBinary, primary_key=True, comment="HMAC of the address"),
    sa.Column("code_id", sa.Text, nullable=False),
    sa.Column("user_id", sa.BigInteger, comment="whose the address was at that moment; null: nobody's"),
    sa.Column("email", sa.Text, comment="where the code is sent, if the address is nobody's yet"),
    sa.Column("locale", sa.Text, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("used", sa.Boolean, nullable=False),
    sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False, index=True),
    sa.UniqueConstraint("code_id", name="codes_code_id_key"),
    comment="the last code of each purpose for each address; the code itself can be derived, and is nowhere",
)

counts = sa.Table(
    "counts",
    private,
    sa.Column("key", sa.LargeBinary, primary_key=True, comment="HMAC of what is counted"),
    sa.Column("count", sa.Integer, nullable=False),
    sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False, index=True),
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

accounts = sa.Table(
    "accounts",
    metadata,
    sa.Column("user_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("role", sa.Text, nullable=False, comment="guest, user, moderator or admin"),
    sa.Column("suspended", sa.Boolean, nullable=False),
    sa.Column("ends", sa.Integer, nullable=False, comment="how often all sessions were ended at once"),
    sa.Column("access_from", sa.DateTime(timezone=True), comment="access tokens up to then are void"),
    sa.Column("leaving", sa.Boolean, nullable=False, server_default=sa.false(), comment="a deletion is due"),
)
sa.Index("accounts_admins", accounts.c.user_id, postgresql_where=accounts.c.role == "admin")

revocations = sa.Table(
    "revocations",
    metadata,
    sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False, index=True),
    sa.Column("user_id", sa.BigInteger, nullable=False),
    sa.Column("session_id", sa.Text, comment="null: all that the user was given up to `before`"),
    sa.Column("before", sa.DateTime(timezone=True)),
)

admin_actions = sa.Table(
    "admin_actions",
    metadata,
    sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("by", sa.BigInteger, nullable=False, comment="0: an operator"),
    sa.Column("user_id", sa.BigInteger, nullable=False),
    sa.Column("role", sa.Text),
    sa.Column("reason", sa.Text, nullable=False),
)

sessions = sa.Table(
    "sessions",
    private,
    sa.Column("session_id", sa.Text, primary_key=True),
    sa.Column("user_id", sa.BigInteger, nullable=False, index=True),
    sa.Column("device_id", sa.Text, nullable=False),
    sa.Column("device_name", sa.Text, nullable=False),
    sa.Column("platform", sa.Text, nullable=False),
    sa.Column("ends", sa.Integer, nullable=False, comment="accounts.ends when it began"),
    sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=False, comment="right to a minute"),
    sa.Column("ended_at", sa.DateTime(timezone=True)),
)

guests = sa.Table(
    "guests",
    private,
    sa.Column("user_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("device", sa.LargeBinary, nullable=False, comment="HMAC of its id"),
    sa.Column("household", sa.LargeBinary, nullable=False, comment="HMAC of an IPv4 address or a /64"),
    sa.UniqueConstraint("device", "household", name="guests_device_household_key"),
)

guest_counts = sa.Table(
    "guest_counts",
    private,
    sa.Column("household", sa.LargeBinary, primary_key=True),
    sa.Column("arrived", sa.Integer, nullable=False, comment="new guests since `began_at`, those refused included"),
    sa.Column("began_at", sa.DateTime(timezone=True), nullable=False, index=True),
)

signing_keys = sa.Table(
    "signing_keys",
    private,
    sa.Column("kid", sa.Text, primary_key=True),
    sa.Column("seed", sa.LargeBinary, comment="encrypted; null: the setting's own key"),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("signs_from", sa.DateTime(timezone=True), nullable=False),
    sa.Column("retired_at", sa.DateTime(timezone=True), comment="when its successor begins to sign"),
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
