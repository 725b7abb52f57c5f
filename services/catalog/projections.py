"""Events → categories, styles and uses per day, a batch at a time."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, date
from typing import Any

import asyncpg
import msgspec
import sqlalchemy as sa

from kernel.store import Recorded
from kernel.text import words
from services.catalog import domain, tables
from services.catalog.challenge_projections import deadlines, project_challenges

__all__ = ["deadlines", "project"]

KEPT = ("published_at", "uses_count", "trend_key", "half_life_s")
"""What a style keeps when it is published again."""


def _upsert(table: sa.Table, *, keeping: Iterable[str] = ()) -> str:
    """Rows come as one JSON array, since a row may hold arrays, which unnest would flatten."""
    changing = [column.name for column in table.columns if not column.primary_key and column.name not in keeping]
    settings = ", ".join(f"{name} = excluded.{name}" for name in changing)
    return (
        f"INSERT INTO {table.name} SELECT * FROM jsonb_populate_recordset(NULL::{table.name}, $1::jsonb) "  # noqa: S608  (names of our own columns)
        f"ON CONFLICT (id) DO UPDATE SET {settings}"
    )


SAVE_CATEGORIES = _upsert(tables.categories)
SAVE_STYLES = _upsert(tables.styles, keeping=KEPT)
SAVE_TRENDS = """
UPDATE styles SET uses_count = new.uses_count, trend_key = new.trend_key, half_life_s = new.half_life_s
FROM unnest($1::bigint[], $2::bigint[], $3::float8[], $4::float8[]) AS new(id, uses_count, trend_key, half_life_s)
WHERE styles.id = new.id
"""
ADD_USES = """
INSERT INTO style_uses (style_id, day, uses) SELECT * FROM unnest($1::bigint[], $2::date[], $3::int[])
ON CONFLICT (style_id, day) DO UPDATE SET uses = style_uses.uses + excluded.uses
"""


async def project(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    await _save(connection, SAVE_CATEGORIES, _categories(recorded))
    await _save(connection, SAVE_STYLES, _styles(recorded))
    if trends := _trends(recorded):
        await connection.execute(SAVE_TRENDS, *zip(*trends, strict=True))
    if uses := _uses(recorded):
        rows = [(style_id, day, count) for (style_id, day), count in uses.items()]
        await connection.execute(ADD_USES, *zip(*rows, strict=True))
    await project_challenges(connection, recorded)


async def _save(connection: asyncpg.Connection, statement: str, rows: list[dict[str, Any]]) -> None:
    if rows:
        await connection.execute(statement, msgspec.json.encode(rows).decode())


def _categories(recorded: Sequence[Recorded]) -> list[dict[str, Any]]:
    rows: dict[int, dict[str, Any]] = {}
    for record in recorded:
        match record.event:
            case domain.CategoryPublished(category_id=category_id, shape=shape):
                rows[category_id] = {"id": category_id, **asdict(shape)}
    return list(rows.values())


def _styles(recorded: Sequence[Recorded]) -> list[dict[str, Any]]:
    """The last shape in the batch of each style, with the time of the first."""
    rows: dict[int, dict[str, Any]] = {}
    for record in recorded:
        match record.event:
            case (
                domain.StylePublished(style_id=style_id, shape=shape)
                | domain.StyleRetired(style_id=style_id, shape=shape)
            ):
                before = rows.get(style_id, {"published_at": record.at})
                active = isinstance(record.event, domain.StylePublished)
                rows[style_id] = _style(style_id, shape) | {"active": active, "published_at": before["published_at"]}
    return list(rows.values())


def _style(style_id: int, shape: domain.StyleShape) -> dict[str, Any]:
    return {
        "id": style_id,
        **asdict(shape),
        "name_words": " ".join(words(shape.name)),
        "search_text": "".join(f" {word}" for word in words(" ".join((shape.name, *shape.tags)))),
        "uses_count": 0,
    }


def _trends(recorded: Sequence[Recorded]) -> list[tuple[int, int, float, float]]:
    """The last word in the batch on each style."""
    rows: dict[int, tuple[int, int, float, float]] = {}
    for record in recorded:
        match record.event:
            case domain.StyleUsed(style_id=style_id) | domain.TrendRescaled(style_id=style_id):
                trend = record.event.trend
                rows[style_id] = (style_id, record.event.uses_count, trend.key, trend.half_life_s)
    return list(rows.values())


def _uses(recorded: Sequence[Recorded]) -> Counter[tuple[int, date]]:
    return Counter(
        (record.event.style_id, record.event.used_at.astimezone(UTC).date())
        for record in recorded
        if isinstance(record.event, domain.StyleUsed)
    )
