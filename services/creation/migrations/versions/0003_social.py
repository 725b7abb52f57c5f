"""How pictures stand among people: feed, likes, looks, favourites, reports, links."""

from alembic import op

from kernel import schema
from services.creation.domain import trend
from services.creation.social import tables

revision = "0003"
down_revision = "0002"
ROLE = "creation"
READ = (
    tables.showings,
    tables.shown_counts,
    tables.likes,
    tables.views,
    tables.favorites,
    tables.favorite_counts,
    tables.contests,
    tables.cases,
)
PRIVATE = (tables.reports, tables.moderation_texts, tables.tags, tables.shares)
FILL = (
    f"""
    INSERT INTO showings (creation_id, user_id, style_id, position, visible, hidden, likes, views, trend, battle_wins)
    SELECT creation_id, user_id, style_id, position, is_public, false, 0, 0,
           extract(epoch FROM created_at)::double precision / {trend.HALF_LIFE_S}, 0
    FROM creations ON CONFLICT DO NOTHING
    """,  # noqa: S608  (a number of our own)
    """
    INSERT INTO shown_counts (user_id, style_id, shown)
    SELECT coalesce(user_id, 0), coalesce(style_id, 0), count(*)
    FROM showings WHERE visible GROUP BY CUBE (user_id, style_id)
    HAVING count(*) > 0
    ON CONFLICT DO NOTHING
    """,
)


def upgrade() -> None:
    # The first migration makes the tables as they are defined today: on a new database all of this is there already.
    for table in (*READ, *PRIVATE):
        table.create(op.get_bind(), checkfirst=True)
    schema.mutable(ROLE, [table.name for table in (*READ, *PRIVATE)])
    for statement in FILL:
        op.execute(statement)
    op.execute("DROP INDEX IF EXISTS creations_in_style")  # the feed's own index serves
    # A page is found in the index alone, however many are skipped.
    op.execute("DROP INDEX creations_of_user")
    op.execute("CREATE INDEX creations_of_user ON creations (user_id, position) INCLUDE (creation_id)")
