"""Reads of one picture among people, of what one keeps, and of what moderators look at."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg
import sqlalchemy as sa

from contracts.rpc import creation
from contracts.rpc import social as rpc
from kernel.clock import iso
from kernel.db import Database, Query
from kernel.objects import Objects
from services.creation.domain import CreationNotFound
from services.creation.domain.reporting import FULL_WEIGHT
from services.creation.social.pictures import FINISHED, marked, own, public
from services.creation.social.tables import (
    accounts,
    cases,
    contests,
    favorite_counts,
    favorites,
    moderation_texts,
    reports,
    shares,
    showings,
    tags,
    views,
)
from services.creation.tables import creations

MAX_LIMIT = 50
LATEST = 10
SHARED_LINK_LIFE = timedelta(minutes=5)
"""A shared picture's address goes to anyone: so long it can still be fetched by it after it was made private. Caches
keep the redirect to it for a minute, and a slow phone has to begin its download before it ends.
"""
LAST_PLACE = 2**63 - 1
_user = sa.bindparam("user_id", type_=sa.BigInteger)
_creation = sa.bindparam("creation_id", type_=sa.BigInteger)
_ids = sa.bindparam("creation_ids", type_=sa.ARRAY(sa.BigInteger))
_ONE = Query(
    FINISHED.add_columns(tags.c.tags, marked(views).label("is_seen"), marked(favorites).label("is_favorite"))
    .join(tags, tags.c.creation_id == creations.c.creation_id, isouter=True)
    .where(creations.c.creation_id == _creation)
)
_STANDING = Query(
    sa.select(showings.c.user_id, showings.c.visible, showings.c.likes).where(showings.c.creation_id == _creation)
)
_LIKES = Query(sa.select(showings.c.likes).where(showings.c.creation_id == _creation))
_IN_BATTLE = Query(sa.select(sa.exists().where(contests.c.creation_id == _creation)))
_COUNTS = Query(sa.select(showings.c.creation_id, showings.c.likes).where(showings.c.creation_id == sa.func.any(_ids)))
_favorites = (
    sa.select(favorites.c.creation_id, favorites.c.position)
    .join(showings, showings.c.creation_id == favorites.c.creation_id)
    .where(
        favorites.c.user_id == _user,
        sa.or_(showings.c.visible, showings.c.user_id == _user),
        favorites.c.position < sa.bindparam("before", type_=sa.BigInteger),
    )
    .order_by(favorites.c.position.desc())
    .limit(sa.bindparam("size"))
    .offset(sa.bindparam("skipped"))
    .cte("page")
)
_FAVORITES = Query(
    FINISHED.add_columns(_favorites.c.position.label("place"))
    .join(_favorites, _favorites.c.creation_id == creations.c.creation_id)
    .order_by(_favorites.c.position.desc())
)
_FAVORITES_TOTAL = Query(sa.select(favorite_counts.c.favorites).where(favorite_counts.c.user_id == _user))
_CASES = Query(
    FINISHED.add_columns(cases.c.opened, cases.c.reports, cases.c.weight, cases.c.appealed)
    .join(cases, cases.c.creation_id == creations.c.creation_id)
    .where(cases.c.opened > sa.bindparam("after", type_=sa.BigInteger))
    .order_by(cases.c.opened)
    .limit(sa.bindparam("size"))
)
_CASES_TOTAL = Query(sa.select(sa.func.count()).select_from(cases))  # only what waits is there
_REPORTS = Query(
    sa.select(reports)
    .where(reports.c.creation_id == sa.func.any(_ids))
    .order_by(reports.c.at.desc(), reports.c.user_id)
)
_TEXTS = Query(
    sa.select(moderation_texts)
    .where(moderation_texts.c.creation_id == sa.func.any(_ids))
    .order_by(moderation_texts.c.version)
)
_SINCE = Query(sa.select(accounts.c.since).where(accounts.c.user_id == _user))
_SHARED = Query(
    FINISHED.join(shares, shares.c.creation_id == creations.c.creation_id).where(
        shares.c.slug == sa.bindparam("slug"), showings.c.visible
    )
)


@dataclass(frozen=True, slots=True)
class Standing:
    owner_id: int
    visible: bool
    likes: int

    def seen_by(self, user_id: int) -> bool:
        return self.visible or self.owner_id == user_id


@dataclass(frozen=True, slots=True)
class Look:
    """`is_new`: at another's picture, for the first time."""

    shown: creation.OneCreation
    owner_id: int
    is_new: bool


class SocialQueries:
    def __init__(self, database: Database, objects: Objects) -> None:
        self._database = database
        self._objects = objects

    async def look(self, creation_id: int, user_id: int) -> Look:
        """Errors: CREATION_NOT_FOUND."""
        row = await self._database.row(_ONE, creation_id=creation_id, viewer=user_id)
        is_own = row is not None and row["user_id"] == user_id
        if row is None or not (is_own or row["visible"]):  # that it exists is nobody else's business
            raise CreationNotFound
        shown = creation.OneCreation(
            own=own(row, self._objects) if is_own else None,
            public=None if is_own else public(row, self._objects),
            views_count=row["views"],
            tags=row["tags"] or [],
            is_favorite=row["is_favorite"],
        )
        return Look(shown, row["user_id"], is_new=not is_own and not row["is_seen"])

    async def standing(self, creation_id: int, user_id: int) -> Standing:
        """Of a picture that this person may see. Errors: CREATION_NOT_FOUND."""
        found = await self.standing_of(creation_id)
        if not found.seen_by(user_id):
            raise CreationNotFound
        return found

    async def standing_of(self, creation_id: int) -> Standing:
        """Whoever may see it. Errors: CREATION_NOT_FOUND."""
        row = await self._database.row(_STANDING, creation_id=creation_id)
        if row is None:
            raise CreationNotFound
        return Standing(row["user_id"], row["visible"], row["likes"])

    async def in_battle(self, creation_id: int) -> bool:
        """As far as we have heard."""
        return bool(await self._database.value(_IN_BATTLE, creation_id=creation_id))

    async def signed_up_at(self, user_id: int) -> datetime | None:
        """None while that has not been heard of."""
        since: datetime | None = await self._database.value(_SINCE, user_id=user_id)
        return since

    async def likes(self, creation_id: int) -> int:
        return await self._database.value(_LIKES, creation_id=creation_id) or 0

    async def like_counts(self, request: creation.CountLikes) -> creation.LikeCounts:
        rows = await self._database.rows(_COUNTS, creation_ids=request.creation_ids)
        return creation.LikeCounts(counts={row["creation_id"]: row["likes"] for row in rows})

    async def favorites(self, request: rpc.ListFavorites) -> rpc.FavoritePage:
        user_id, limit = request.user_id, min(max(request.limit, 1), MAX_LIMIT)
        total = await self._database.value(_FAVORITES_TOTAL, user_id=user_id) or 0
        skipped = 0 if request.cursor else min((request.page - 1) * limit, total)
        before = request.cursor or LAST_PLACE
        rows = await self._database.rows(
            _FAVORITES, user_id=user_id, viewer=user_id, before=before, size=limit + 1, skipped=skipped
        )
        return rpc.FavoritePage(
            items=[public(row, self._objects) for row in rows[:limit]],
            total=total,
            next_cursor=rows[limit - 1]["place"] if len(rows) > limit else None,
        )

    async def cases(self, request: rpc.ListCases) -> rpc.CasePage:
        limit = min(max(request.limit, 1), MAX_LIMIT)
        rows = await self._database.rows(_CASES, viewer=request.by, after=request.cursor or 0, size=limit + 1)
        ids = [row["creation_id"] for row in rows[:limit]]
        said = await self._database.rows(_REPORTS, creation_ids=ids)
        written = await self._database.rows(_TEXTS, creation_ids=ids)
        return rpc.CasePage(
            items=[self._case(row, said, written) for row in rows[:limit]],
            total=await self._database.value(_CASES_TOTAL),
            next_cursor=rows[limit - 1]["opened"] if len(rows) > limit else None,
        )

    def _case(self, row: asyncpg.Record, said: list[asyncpg.Record], written: list[asyncpg.Record]) -> rpc.Case:
        mine = [found for found in said if found["creation_id"] == row["creation_id"]][:LATEST]
        texts = [found for found in written if found["creation_id"] == row["creation_id"]]
        return rpc.Case(
            creation=public(row, self._objects),
            is_public=row["is_public"],
            is_hidden=row["hidden"],
            is_appealed=row["appealed"],
            in_battle=row["in_battle"],
            reports=row["reports"],
            weight=row["weight"] / FULL_WEIGHT,
            latest_reports=[
                rpc.Report(reason=each["reason"], note=each["note"], user_id=each["user_id"], at=iso(each["at"]))
                for each in mine
            ],
            texts=[
                rpc.ModerationText(kind=each["kind"], text=each["text"], user_id=each["user_id"], at=iso(each["at"]))
                for each in texts
            ],
        )

    async def shared(self, request: rpc.OpenShare) -> creation.PublicCreation:
        """Errors: CREATION_NOT_FOUND."""
        row = await self._database.row(_SHARED, slug=request.slug, viewer=0)
        if row is None:
            raise CreationNotFound
        urls = {
            name: self._objects.passing_url(row[key], SHARED_LINK_LIFE)
            for name, key in (("generated_image_url", "result_key"), ("thumbnail_url", "thumbnail_key"))
        }
        return public(row, self._objects).model_copy(update=urls)
