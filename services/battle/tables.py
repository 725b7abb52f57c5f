"""Battle's tables: what follows from events and can be rebuilt, and what is private or passing and cannot."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

metadata = sa.MetaData()
"""Read tables, made from events alone."""

private = sa.MetaData()
"""Mutable tables: who was shown what, where votes came from, what others have told us."""

pool = sa.Table(
    "pool",
    metadata,
    sa.Column("creation_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("user_id", sa.BigInteger, nullable=False, index=True),
    sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False, index=True),
)
"""Pictures that wait for an opponent."""

battles = sa.Table(
    "battles",
    metadata,
    sa.Column("battle_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("creation_a", sa.BigInteger, nullable=False),
    sa.Column("user_a", sa.BigInteger, nullable=False),
    sa.Column("creation_b", sa.BigInteger, nullable=False),
    sa.Column("user_b", sa.BigInteger, nullable=False),
    sa.Column("status", sa.Text, nullable=False, comment="active, ended, cancelled"),
    sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("ended_at", sa.DateTime(timezone=True)),
    sa.Column("votes_a", sa.BigInteger, nullable=False),
    sa.Column("votes_b", sa.BigInteger, nullable=False),
    sa.Column("weight_a", sa.BigInteger, nullable=False, comment="hundredths of a vote"),
    sa.Column("weight_b", sa.BigInteger, nullable=False),
    sa.Column("reviews", sa.Integer, nullable=False),
    sa.Column("winner_id", sa.BigInteger, comment="a creation"),
    sa.Column("prize", sa.Integer, nullable=False),
    sa.Column("withheld", sa.Text, comment="why the winner got no prize"),
    # No index holds a column that a vote changes: so a hot battle's row is rewritten on its own page.
    postgresql_with={"fillfactor": 50},
)
sa.Index("battles_of_a", battles.c.user_a, postgresql_where=battles.c.status == "active")
sa.Index("battles_of_b", battles.c.user_b, postgresql_where=battles.c.status == "active")

votes = sa.Table(
    "votes",
    metadata,
    sa.Column("battle_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("user_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("creation_id", sa.BigInteger, nullable=False),
    sa.Column("weight", sa.SmallInteger, nullable=False),
    sa.Column("position", sa.BigInteger, nullable=False, comment="of the event: newest is highest"),
    sa.Column("voted_at", sa.DateTime(timezone=True), nullable=False),
)
sa.Index("votes_of_user", votes.c.user_id, votes.c.position)

suspects = sa.Table(
    "suspects",
    metadata,
    sa.Column("battle_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("user_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("position", sa.BigInteger, nullable=False, index=True),
    sa.Column("reasons", ARRAY(sa.Text), nullable=False),
)
"""Votes of active battles that something speaks against and that nobody has reviewed."""

suspect_count = sa.Table(
    "suspect_count",
    metadata,
    sa.Column("one", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("suspects", sa.BigInteger, nullable=False),
)
"""How many those are, so that they need not be counted."""

fighters = sa.Table(
    "fighters",
    metadata,
    sa.Column("user_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("rating", sa.Integer, nullable=False),
    sa.Column("fought", sa.Integer, nullable=False, comment="battles that have ended"),
)

fought = sa.Table(
    "fought",
    metadata,
    sa.Column("user_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False, comment="of the battle's end"),
    sa.Column("battle_id", sa.BigInteger, nullable=False),
)
"""The battles of each person that have ended: two rows a battle."""

meetings = sa.Table(
    "meetings",
    metadata,
    sa.Column("low_user", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("high_user", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("met_at", sa.DateTime(timezone=True), nullable=False),
)
"""When two people last began a battle."""

exposure = sa.Table(
    "exposure",
    private,
    sa.Column("battle_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("user_a", sa.BigInteger, nullable=False),
    sa.Column("user_b", sa.BigInteger, nullable=False),
    sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("seen", sa.BigInteger, nullable=False),
)
"""Active battles, and how often each was shown."""
sa.Index("exposure_least_seen", exposure.c.seen, exposure.c.battle_id)

shown = sa.Table(
    "shown",
    private,
    sa.Column("user_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("battle_id", sa.BigInteger, nullable=False, index=True),
)
"""The battle that each person was shown last, while it is active."""

skips = sa.Table(
    "skips",
    private,
    sa.Column("battle_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("user_id", sa.BigInteger, primary_key=True, autoincrement=False, index=True),
)
"""Active battles that somebody did not want to see again."""

ballots = sa.Table(
    "ballots",
    private,
    sa.Column("battle_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("user_id", sa.BigInteger, primary_key=True, autoincrement=False, index=True),
    sa.Column("device", sa.BigInteger, nullable=False),
    sa.Column("address", sa.BigInteger, nullable=False),
)
"""Where the votes of active battles came from, as salted hashes (0: not known). They go when the battle ends."""
sa.Index("ballots_by_device", ballots.c.battle_id, ballots.c.device, postgresql_where=ballots.c.device != 0)
sa.Index("ballots_by_address", ballots.c.battle_id, ballots.c.address, postgresql_where=ballots.c.address != 0)

marks = sa.Table(
    "marks",
    private,
    sa.Column("user_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("mark", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False, index=True),
)
"""Devices and addresses of those who fight, as hashes that are others for each person. They go some days later."""

accounts = sa.Table(
    "accounts",
    private,
    sa.Column("user_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("since", sa.DateTime(timezone=True), nullable=False),
)
"""When each account was opened, as auth told."""
