"""What stands in an inbox: a person's own notifications, and among them what everyone was told since they came."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any

import asyncpg
import msgspec
import sqlalchemy as sa

from contracts.rpc import notify as rpc
from contracts.rpc.auth import Locale
from contracts.rpc.exporting import ExportPage
from kernel.clock import Clock, iso
from kernel.db import Database, Query
from services.notify.tables import notifications
from services.notify.words import words_of

NEWS_FOR = timedelta(days=30)
"""How long everyone is shown what everyone was told. So there are few, and counting them is cheap."""
EXPORT_PAGE = 500
NEWEST = 2**63 - 1

# Of everyone's, those that this person sees.
_SEEN = """
FROM broadcasts b JOIN inboxes i ON i.user_id = :user_id
LEFT JOIN broadcast_marks m ON m.user_id = i.user_id AND m.notification_id = b.notification_id
WHERE b.happened_at >= greatest(i.opened_at, CAST(:since AS timestamptz)) AND i.opened_at IS NOT NULL
  AND m.deleted IS NOT TRUE AND b.kind <> ALL(CAST(:hidden AS text[]))
"""
_IS_UNREAD = "(b.notification_id > i.read_through AND m.read_at IS NULL)"
# A person's own come by their index; each side is read no further than the page goes.
_PAGE = Query(
    sa.text(f"""
SELECT * FROM (
  (SELECT notification_id, kind, data, happened_at, read_at IS NOT NULL AS is_read FROM notifications
   WHERE user_id = :user_id AND notification_id < CAST(:before AS bigint)
   ORDER BY notification_id DESC LIMIT CAST(:last AS bigint))
  UNION ALL
  (SELECT b.notification_id, b.kind, b.data, b.happened_at, NOT {_IS_UNREAD}
   {_SEEN} AND b.notification_id < CAST(:before AS bigint))
) AS found ORDER BY notification_id DESC OFFSET CAST(:skipped AS bigint) LIMIT CAST(:wanted AS bigint)
""")  # noqa: S608  (nothing of it comes from outside)
)
_UNREAD_PAGE = Query(
    sa.text(f"""
SELECT * FROM (
  (SELECT notification_id, kind, data, happened_at, false AS is_read FROM notifications
   WHERE user_id = :user_id AND notification_id < CAST(:before AS bigint) AND read_at IS NULL
   ORDER BY notification_id DESC LIMIT CAST(:last AS bigint))
  UNION ALL
  (SELECT b.notification_id, b.kind, b.data, b.happened_at, false
   {_SEEN} AND b.notification_id < CAST(:before AS bigint) AND {_IS_UNREAD})
) AS found ORDER BY notification_id DESC OFFSET CAST(:skipped AS bigint) LIMIT CAST(:wanted AS bigint)
""")  # noqa: S608
)
_COUNTS = Query(
    sa.text(f"""
SELECT coalesce(sum(total), 0)::bigint AS total, coalesce(sum(unread), 0)::bigint AS unread FROM (
  SELECT total, unread FROM inboxes WHERE user_id = :user_id
  UNION ALL
  SELECT count(*), count(*) FILTER (WHERE {_IS_UNREAD}) {_SEEN}
) AS counted
""")  # noqa: S608
)
_IS_UNREAD_NOW = Query(
    sa.text(f"""
SELECT read_at IS NULL FROM notifications WHERE notification_id = :id AND user_id = :user_id
UNION ALL
SELECT {_IS_UNREAD} {_SEEN} AND b.notification_id = :id
""")  # noqa: S608
)
_EXPORT = Query(
    sa.select(notifications)
    .where(notifications.c.user_id == sa.bindparam("user_id"), notifications.c.notification_id > sa.bindparam("after"))
    .order_by(notifications.c.notification_id)
    .limit(EXPORT_PAGE)
)


class Queries:
    """`hidden` are the types that the person does not want in the inbox."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def page(self, request: rpc.ListNotifications, hidden: Collection[str]) -> rpc.NotificationPage:
        skipped = 0 if request.cursor else (request.page - 1) * request.limit
        wanted = request.limit + 1  # one more tells whether anything follows
        rows = await self._database.rows(
            _UNREAD_PAGE if request.unread else _PAGE,
            **self._known(request.user_id, hidden),
            before=request.cursor or NEWEST,
            last=skipped + wanted,
            skipped=skipped,
            wanted=wanted,
        )
        shown = rows[: request.limit]
        counts = await self._counts(request.user_id, hidden)
        return rpc.NotificationPage(
            items=[_shown(row, request.locale) for row in shown],
            total=counts["unread"] if request.unread else counts["total"],
            unread=counts["unread"],
            next_cursor=shown[-1]["notification_id"] if len(rows) > request.limit else None,
        )

    async def unread(self, user_id: int, hidden: Collection[str]) -> rpc.Unread:
        return rpc.Unread(unread=(await self._counts(user_id, hidden))["unread"])

    async def is_unread(self, user_id: int, notification_id: int, hidden: Collection[str]) -> bool | None:
        """None where it is not in their inbox."""
        found: bool | None = await self._database.value(
            _IS_UNREAD_NOW, **self._known(user_id, hidden), id=notification_id
        )
        return found

    async def export(self, user_id: int, after: int) -> ExportPage:
        rows = await self._database.rows(_EXPORT, user_id=user_id, after=after)
        return ExportPage(
            records=[_exported(row) for row in rows],
            files={},
            next=rows[-1]["notification_id"] if len(rows) == EXPORT_PAGE else None,
        )

    async def _counts(self, user_id: int, hidden: Collection[str]) -> asyncpg.Record:
        [row] = await self._database.rows(_COUNTS, **self._known(user_id, hidden))
        return row

    def _known(self, user_id: int, hidden: Collection[str]) -> dict[str, Any]:
        return {"user_id": user_id, "since": self._clock() - NEWS_FOR, "hidden": list(hidden)}


def _shown(row: asyncpg.Record, locale: Locale) -> rpc.Notification:
    data = msgspec.json.decode(row["data"])
    words = words_of(row["kind"], data, locale)
    return rpc.Notification(
        id=row["notification_id"],
        type=row["kind"],
        title=words.title,
        body=words.body,
        data=data,
        is_read=row["is_read"],
        created_at=iso(row["happened_at"]),
    )


def _exported(row: asyncpg.Record) -> dict[str, Any]:
    return {
        "id": row["notification_id"],
        "type": row["kind"],
        "data": msgspec.json.decode(row["data"]),
        "created_at": iso(row["happened_at"]),
        "read_at": iso(row["read_at"]) if row["read_at"] else None,
    }
