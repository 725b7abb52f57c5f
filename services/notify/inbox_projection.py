"""Events of inboxes → their read tables. A notification's id is its event's position, so nothing depends on the order
of the rows within one batch: what is said of an inbox at a position is about what stood in it before.
"""

from collections.abc import Sequence

import asyncpg
import msgspec

from kernel.store import Recorded
from services.notify.domain.inbox import (
    AllRead,
    EveryoneTold,
    InboxErased,
    InboxOpened,
    NotificationDeleted,
    NotificationRead,
    Notified,
)

OPEN = """
INSERT INTO inboxes (user_id, opened_at) SELECT * FROM unnest($1::bigint[], $2::timestamptz[])
ON CONFLICT (user_id) DO UPDATE SET opened_at = excluded.opened_at
"""
ADD = """
WITH added AS (
  INSERT INTO notifications (notification_id, user_id, kind, data, happened_at)
  SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::jsonb[], $5::timestamptz[])
  RETURNING user_id
)
INSERT INTO inboxes (user_id, total, unread) SELECT user_id, count(*), count(*) FROM added GROUP BY user_id
ON CONFLICT (user_id) DO UPDATE SET total = inboxes.total + excluded.total, unread = inboxes.unread + excluded.unread
"""
TELL_EVERYONE = """
INSERT INTO broadcasts (notification_id, kind, data, happened_at)
SELECT * FROM unnest($1::bigint[], $2::text[], $3::jsonb[], $4::timestamptz[])
"""
# By the first that was said of each: replayed in one batch or live in several, it is the same.
READ = """
WITH first AS (
  SELECT notification_id, min(at) AS at FROM (
    SELECT n.notification_id, r.at FROM unnest($1::bigint[], $2::bigint[], $3::timestamptz[]) AS r(user_id, id, at)
    JOIN notifications n ON n.notification_id = r.id AND n.user_id = r.user_id
    UNION ALL
    SELECT n.notification_id, r.at FROM unnest($4::bigint[], $5::bigint[], $6::timestamptz[]) AS r(user_id, before, at)
    JOIN notifications n ON n.user_id = r.user_id AND n.notification_id < r.before AND n.read_at IS NULL
  ) AS said GROUP BY notification_id
), read AS (
  UPDATE notifications SET read_at = first.at FROM first
  WHERE notifications.notification_id = first.notification_id AND read_at IS NULL RETURNING user_id
)
UPDATE inboxes SET unread = inboxes.unread - fewer.number
FROM (SELECT user_id, count(*) AS number FROM read GROUP BY user_id) AS fewer WHERE inboxes.user_id = fewer.user_id
"""
READ_THROUGH = """
INSERT INTO inboxes (user_id, read_through) SELECT user_id, max(position)
FROM unnest($1::bigint[], $2::bigint[]) AS r(user_id, position) GROUP BY user_id
ON CONFLICT (user_id) DO UPDATE SET read_through = excluded.read_through
"""
DELETE = """
WITH deleted AS (
  DELETE FROM notifications USING unnest($1::bigint[], $2::bigint[]) AS d(user_id, notification_id)
  WHERE notifications.notification_id = d.notification_id AND notifications.user_id = d.user_id
  RETURNING notifications.user_id, read_at
)
UPDATE inboxes SET total = inboxes.total - fewer.number, unread = inboxes.unread - fewer.unread
FROM (
  SELECT user_id, count(*) AS number, count(*) FILTER (WHERE read_at IS NULL) AS unread FROM deleted GROUP BY user_id
) AS fewer WHERE inboxes.user_id = fewer.user_id
"""
MARK = """
INSERT INTO broadcast_marks (user_id, notification_id, read_at, deleted)
SELECT user_id, notification_id, min(at), bool_or(deleted)
FROM unnest($1::bigint[], $2::bigint[], $3::timestamptz[], $4::boolean[]) AS m(user_id, notification_id, at, deleted)
JOIN broadcasts USING (notification_id) GROUP BY user_id, notification_id
ON CONFLICT (user_id, notification_id) DO UPDATE SET deleted = broadcast_marks.deleted OR excluded.deleted
"""
ERASE = (
    "DELETE FROM notifications WHERE user_id = ANY($1)",
    "DELETE FROM broadcast_marks WHERE user_id = ANY($1)",
    "DELETE FROM inboxes WHERE user_id = ANY($1)",
)


async def project_inboxes(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    await _tell(connection, recorded)
    await _read(connection, recorded)
    await _delete(connection, recorded)


async def _tell(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    opened = [(record.event.user_id, record.event.at) for record in recorded if isinstance(record.event, InboxOpened)]
    await _execute(connection, OPEN, opened)
    added = [
        (record.position, event.user_id, event.kind, _json(event.data), event.happened_at)
        for record in recorded
        if isinstance(event := record.event, Notified) and event.in_inbox
    ]
    await _execute(connection, ADD, added)
    told = [
        (record.position, event.kind, _json(event.data), event.happened_at)
        for record in recorded
        if isinstance(event := record.event, EveryoneTold)
    ]
    await _execute(connection, TELL_EVERYONE, told)


async def _read(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    read = [
        (event.user_id, event.notification_id, record.at)
        for record in recorded
        if isinstance(event := record.event, NotificationRead)
    ]
    all_read = [
        (record.event.user_id, record.position, record.at) for record in recorded if isinstance(record.event, AllRead)
    ]
    if read or all_read:
        await connection.execute(READ, *_columns(read, 3), *_columns(all_read, 3))
    await _execute(connection, MARK, [(*row, False) for row in read])
    await _execute(connection, READ_THROUGH, [row[:2] for row in all_read])


async def _delete(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    deleted = [
        (event.user_id, event.notification_id, record.at)
        for record in recorded
        if isinstance(event := record.event, NotificationDeleted)
    ]
    await _execute(connection, DELETE, [row[:2] for row in deleted])
    await _execute(connection, MARK, [(*row, True) for row in deleted])
    if erased := [record.event.user_id for record in recorded if isinstance(record.event, InboxErased)]:
        for statement in ERASE:
            await connection.execute(statement, erased)


async def _execute(connection: asyncpg.Connection, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
    if rows:
        await connection.execute(statement, *_columns(rows, len(rows[0])))


def _columns(rows: Sequence[tuple[object, ...]], width: int) -> list[list[object]]:
    return [[row[number] for row in rows] for number in range(width)]


def _json(data: dict[str, str]) -> str:
    return msgspec.json.encode(data).decode()
