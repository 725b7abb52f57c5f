"""Events → the social read tables, a batch at a time.

All of it is a function of what has happened and not of how it was cut into batches: within a batch the last word about
a mark counts, pictures come first and go last, and trends are summed up in the order of events.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import reduce
from typing import Any

import asyncpg

from kernel.projection import Inserter
from kernel.store import Recorded
from services.creation.domain import CreationDeleted, CreationGenerated, contests, marks, showing, trend
from services.creation.domain.reporting import FULL_WEIGHT
from services.creation.social import tables

INSERT_SHOWINGS = Inserter(tables.showings)
COUNT_SHOWN = """
INSERT INTO shown_counts (user_id, style_id, shown) SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[])
ON CONFLICT (user_id, style_id) DO UPDATE SET shown = shown_counts.shown + excluded.shown
"""
SHOW = """
UPDATE showings SET visible = n.visible FROM unnest($1::bigint[], $2::boolean[]) AS n(creation_id, visible)
WHERE showings.creation_id = n.creation_id AND showings.visible <> n.visible
RETURNING showings.creation_id, showings.user_id, showings.style_id, showings.visible
"""
# Favourites of others are counted for them while they may see them.
COUNT_FAVORITES_SHOWN = """
INSERT INTO favorite_counts (user_id, favorites)
SELECT f.user_id, sum(CASE WHEN s.visible THEN 1 ELSE -1 END)
FROM favorites f JOIN showings s USING (creation_id)
WHERE f.creation_id = ANY($1) AND f.user_id <> s.user_id GROUP BY f.user_id ORDER BY f.user_id
ON CONFLICT (user_id) DO UPDATE SET favorites = favorite_counts.favorites + excluded.favorites
RETURNING user_id
"""
# A count that has come down to nothing is no row, whether it had come up in the same batch or long before.
DROP_EMPTY_FAVORITES = "DELETE FROM favorite_counts WHERE favorites = 0 AND user_id = ANY($1)"
DROP_EMPTY_SHOWN = """
DELETE FROM shown_counts c USING unnest($1::bigint[], $2::bigint[]) AS n(user_id, style_id)
WHERE c.user_id = n.user_id AND c.style_id = n.style_id AND c.shown = 0
"""
COUNT_FAVORITES = """
INSERT INTO favorite_counts (user_id, favorites) SELECT * FROM unnest($1::bigint[], $2::bigint[])
ON CONFLICT (user_id) DO UPDATE SET favorites = favorite_counts.favorites + excluded.favorites
"""
TAKE_BACK = {
    table: f"""
DELETE FROM {table} m USING unnest($1::bigint[], $2::bigint[]) AS n(user_id, creation_id), showings s
WHERE m.user_id = n.user_id AND m.creation_id = n.creation_id AND s.creation_id = m.creation_id
RETURNING m.user_id, m.creation_id, s.visible OR s.user_id = m.user_id AS seen
"""  # noqa: S608  (names of our own tables)
    for table in ("likes", "views", "favorites")
}
SET = {
    table: f"""
INSERT INTO {table} (user_id, creation_id, position)
SELECT n.user_id, n.creation_id, n.position
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS n(user_id, creation_id, position)
JOIN showings USING (creation_id)
RETURNING user_id, creation_id, (
  SELECT s.visible OR s.user_id = {table}.user_id FROM showings s WHERE s.creation_id = {table}.creation_id
) AS seen
"""  # noqa: S608  (names of our own tables)
    for table in ("likes", "views", "favorites")
}
TABLES: dict[marks.Kind, str] = {"like": "likes", "view": "views", "favorite": "favorites"}
TRENDS = "SELECT creation_id, trend FROM showings WHERE creation_id = ANY($1)"
ENGAGE = """
UPDATE showings SET likes = showings.likes + n.likes, views = showings.views + n.views,
                    trend = coalesce(n.trend, showings.trend)
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::double precision[]) AS n(creation_id, likes, views, trend)
WHERE showings.creation_id = n.creation_id
"""
WEIGHTS: dict[marks.Kind, float] = {"like": trend.LIKE, "view": trend.LOOK}
JOIN_CONTEST = "INSERT INTO contests (battle_id, creation_id) VALUES ($1, $2)"
END_CONTEST = "DELETE FROM contests WHERE battle_id = $1"
WIN = "UPDATE showings SET battle_wins = battle_wins + 1 WHERE creation_id = $1"
OPEN_CASE = """
INSERT INTO cases (creation_id, user_id, opened, reports, weight, appealed) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (creation_id) DO UPDATE SET reports = greatest(cases.reports, excluded.reports),
                                        weight = greatest(cases.weight, excluded.weight),
                                        appealed = cases.appealed OR excluded.appealed
"""
LIGHTEN_CASE = "UPDATE cases SET reports = $2, weight = $3 WHERE creation_id = $1"
CLOSE_CASE = "DELETE FROM cases WHERE creation_id = $1"
HIDE = "UPDATE showings SET hidden = true WHERE creation_id = $1"
JUDGE = "UPDATE showings SET hidden = $2, removed = $2 WHERE creation_id = $1"
FEATURE = "UPDATE showings SET featured = $2 WHERE creation_id = $1"
CHOOSE = "UPDATE creations SET is_public = $2 WHERE creation_id = $1"
REMOVE = "DELETE FROM showings WHERE creation_id = ANY($1) RETURNING creation_id, user_id, style_id, visible"
FORGET_FAVORITES = """
DELETE FROM favorites f USING showings s WHERE f.creation_id = ANY($1) AND s.creation_id = f.creation_id
RETURNING f.user_id, s.visible OR s.user_id = f.user_id AS seen
"""
FORGET = (
    "DELETE FROM likes WHERE creation_id = ANY($1)",
    "DELETE FROM views WHERE creation_id = ANY($1)",
    "DELETE FROM cases WHERE creation_id = ANY($1)",
)


async def project(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    """After the lists of finished pictures have been written."""
    kinds = {type(record.event) for record in recorded}
    if CreationGenerated in kinds:
        await _begin(connection, recorded)
    if kinds & {*showing.EVENTS}:
        await _show(connection, recorded)
    if kinds & {*marks.MARK.events}:
        await _mark(connection, recorded)
    if kinds & {*contests.CONTEST.events}:
        await _contest(connection, recorded)
    if CreationDeleted in kinds:
        await _end(connection, recorded)


async def _begin(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    rows: list[tuple[Any, ...]] = []
    for record in recorded:
        match record.event:
            case CreationGenerated(creation_id=creation_id, order=order):
                place = (creation_id, order.user_id, order.style.id, record.position)
                rows.append((*place, order.is_public, False, 0, 0, trend.key_at(record.at), 0, None, False))
    await INSERT_SHOWINGS.insert(connection, rows)
    await _count_shown(connection, [(row[1], row[2], 1) for row in rows if row[4]])


async def _count_shown(connection: asyncpg.Connection, changes: Sequence[tuple[int, int, int]]) -> None:
    """`changes`: (user, style, by how many)."""
    counted: Counter[tuple[int, int]] = Counter()
    for user_id, style_id, change in changes:
        for key in ((0, 0), (user_id, 0), (0, style_id), (user_id, style_id)):
            counted[key] += change
    if rows := [(*key, change) for key, change in sorted(counted.items()) if change]:
        users, styles, shown = map(list, zip(*rows, strict=True))
        await connection.execute(COUNT_SHOWN, users, styles, shown)
        if min(shown) < 0:  # what only goes up cannot come to nothing
            await connection.execute(DROP_EMPTY_SHOWN, users, styles)


async def _show(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    visible: dict[int, bool] = {}
    for record in recorded:
        event = record.event
        match event:
            case showing.VisibilityChanged():
                visible[event.creation_id] = event.visible
            case showing.PublicityChosen():
                await connection.execute(CHOOSE, event.creation_id, event.is_public)
            case (
                showing.PictureReported() | showing.ReportWithdrawn() | showing.HidingAppealed() | showing.CaseDecided()
            ):
                await _keep_case(connection, event, record.position)
            case showing.PictureHidden():
                await connection.execute(HIDE, event.creation_id)
            case showing.PictureFeatured():
                await connection.execute(FEATURE, event.creation_id, record.position if event.featured else None)
    if visible:
        changed = await connection.fetch(SHOW, [*visible], [*visible.values()])
        changes = [(row["user_id"], row["style_id"], 1 if row["visible"] else -1) for row in changed]
        await _count_shown(connection, changes)
        counted = await connection.fetch(COUNT_FAVORITES_SHOWN, [row["creation_id"] for row in changed])
        await connection.execute(DROP_EMPTY_FAVORITES, [row["user_id"] for row in counted])


async def _keep_case(connection: asyncpg.Connection, event: Any, position: int) -> None:
    """What moderators are to look at, and what they decided."""
    creation_id = event.creation_id
    match event:
        case showing.PictureReported(user_id=owner_id, reports=reports):
            # Before they were weighed, each was a full one.
            weight = reports * FULL_WEIGHT if event.together is None else event.together
            await connection.execute(OPEN_CASE, creation_id, owner_id, position, reports, weight, False)
        case showing.ReportWithdrawn(waiting=True):
            await connection.execute(LIGHTEN_CASE, creation_id, event.reports, event.together)
        case showing.ReportWithdrawn():
            await connection.execute(CLOSE_CASE, creation_id)
        case showing.HidingAppealed(user_id=owner_id):
            await connection.execute(OPEN_CASE, creation_id, owner_id, position, 0, 0, True)
        case showing.CaseDecided(decision=decision):
            await connection.execute(CLOSE_CASE, creation_id)
            await connection.execute(JUDGE, creation_id, decision == "remove")


async def _mark(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    last: dict[marks.Kind, dict[tuple[int, int], int | None]] = defaultdict(dict)
    for record in recorded:
        match record.event:
            case marks.MarkSet() as event:
                last[event.kind][event.user_id, event.creation_id] = record.position
            case marks.MarkTakenBack() as event:
                last[event.kind][event.user_id, event.creation_id] = None
    liked: Counter[int] = Counter()
    for kind, found in last.items():
        table, pairs = TABLES[kind], [*found]
        users, pictures = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        gone = await connection.fetch(TAKE_BACK[table], users, pictures)
        new = [(*pair, position) for pair, position in found.items() if position is not None]
        come = await connection.fetch(SET[table], *map(list, zip(*new, strict=True))) if new else []
        if kind == "like":
            liked.update(row["creation_id"] for row in come)
            liked.subtract(row["creation_id"] for row in gone)
        if kind == "favorite":
            counted = Counter(row["user_id"] for row in come if row["seen"])
            counted.subtract(row["user_id"] for row in gone if row["seen"])
            await _count_favorites(connection, counted)
    await _engage(connection, recorded, liked)


async def _engage(connection: asyncpg.Connection, recorded: Sequence[Recorded], liked: Counter[int]) -> None:
    """A look that is forgotten with its person stays in the number of looks."""
    firsts = [record for record in recorded if isinstance(record.event, marks.MarkSet) and record.event.first]
    looked = Counter(record.event.creation_id for record in firsts if record.event.kind == "view")
    lifts: dict[int, list[float]] = defaultdict(list)
    for record in firsts:
        event = record.event
        if event.kind in WEIGHTS and event.user_id != event.owner_id:
            lifts[event.creation_id].append(trend.key_at(record.at, WEIGHTS[event.kind]))
    trends: dict[int, float] = {}
    for creation_id, key in await connection.fetch(TRENDS, [*lifts]) if lifts else ():
        trends[creation_id] = reduce(trend.plus, lifts[creation_id], key)
    rows = [
        (creation_id, liked[creation_id], looked[creation_id], trends.get(creation_id))
        for creation_id in sorted({*liked, *looked, *trends})
    ]
    if rows:
        await connection.execute(ENGAGE, *map(list, zip(*rows, strict=True)))


async def _count_favorites(connection: asyncpg.Connection, counted: Counter[int]) -> None:
    if rows := [(user_id, change) for user_id, change in sorted(counted.items()) if change]:
        users, numbers = map(list, zip(*rows, strict=True))
        await connection.execute(COUNT_FAVORITES, users, numbers)
        await connection.execute(DROP_EMPTY_FAVORITES, users)


async def _contest(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    for record in recorded:
        match record.event:
            case contests.ContestJoined(battle_id=battle_id, creation_id=creation_id):
                await connection.execute(JOIN_CONTEST, battle_id, creation_id)
            case contests.ContestOver(battle_id=battle_id, winner=winner):
                await connection.execute(END_CONTEST, battle_id)
                if winner is not None:
                    await connection.execute(WIN, winner)


async def _end(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    ids = [record.event.creation_id for record in recorded if isinstance(record.event, CreationDeleted)]
    forgotten = await connection.fetch(FORGET_FAVORITES, ids)
    counted = Counter(row["user_id"] for row in forgotten if row["seen"])
    await _count_favorites(connection, Counter({user_id: -n for user_id, n in counted.items()}))
    for statement in FORGET:
        await connection.execute(statement, ids)
    removed = await connection.fetch(REMOVE, ids)
    await _count_shown(connection, [(row["user_id"], row["style_id"], -1) for row in removed if row["visible"]])
