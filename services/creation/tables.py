"""Creation's tables: what follows from events and can be rebuilt, and what is private or passing and cannot."""

import sqlalchemy as sa

metadata = sa.MetaData()
"""Read tables, made from events alone."""

private = sa.MetaData()
"""Mutable tables: what people wrote, where their pictures lie, what others have told us."""

queue = sa.Table(
    "queue",
    metadata,
    sa.Column("creation_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("position", sa.BigInteger, nullable=False, comment="of the event that queued it"),
)
"""Jobs whose credits are held and that no worker has taken up."""
sa.Index("queue_in_order", queue.c.position)

creations = sa.Table(
    "creations",
    metadata,
    sa.Column("creation_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("user_id", sa.BigInteger, nullable=False),
    sa.Column("style_id", sa.BigInteger, nullable=False),
    sa.Column("position", sa.BigInteger, nullable=False, comment="of the event that finished it: newest is highest"),
    sa.Column("mood", sa.Text),
    sa.Column("weather", sa.Text),
    sa.Column("dress_style", sa.Text),
    sa.Column("is_public", sa.Boolean, nullable=False, comment="as its owner wants it"),
    sa.Column("credits_used", sa.Integer, nullable=False),
    sa.Column("credits_remaining", sa.Integer, nullable=False),
    sa.Column("processing_ms", sa.Integer, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
)
"""Finished pictures."""
sa.Index("creations_of_user", creations.c.user_id, creations.c.position, postgresql_include=["creation_id"])

counts = sa.Table(
    "counts",
    metadata,
    sa.Column("user_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("finished", sa.BigInteger, nullable=False),
)
"""How many finished pictures each user has, so that no list has to be counted."""

materials = sa.Table(
    "materials",
    private,
    sa.Column("creation_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("user_id", sa.BigInteger, nullable=False, index=True),
    sa.Column("custom_prompt", sa.Text),
    sa.Column("prompt", sa.Text, nullable=False),
    sa.Column("negative_prompt", sa.Text, nullable=False),
    sa.Column("effect", sa.Text, nullable=False),
    sa.Column("original_key", sa.Text, comment="null, like the next, when it is made from words"),
    sa.Column("working_key", sa.Text),
    sa.Column("result_key", sa.Text),
    sa.Column("thumbnail_key", sa.Text),
)
"""What a picture is made of, and what it became. The row goes when the job fails or the picture is deleted."""

stored = sa.Table(
    "stored",
    private,
    sa.Column("place", sa.Text, primary_key=True, comment="a key, or with a slash at its end a folder of keys"),
    sa.Column("creation_id", sa.BigInteger, nullable=False, index=True),
    sa.Column("abandoned_at", sa.DateTime(timezone=True)),
)
"""Every place in object storage that may hold something of a creation: written down before anything is put there."""
sa.Index("stored_abandoned", stored.c.abandoned_at, postgresql_where=stored.c.abandoned_at.is_not(None))

job_progress = sa.Table(
    "job_progress",
    private,
    sa.Column("creation_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("progress", sa.Integer, nullable=False),
)
"""How far each job under way is, in percent, as its worker says it about once a second."""

style_copies = sa.Table(
    "style_copies",
    private,
    sa.Column("style_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("version", sa.Integer, nullable=False, comment="of the style's stream: an older event changes nothing"),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("slug", sa.Text, nullable=False),
    sa.Column("prompt_template", sa.Text, nullable=False),
    sa.Column("negative_prompt", sa.Text, nullable=False),
    sa.Column("effect", sa.Text, nullable=False),
    sa.Column("credits_required", sa.Integer, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
)
"""The styles, as catalog last published them."""

departed = sa.Table(
    "departed",
    private,
    sa.Column("user_id", sa.BigInteger, primary_key=True, autoincrement=False),
)
"""Who has deleted their account: nothing is made for them any more. Ids alone."""
