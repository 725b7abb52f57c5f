"""What reports weigh, when accounts signed up, and which pictures a moderator has removed."""

from alembic import op

from kernel import schema
from services.creation.domain.reporting import FULL_WEIGHT
from services.creation.social import tables

revision = "0005"
down_revision = "0004"
ROLE = "creation"
LAST_WORD = """
SELECT DISTINCT ON (stream_id) stream_id, version, data->>'decision' AS decision
FROM events WHERE type = 'CaseDecided' ORDER BY stream_id, version DESC
"""
# What was reported before weighs as much as it did then: each a full report.
FILL = (
    f"UPDATE cases SET weight = reports * {FULL_WEIGHT} WHERE weight = 0",
    f"""
    UPDATE showings SET removed = true FROM ({LAST_WORD}) last
    WHERE last.decision = 'remove' AND last.stream_id = 'creation-' || showings.creation_id
    """,
    f"""
    UPDATE streams SET state = jsonb_set(state::jsonb, '{{showing,removed}}', 'true')::json FROM ({LAST_WORD}) last
    WHERE last.decision = 'remove' AND last.stream_id = streams.stream_id
      AND jsonb_typeof(state::jsonb->'showing') = 'object'
    """,
    f"""
    UPDATE streams SET state = jsonb_set(state::jsonb, '{{showing,open_reports}}', said.reports)::json
    FROM (
      SELECT e.stream_id,
             jsonb_agg(jsonb_build_object('by', e.data->'by', 'weight', {FULL_WEIGHT}) ORDER BY e.version) AS reports
      FROM events e LEFT JOIN ({LAST_WORD}) last USING (stream_id)
      WHERE e.type = 'PictureReported' AND e.version > coalesce(last.version, 0)
      GROUP BY e.stream_id
    ) said
    WHERE said.stream_id = streams.stream_id AND jsonb_typeof(state::jsonb->'showing') = 'object'
      AND NOT (state::jsonb->'showing') ? 'open_reports'
    """,
)


def upgrade() -> None:
    # The first migration makes the tables as they are defined today: on a new database all of this is there already.
    op.execute("ALTER TABLE showings ADD COLUMN IF NOT EXISTS removed boolean NOT NULL DEFAULT false")
    op.execute("ALTER TABLE cases ADD COLUMN IF NOT EXISTS weight bigint NOT NULL DEFAULT 0")
    tables.accounts.create(op.get_bind(), checkfirst=True)
    schema.mutable(ROLE, [tables.accounts.name])
    for statement in FILL:
        op.execute(statement)
