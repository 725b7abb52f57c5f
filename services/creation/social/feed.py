"""The public feed: every order and filter has its index, every page its cursor, every total its row."""

import math
from dataclasses import dataclass
from typing import Any, Literal

import asyncpg
import sqlalchemy as sa

from contracts.errors import ServiceError
from contracts.rpc import creation
from contracts.rpc import social as rpc
from kernel.db import Database, Query
from kernel.objects import Objects
from services.creation.social.pictures import FINISHED, beginning, public
from services.creation.social.tables import LAST, showings, shown_counts
from services.creation.tables import creations

SORTS: tuple[rpc.Sort, ...] = ("newest", "popular", "trending")
Way = Literal["first", "by cursor", "by number"]
WAYS: tuple[Way, ...] = ("first", "by cursor", "by number")
"""To a page."""
MAX_LIMIT = 50
MAX_SKIPPED = 10_000
"""Pages by number go no further: what is skipped has to be read. Cursors go to the end."""
_TOTAL = Query(
    sa.select(shown_counts.c.shown).where(
        shown_counts.c.user_id == sa.bindparam("of_user"), shown_counts.c.style_id == sa.bindparam("style_id")
    )
)
_FEATURED = Query(
    FINISHED.where(showings.c.featured.is_not(None), showings.c.visible)
    .order_by(showings.c.featured.desc())
    .limit(sa.bindparam("size"))
)


class BadCursor(ServiceError):
    def __init__(self) -> None:
        message = "This cursor belongs to no feed of this order."
        super().__init__("VALIDATION_ERROR", message, {"cursor": message})


class TooFar(ServiceError):
    def __init__(self) -> None:
        message = f"Beyond the first {MAX_SKIPPED} pictures please follow next_cursor."
        super().__init__("VALIDATION_ERROR", message, {"page": message})


@dataclass(frozen=True, slots=True)
class Place:
    """Behind which picture a page begins. `key` is what the order goes by; of the newest, it is the position."""

    key: float
    position: int

    def __str__(self) -> str:
        return f"{self.key!r}_{self.position}"


def place_of(cursor: str, sort: rpc.Sort) -> Place:
    """Errors: VALIDATION_ERROR."""
    key, _, position = cursor.partition("_")
    try:
        place = Place(float(key) if sort == "trending" else int(key), int(position))
    except ValueError:
        raise BadCursor from None
    if not (math.isfinite(place.key) and abs(place.key) < 2**63 and 0 <= place.position < 2**63):
        raise BadCursor
    return place


def _page(sort: rpc.Sort, filters: frozenset[str], way: Way) -> Query:
    column = LAST[sort]
    order = [column] if sort == "newest" else [column, showings.c.position]
    names = [each.name for each in order]
    where: list[sa.ColumnElement[bool]] = [showings.c.visible]
    if "style_id" in filters:
        where.append(showings.c.style_id == sa.bindparam("style_id"))
    if "of_user" in filters:
        where.append(showings.c.user_id == sa.bindparam("of_user"))
    if way == "by cursor":
        after: list[sa.BindParameter[Any]] = [sa.bindparam("position", type_=sa.BigInteger)]
        if sort != "newest":
            after.insert(0, sa.bindparam("key", type_=sa.Double if sort == "trending" else sa.BigInteger))
        where.append(sa.tuple_(*order) < sa.tuple_(*after))
    rows = sa.select(showings.c.creation_id, *order).where(*where).order_by(*[each.desc() for each in order])
    if way == "by number":
        page = rows.limit(sa.bindparam("size")).offset(sa.bindparam("skipped")).cte("page")
    else:
        page = beginning(rows, *names, most=MAX_LIMIT + 1)
    found = FINISHED.join(page, page.c.creation_id == creations.c.creation_id)
    return Query(
        found.add_columns(showings.c.trend, showings.c.position.label("place")).order_by(
            *[page.c[name].desc() for name in names]
        )
    )


class Feed:
    def __init__(self, database: Database, objects: Objects) -> None:
        self._database = database
        self._objects = objects
        self._pages = {
            (sort, filters, way): _page(sort, filters, way)
            for sort in SORTS
            for filters in map(frozenset, ((), ("style_id",), ("of_user",), ("style_id", "of_user")))
            for way in WAYS
        }

    async def page(self, request: rpc.ListFeed) -> rpc.FeedPage:
        """Errors: VALIDATION_ERROR."""
        limit = min(max(request.limit, 1), MAX_LIMIT)
        skipped = 0 if request.cursor else (request.page - 1) * limit
        if skipped > MAX_SKIPPED:
            raise TooFar
        place = place_of(request.cursor, request.sort) if request.cursor else None
        filters = {"style_id": request.style_id, "of_user": request.of_user}
        given = {name: value for name, value in filters.items() if value is not None}
        total = await self._database.value(_TOTAL, **{name: value or 0 for name, value in filters.items()})
        if not total or 0 in given.values():
            return rpc.FeedPage(items=[], total=0, next_cursor=None)
        after = {"key": place.key, "position": place.position} if place else {}
        way: Way = "by cursor" if place else "by number" if skipped else "first"
        question = self._pages[request.sort, frozenset(given), way]
        # One more than is wanted tells whether there is more.
        rows = await self._database.rows(
            question, viewer=request.user_id, size=limit + 1, skipped=skipped, **given, **after
        )
        items = [public(row, self._objects) for row in rows[:limit]]
        more = len(rows) > limit
        return rpc.FeedPage(
            items=items, total=total, next_cursor=str(_place(rows[limit - 1], request.sort)) if more else None
        )

    async def featured(self, request: creation.Featured) -> creation.PublicCreations:
        size = min(max(request.limit, 1), MAX_LIMIT)
        rows = await self._database.rows(_FEATURED, viewer=request.user_id, size=size)
        return creation.PublicCreations(items=[public(row, self._objects) for row in rows])


def _place(row: asyncpg.Record, sort: rpc.Sort) -> Place:
    keys = {"newest": "place", "popular": "likes", "trending": "trend"}
    return Place(row[keys[sort]], row["place"])
