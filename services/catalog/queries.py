"""Every read of the catalog."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from contracts.errors import ServiceError
from contracts.rpc.catalog import (
    Categories,
    Category,
    GetStyle,
    ListCategories,
    ListStyles,
    ListTrending,
    Style,
    StyleDetail,
    StylePage,
    TrendingStyle,
    TrendingStyles,
)
from kernel.clock import Clock, utc_now
from kernel.db import Database, Query
from kernel.objects import Objects
from kernel.text import words
from services.catalog.domain import StyleNotFound, Trend
from services.catalog.tables import categories, style_uses, styles

TRENDING = 10
RELATED = 6
NEW_FOR = timedelta(days=7)
WEEK_DAYS = 7
TEMPLATE_WORDS = 20
MAX_SEARCH_WORDS = 10
LAST_BIGINT = 2**63 - 1

_counts = (
    sa.select(styles.c.category_id, sa.func.count().label("styles_count"))
    .where(styles.c.active)
    .group_by(styles.c.category_id)
    .subquery()
)
_shelf = sa.select(
    *(column.label(f"category_{column.name}") for column in categories.c),
    sa.func.coalesce(_counts.c.styles_count, 0).label("category_styles_count"),
).select_from(categories.outerjoin(_counts, _counts.c.category_id == categories.c.id))
_shelves = _shelf.subquery()
_CATEGORIES = Query(_shelf.order_by(categories.c.display_order, categories.c.id))

_ranked = styles.alias("ranked")
_top = (
    sa.select(_ranked.c.id)
    .where(_ranked.c.active, _ranked.c.category_id.in_(sa.select(categories.c.id)))
    .order_by(_ranked.c.trend_key.desc().nulls_last(), _ranked.c.uses_count.desc(), _ranked.c.id)
    .limit(TRENDING)
)
_is_trending = styles.c.id.in_(_top)
_offered = (
    sa.select(
        styles.c.id,
        styles.c.name,
        styles.c.slug,
        styles.c.description,
        styles.c.tags,
        styles.c.credits_required,
        styles.c.preview_key,
        styles.c.published_at,
        styles.c.uses_count,
        _is_trending.label("is_trending"),
        *_shelves.c,
    )
    .select_from(styles.join(_shelves, _shelves.c.category_id == styles.c.category_id))
    .where(styles.c.active)
)

_ALL = Query(_offered)

_category = sa.bindparam("category", type_=sa.Text)
_published_after = sa.bindparam("published_after", type_=sa.DateTime(timezone=True))
_found = _offered.where(
    sa.or_(_category.is_(None), _shelves.c.category_slug == _category),
    sa.or_(sa.not_(sa.bindparam("only_trending", type_=sa.Boolean)), _is_trending),
    sa.or_(_published_after.is_(None), styles.c.published_at > _published_after),
    styles.c.search_text.like(sa.all_(sa.bindparam("patterns", type_=ARRAY(sa.Text)))),
)
_COUNT = Query(sa.select(sa.func.count()).select_from(_found.subquery()))
_ORDERS: dict[str, tuple[Any, ...]] = {
    "popular": (styles.c.uses_count.desc(), styles.c.id),
    "newest": (styles.c.published_at.desc(), styles.c.id.desc()),
    "name": (sa.collate(styles.c.name_words, "C"), styles.c.id),
}
_PAGE = {
    sort: Query(
        _found.add_columns(sa.func.count().over().label("total"))
        .order_by(*order)
        .limit(sa.bindparam("size", type_=sa.BigInteger))
        .offset(sa.bindparam("skip", type_=sa.BigInteger))
    )
    for sort, order in _ORDERS.items()
}

_week = (
    sa.select(sa.func.coalesce(sa.func.sum(style_uses.c.uses), 0))
    .where(style_uses.c.style_id == styles.c.id, style_uses.c.day > sa.bindparam("week_before", type_=sa.Date))
    .scalar_subquery()
)
_TRENDING = Query(
    _offered.where(_is_trending).add_columns(styles.c.trend_key, styles.c.half_life_s, _week.label("weekly_uses"))
)

_id = sa.bindparam("style_id", type_=sa.BigInteger)
_STYLE = Query(_offered.where(styles.c.id == _id).add_columns(styles.c.prompt_template, styles.c.sample_keys))
_category_id = sa.bindparam("category_id", type_=sa.BigInteger)
_tags = sa.bindparam("tags", type_=ARRAY(sa.Text))
_same_category = styles.c.category_id == _category_id
_shared_tags = (
    sa.select(sa.func.count())
    .select_from(sa.func.unnest(styles.c.tags).alias("tag"))
    .where(sa.column("tag") == sa.any_(_tags))
    .scalar_subquery()
)
_RELATED = Query(
    _offered.where(styles.c.id != _id, sa.or_(_same_category, styles.c.tags.overlap(_tags)))
    .order_by((sa.cast(_same_category, sa.Integer) + _shared_tags).desc(), styles.c.uses_count.desc(), styles.c.id)
    .limit(RELATED)
)


@dataclass(frozen=True, slots=True)
class Queries:
    """Links are presigned when the answer is made."""

    database: Database
    objects: Objects
    clock: Clock = utc_now

    async def categories(self, _: ListCategories) -> Categories:
        return Categories(items=[self.category_of(row) for row in await self.database.rows(_CATEGORIES)])

    async def offered(self) -> list[asyncpg.Record]:
        """The rows of all styles on offer, for `style_of` and `category_of`."""
        return await self.database.rows(_ALL)

    def style_of(self, row: asyncpg.Record) -> Style:
        return Style(**self._fields(row))

    async def styles(self, request: ListStyles) -> StylePage:
        """`trending` and `new` narrow the list when they are true. Every word of `search` must begin a word of the
        name or of a tag. Errors: VALIDATION_ERROR for a page that cannot be.
        """
        if request.page < 1 or request.limit < 0:
            raise ServiceError("VALIDATION_ERROR", "Pages are counted from 1, and a limit is not negative.")
        filters = self._filters(request)
        if filters is None:
            return StylePage(items=[], total=0)
        size = min(request.limit, LAST_BIGINT) or None
        skip = min((request.page - 1) * request.limit, LAST_BIGINT)
        rows = await self.database.rows(_PAGE[request.sort], **filters, size=size, skip=skip)
        total = rows[0]["total"] if rows else await self.database.value(_COUNT, **filters)
        return StylePage(items=[self.style_of(row) for row in rows], total=total)

    async def trending(self, _: ListTrending) -> TrendingStyles:
        """The ten highest trend scores, unused styles last. They are ordered by the score as it is shown."""
        now = self.clock()
        week_before = now.astimezone(UTC).date() - timedelta(days=WEEK_DAYS)
        rows = await self.database.rows(_TRENDING, week_before=week_before)
        scored = sorted((-_score(row, now), -row["uses_count"], row["id"], row) for row in rows)
        return TrendingStyles(
            items=[
                TrendingStyle(**self._fields(row), rank=rank, trend_score=-minus, weekly_uses=row["weekly_uses"])
                for rank, (minus, _, _, row) in enumerate(scored, start=1)
            ]
        )

    async def style(self, request: GetStyle) -> StyleDetail:
        """Errors: STYLE_NOT_FOUND."""
        if not 0 < request.style_id <= LAST_BIGINT:
            raise StyleNotFound
        row = await self.database.row(_STYLE, style_id=request.style_id)
        if row is None:
            raise StyleNotFound
        related = await self.database.rows(
            _RELATED, style_id=row["id"], category_id=row["category_id"], tags=row["tags"]
        )
        return StyleDetail(
            **self._fields(row),
            prompt_template=_first_words(row["prompt_template"]),
            sample_outputs=[self.objects.url(key) for key in (row["preview_key"], *row["sample_keys"])],
            related_styles=[self.style_of(other) for other in related],
        )

    def _filters(self, request: ListStyles) -> dict[str, Any] | None:
        """The values of `_found`; None where nothing can be found. Empty texts ask for nothing in particular."""
        if request.category and not request.category.isprintable():  # PostgreSQL knows no zero character
            return None
        search = (request.search or "").strip()
        sought = words(search)[:MAX_SEARCH_WORDS]
        if search and not sought:
            return None
        return {
            "category": request.category or None,
            "only_trending": bool(request.trending),
            "published_after": self.clock() - NEW_FOR if request.new else None,
            "patterns": [f"% {word}%" for word in sought],
        }

    def category_of(self, row: asyncpg.Record) -> Category:
        return Category(
            id=row["category_id"],
            name=row["category_name"],
            slug=row["category_slug"],
            icon=row["category_icon"],
            description=row["category_description"],
            preview_url=self._url(row["category_preview_key"]),
            display_order=row["category_display_order"],
            styles_count=row["category_styles_count"],
        )

    def _fields(self, row: asyncpg.Record) -> dict[str, Any]:
        return {
            "id": row["id"],
            "name": row["name"],
            "slug": row["slug"],
            "description": row["description"],
            "preview_url": self._url(row["preview_key"]),
            "category": self.category_of(row),
            "uses_count": row["uses_count"],
            "is_trending": row["is_trending"],
            "is_new": row["published_at"] > self.clock() - NEW_FOR,
            "tags": row["tags"],
            "credits_required": row["credits_required"],
        }

    def _url(self, key: str | None) -> str | None:
        return self.objects.url(key) if key else None


def _score(row: asyncpg.Record, now: datetime) -> float:
    if row["trend_key"] is None:
        return 0.0
    return round(Trend(row["trend_key"], row["half_life_s"]).score(now), 2)


def _first_words(text: str) -> str:
    found = text.split()
    return text if len(found) <= TEMPLATE_WORDS else " ".join(found[:TEMPLATE_WORDS]).rstrip(".,;:") + "…"
