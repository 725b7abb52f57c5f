"""A finished picture with how it stands among people, as its owner sees it and as everyone else does."""

from typing import Any

import asyncpg
import sqlalchemy as sa

from contracts.rpc import creation as rpc
from kernel.clock import iso
from kernel.objects import Objects
from services.creation.social.tables import contests, likes, showings
from services.creation.tables import creations, materials

_viewer = sa.bindparam("viewer", type_=sa.BigInteger)


def marked(table: sa.Table) -> sa.Exists:
    """Whether the viewer has set such a mark."""
    return sa.exists().where(table.c.user_id == _viewer, table.c.creation_id == creations.c.creation_id)


FINISHED = (
    sa.select(
        creations,
        materials.c.custom_prompt,
        materials.c.original_key,
        materials.c.result_key,
        materials.c.thumbnail_key,
        showings.c.visible,
        showings.c.hidden,
        showings.c.likes,
        showings.c.views,
        showings.c.battle_wins,
        showings.c.featured,
        sa.exists().where(contests.c.creation_id == creations.c.creation_id).label("in_battle"),
        marked(likes).label("is_liked"),
    )
    .join(materials, materials.c.creation_id == creations.c.creation_id)
    .join(showings, showings.c.creation_id == creations.c.creation_id)
)
"""Needs the `viewer`: whose likes are told."""


def beginning(rows: sa.Select[Any], *order: str, most: int) -> sa.CTE:
    """The first `size` of these rows by these columns, highest first; never more than `most`.

    A number that stands in the statement tells the planner that they are few, so that it need not plan each time anew.
    """
    few = rows.limit(sa.literal_column(str(most))).subquery()
    return sa.select(few).order_by(*[few.c[name].desc() for name in order]).limit(sa.bindparam("size")).cte("page")


def own(row: asyncpg.Record, objects: Objects) -> rpc.Creation:
    return rpc.Creation(
        id=row["creation_id"],
        style_id=row["style_id"],
        original_image_url=objects.url(row["original_key"]) if row["original_key"] else None,
        generated_image_url=objects.url(row["result_key"]),
        thumbnail_url=objects.url(row["thumbnail_key"]),
        mood=row["mood"],
        weather=row["weather"],
        dress_style=row["dress_style"],
        custom_prompt=row["custom_prompt"],
        is_public=row["is_public"],
        likes_count=row["likes"],
        in_battle=row["in_battle"],
        battle_wins=row["battle_wins"],
        is_liked=row["is_liked"],
        is_featured=row["featured"] is not None,
        is_hidden=row["hidden"],
        credits_used=row["credits_used"],
        credits_remaining=row["credits_remaining"],
        processing_time=round(row["processing_ms"] / 1000, 2),
        created_at=iso(row["created_at"]),
    )


def public(row: asyncpg.Record, objects: Objects) -> rpc.PublicCreation:
    return rpc.PublicCreation(
        id=row["creation_id"],
        style_id=row["style_id"],
        user_id=row["user_id"],
        generated_image_url=objects.url(row["result_key"]),
        thumbnail_url=objects.url(row["thumbnail_key"]),
        likes_count=row["likes"],
        is_liked=row["is_liked"],
        is_featured=row["featured"] is not None,
        created_at=iso(row["created_at"]),
    )
