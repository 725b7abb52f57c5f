"""Who stands on which board, and how many do under each beginning of a key.

A place's `key` sorts its board: whoever has won more often stands before, and of those who have won as often, whoever
got there first. Its higher bits are the wins that are missing to `MOST_WINS`, its lower ones when the last win came.

`board_counts` is a tree over the keys' bits, a row for each prefix that anybody stands under. A rank is the sum of what
stands to the left of the way from the root to a key: at most 128 rows on each of seven levels.
"""

import sqlalchemy as sa

from services.battle.tables import metadata

LEAF_BITS = 10
STEP_BITS = 7
ARRIVAL_BITS = 38
WIN_BITS = 21
MOST_WINS = (1 << WIN_BITS) - 1
ROOT = ARRIVAL_BITS + WIN_BITS
SHIFTS = tuple(range(ROOT - STEP_BITS, LEAF_BITS - 1, -STEP_BITS))
"""Of the levels, from the root's children to the leaves: a node's prefix is its keys without so many bits."""

_ROOM = {"fillfactor": "80"}
"""Room on the page for a row's next version: where the key stays as it is, no index is touched."""

board_places = sa.Table(
    "board_places",
    metadata,
    sa.Column("user_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("board", sa.Text(collation="C"), primary_key=True, comment="all_time, 2026-W46, 2026-10"),
    sa.Column("key", sa.BigInteger, nullable=False),
    sa.Column("wins", sa.BigInteger, nullable=False),
    sa.Column("battles", sa.BigInteger, nullable=False, comment="that have ended; ties are among them"),
    postgresql_with=_ROOM,
)
sa.Index("board_places_in_order", board_places.c.board, board_places.c.key, unique=True)

board_counts = sa.Table(
    "board_counts",
    metadata,
    sa.Column("board", sa.Text(collation="C"), primary_key=True),
    sa.Column("shift", sa.SmallInteger, primary_key=True, autoincrement=False, comment="which level"),
    sa.Column("prefix", sa.BigInteger, primary_key=True, autoincrement=False, comment="key >> shift"),
    sa.Column("players", sa.Integer, nullable=False),
    postgresql_with=_ROOM,
)

board_leavers = sa.Table(
    "board_leavers",
    metadata,
    sa.Column("user_id", sa.BigInteger, primary_key=True, autoincrement=False),
)
"""Who has deleted their account: a battle of theirs that ends later brings them on no board again."""
