"""Tables of the social side: what follows from events and can be rebuilt, and what people wrote and cannot."""

import sqlalchemy as sa

from services.creation.tables import metadata, private

showings = sa.Table(
    "showings",
    metadata,
    sa.Column("creation_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("user_id", sa.BigInteger, nullable=False),
    sa.Column("style_id", sa.BigInteger, nullable=False),
    sa.Column("position", sa.BigInteger, nullable=False, comment="of the event that finished it: newest is highest"),
    sa.Column("visible", sa.Boolean, nullable=False, comment="to everyone"),
    sa.Column("hidden", sa.Boolean, nullable=False, comment="by reports or a moderator, whatever its owner wants"),
    sa.Column("likes", sa.BigInteger, nullable=False),
    sa.Column("views", sa.BigInteger, nullable=False),
    sa.Column("trend", sa.Double, nullable=False, comment="see domain/trend.py"),
    sa.Column("battle_wins", sa.BigInteger, nullable=False),
    sa.Column("featured", sa.BigInteger, comment="position of the event; null when it is no pick"),
    sa.Column("removed", sa.Boolean, nullable=False, server_default=sa.false(), comment="by a moderator"),
)
"""How each finished picture stands among people. Private ones are here, too, and in none of the feed's indexes."""

LAST: dict[str, sa.Column[int] | sa.Column[float]] = {
    "newest": showings.c.position,
    "popular": showings.c.likes,
    "trending": showings.c.trend,
}
"""What each order of the feed goes by; the position decides between equals."""
for _name, _column in LAST.items():
    _order = [_column] if _name == "newest" else [_column, showings.c.position]
    for _of, _filter in (("all", []), ("style", [showings.c.style_id]), ("user", [showings.c.user_id])):
        sa.Index(f"showings_{_name}_of_{_of}", *_filter, *_order, postgresql_where=showings.c.visible)
sa.Index("showings_featured", showings.c.featured, postgresql_where=showings.c.featured.is_not(None))

shown_counts = sa.Table(
    "shown_counts",
    metadata,
    sa.Column("user_id", sa.BigInteger, primary_key=True, autoincrement=False, comment="0: everyone"),
    sa.Column("style_id", sa.BigInteger, primary_key=True, autoincrement=False, comment="0: every style"),
    sa.Column("shown", sa.BigInteger, nullable=False),
)
"""How many pictures are visible, so that no feed has to be counted."""


def _marks(name: str) -> sa.Table:
    table = sa.Table(
        name,
        metadata,
        sa.Column("user_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("creation_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("position", sa.BigInteger, nullable=False, comment="of the event"),
    )
    sa.Index(f"{name}_of_creation", table.c.creation_id)
    return table


likes, views, favorites = _marks("likes"), _marks("views"), _marks("favorites")
"""Who likes what, has looked at what, keeps what."""
sa.Index("favorites_in_order", favorites.c.user_id, favorites.c.position)

favorite_counts = sa.Table(
    "favorite_counts",
    metadata,
    sa.Column("user_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("favorites", sa.BigInteger, nullable=False),
)
"""How many favourites each person has that they may see."""

contests = sa.Table(
    "contests",
    metadata,
    sa.Column("battle_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("creation_id", sa.BigInteger, primary_key=True, autoincrement=False),
)
"""Battles under way, as far as we have heard."""
sa.Index("contests_of_creation", contests.c.creation_id)

cases = sa.Table(
    "cases",
    metadata,
    sa.Column("creation_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("user_id", sa.BigInteger, nullable=False),
    sa.Column("opened", sa.BigInteger, nullable=False, comment="position of the event: the oldest waits longest"),
    sa.Column("reports", sa.BigInteger, nullable=False),
    sa.Column("appealed", sa.Boolean, nullable=False),
    sa.Column("weight", sa.BigInteger, nullable=False, server_default="0", comment="hundredths of a report"),
)
"""What moderators are to look at: a row goes when it is decided."""
sa.Index("cases_in_order", cases.c.opened)

reports = sa.Table(
    "reports",
    private,
    sa.Column("creation_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("user_id", sa.BigInteger, primary_key=True, autoincrement=False, index=True),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("note", sa.Text),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
)

accounts = sa.Table(
    "accounts",
    private,
    sa.Column("user_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("since", sa.DateTime(timezone=True), nullable=False),
)
"""When each account signed up, as auth told: a new one's report weighs less. Guests, who cannot report, have none."""

moderation_texts = sa.Table(
    "moderation_texts",
    private,
    sa.Column("creation_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("version", sa.BigInteger, primary_key=True, autoincrement=False, comment="of the event in its stream"),
    sa.Column("user_id", sa.BigInteger, nullable=False, index=True, comment="who wrote it"),
    sa.Column("kind", sa.Text, nullable=False, comment="appeal, keep or remove"),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
)
"""What owners said against a hiding, and moderators for their decisions."""

tags = sa.Table(
    "tags",
    private,
    sa.Column("creation_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("tags", sa.ARRAY(sa.Text), nullable=False),
)

shares = sa.Table(
    "shares",
    private,
    sa.Column("slug", sa.Text, primary_key=True),
    sa.Column("creation_id", sa.BigInteger, nullable=False),
    sa.Column("user_id", sa.BigInteger, nullable=False, index=True, comment="who shared it"),
    sa.UniqueConstraint("creation_id", "user_id", name="shares_of_creation"),
)
"""Links that cannot be guessed, one for each picture and person."""
