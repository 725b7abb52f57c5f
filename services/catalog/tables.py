"""The catalog's read tables. Categories and styles are few (hundreds); only `style_uses` grows, by a row a day each."""

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
