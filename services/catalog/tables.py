"""The catalog's read tables. Categories and styles are few (hundreds); `style_uses` grows by a row a day each.

From `challenges` on: what daily challenges are, and rest on. Of people they hold ids alone.
"""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

metadata = sa.MetaData()

categories = sa.Table(
    "categories",
    metadata,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("slug", sa.Text, nullable=False, unique=True),
    sa.Column("icon", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("display_order", sa.Integer, nullable=False),
    sa.Column("preview_key", sa.Text),
)
styles = sa.Table(
    "styles",
    metadata,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("slug", sa.Text, nullable=False, unique=True),
    sa.Column("category_id", sa.BigInteger, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("prompt_template", sa.Text, nullable=False),
    sa.Column("negative_prompt", sa.Text, nullable=False),
    sa.Column("effect", sa.Text, nullable=False),
    sa.Column("tags", ARRAY(sa.Text), nullable=False),
    sa.Column("credits_required", sa.Integer, nullable=False),
    sa.Column("preview_key", sa.Text, nullable=False),
    sa.Column("sample_keys", ARRAY(sa.Text), nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("name_words", sa.Text, nullable=False, comment="for sorting: without case and accents"),
    sa.Column("search_text", sa.Text, nullable=False, comment="words of name and tags, a space before each"),
    sa.Column("published_at", sa.DateTime(timezone=True), nullable=False, comment="first; later changes keep it"),
    sa.Column("uses_count", sa.BigInteger, nullable=False),
    sa.Column("trend_key", sa.Double, comment="see domain.Trend; null: never used"),
    sa.Column("half_life_s", sa.Double, comment="of the trend key"),
)
style_uses = sa.Table(
    "style_uses",
    metadata,
    sa.Column("style_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("day", sa.Date, primary_key=True, comment="UTC"),
    sa.Column("uses", sa.Integer, nullable=False),
)

challenges = sa.Table(
    "challenges",
    metadata,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False, comment="the day, as 20261121"),
    sa.Column("day", sa.Date, nullable=False, unique=True, comment="UTC"),
    sa.Column("style_id", sa.BigInteger, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("started", sa.Boolean, nullable=False),
)
sa.Index("challenges_styles", challenges.c.style_id, challenges.c.day, postgresql_where=challenges.c.started)

pictures = sa.Table(
    "pictures",
    metadata,
    sa.Column("creation_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("user_id", sa.BigInteger, nullable=False, index=True),
    sa.Column("style_id", sa.BigInteger, nullable=False),
    sa.Column("day", sa.Date, nullable=False, comment="UTC"),
    sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("is_public", sa.Boolean, nullable=False),
    sa.Column("likes", sa.Integer, nullable=False, comment="given on that same day"),
    comment="what there is, of people who are there: any style may be that day's challenge",
)
sa.Index(
    "pictures_board",
    pictures.c.style_id,
    pictures.c.day,
    pictures.c.likes.desc(),
    pictures.c.made_at,
    pictures.c.creation_id,
    postgresql_where=pictures.c.is_public,
)
picture_likes = sa.Table(
    "picture_likes",
    metadata,
    sa.Column("creation_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("user_id", sa.BigInteger, primary_key=True, autoincrement=False, index=True),
    comment="also of pictures that have not been heard of yet",
)
makers = sa.Table(
    "makers",
    metadata,
    sa.Column("style_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("user_id", sa.BigInteger, primary_key=True, autoincrement=False, index=True),
    comment="who made a picture, whatever became of it",
)
day_counts = sa.Table(
    "day_counts",
    metadata,
    sa.Column("style_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("makers", sa.Integer, nullable=False),
    sa.Column("shown", sa.Integer, nullable=False, comment="public pictures"),
)
departed = sa.Table(
    "departed",
    metadata,
    sa.Column("user_id", sa.BigInteger, primary_key=True, autoincrement=False),
    comment="nothing that comes late brings them back",
)
