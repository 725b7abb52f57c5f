"""Creation's own copy of catalog's styles: a picture can be asked for while catalog is away."""

from dataclasses import dataclass

import sqlalchemy as sa

from contracts.events.catalog import StylePublished
from kernel.db import Database, Query
from services.creation.domain import Style
from services.creation.tables import style_copies

_ACTIVE = Query(
    sa.select(style_copies).where(style_copies.c.style_id == sa.bindparam("style_id"), style_copies.c.active)
)
_LEARN = """
INSERT INTO style_copies (style_id, version, name, slug, prompt_template, negative_prompt, effect, credits_required,
                          active)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (style_id) DO UPDATE
SET version = excluded.version, name = excluded.name, slug = excluded.slug, prompt_template = excluded.prompt_template,
    negative_prompt = excluded.negative_prompt, effect = excluded.effect, credits_required = excluded.credits_required,
    active = excluded.active
WHERE style_copies.version < excluded.version
"""


@dataclass(frozen=True, slots=True)
class StyleCopy:
    """What a request needs of a style: the order's part of it, and what a painter is told."""

    style: Style
    prompt_template: str
    negative_prompt: str
    effect: str


class StyleCopies:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def learn(self, event: StylePublished, version: int) -> None:
        """Take over what catalog says, unless something newer is known: events may come twice and in any order."""
        async with self._database.write() as connection:
            await connection.execute(
                _LEARN,
                event.style_id,
                version,
                event.name,
                event.slug,
                event.prompt_template,
                event.negative_prompt,
                event.effect,
                event.credits_required,
                event.active,
            )

    async def find(self, style_id: int) -> StyleCopy | None:
        """None when there is no such style, or it is no longer offered."""
        row = await self._database.row(_ACTIVE, style_id=style_id)
        if row is None:
            return None
        style = Style(row["style_id"], row["name"], row["credits_required"])
        return StyleCopy(style, row["prompt_template"], row["negative_prompt"], row["effect"])
