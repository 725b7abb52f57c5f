"""Events → challenges, and what they count: pictures, likes, who took part.

What is written here keeps to what the tables mean, not to the order of events: a picture's `likes` is the number of its
rows in `picture_likes` of its own day, `makers` and `shown` are numbers of rows, and nothing is of anyone departed.
Projections run one after another (the event store's append lock), so that what is added is added once.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

import asyncpg

from kernel.store import Recorded
from services.catalog import domain

SAVE_CHALLENGE = """
INSERT INTO challenges (id, day, style_id, title, started) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (id) DO UPDATE SET style_id = excluded.style_id, title = excluded.title, started = excluded.started
"""
DROP_CHALLENGE = "DELETE FROM challenges WHERE id = $1"

DEPART = "INSERT INTO departed SELECT unnest($1::bigint[]) ON CONFLICT DO NOTHING"
ADD_LIKES = """
WITH added AS (
  INSERT INTO picture_likes (creation_id, day, user_id)
  SELECT * FROM unnest($1::bigint[], $2::date[], $3::bigint[]) AS new(creation_id, day, user_id)
  WHERE NOT EXISTS (SELECT FROM departed WHERE departed.user_id = new.user_id)
  ON CONFLICT DO NOTHING RETURNING creation_id, day
), sums AS (SELECT creation_id, day, count(*) AS likes FROM added GROUP BY creation_id, day)
UPDATE pictures SET likes = pictures.likes + sums.likes FROM sums
WHERE pictures.creation_id = sums.creation_id AND pictures.day = sums.day
"""
_TAKE_LIKES = """
), sums AS (SELECT creation_id, day, count(*) AS likes FROM gone GROUP BY creation_id, day)
UPDATE pictures SET likes = pictures.likes - sums.likes FROM sums
WHERE pictures.creation_id = sums.creation_id AND pictures.day = sums.day
"""
TAKE_LIKES = f"""
WITH gone AS (
  DELETE FROM picture_likes USING unnest($1::bigint[], $2::date[], $3::bigint[]) AS old(creation_id, day, user_id)
  WHERE (picture_likes.creation_id, picture_likes.day, picture_likes.user_id) = (old.creation_id, old.day, old.user_id)
  RETURNING picture_likes.creation_id, picture_likes.day
{_TAKE_LIKES}"""  # noqa: S608  (our own statement)
TAKE_LIKES_OF = f"""
WITH gone AS (
  DELETE FROM picture_likes WHERE user_id = ANY($1::bigint[]) RETURNING creation_id, day
{_TAKE_LIKES}"""  # noqa: S608

SHOWN = "SELECT style_id, day, count(*) AS shown FROM pictures WHERE {whose} AND is_public GROUP BY style_id, day"
TAKE_OFF = """
UPDATE day_counts SET shown = day_counts.shown - old.shown FROM ({shown}) AS old
WHERE day_counts.style_id = old.style_id AND day_counts.day = old.day
"""
THESE, THEIRS = "creation_id = ANY($1::bigint[])", "user_id = ANY($1::bigint[])"
TAKE_THESE_OFF = TAKE_OFF.format(shown=SHOWN.format(whose=THESE))
TAKE_THEIRS_OFF = TAKE_OFF.format(shown=SHOWN.format(whose=THEIRS))
PUT_THESE_ON = f"""
INSERT INTO day_counts AS counts (style_id, day, makers, shown)
SELECT style_id, day, 0, shown FROM ({SHOWN.format(whose=THESE)}) AS new
ON CONFLICT (style_id, day) DO UPDATE SET shown = counts.shown + excluded.shown
"""  # noqa: S608
DROP_THESE = f"DELETE FROM pictures WHERE {THESE}"  # noqa: S608
DROP_THEIRS = f"DELETE FROM pictures WHERE {THEIRS}"  # noqa: S608
SAVE_PICTURES = """
INSERT INTO pictures (creation_id, user_id, style_id, day, made_at, is_public, likes)
SELECT creation_id, user_id, style_id, day, made_at, is_public, (
  SELECT count(*) FROM picture_likes WHERE (picture_likes.creation_id, picture_likes.day) = (new.creation_id, new.day)
) FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::date[], $5::timestamptz[], $6::bool[])
  AS new(creation_id, user_id, style_id, day, made_at, is_public)
WHERE NOT EXISTS (SELECT FROM departed WHERE departed.user_id = new.user_id)
ON CONFLICT (creation_id) DO UPDATE SET is_public = excluded.is_public
"""
ADD_MAKERS = """
WITH added AS (
  INSERT INTO makers (style_id, day, user_id)
  SELECT DISTINCT * FROM unnest($1::bigint[], $2::date[], $3::bigint[]) AS new(style_id, day, user_id)
  WHERE NOT EXISTS (SELECT FROM departed WHERE departed.user_id = new.user_id)
  ON CONFLICT DO NOTHING RETURNING style_id, day
)
INSERT INTO day_counts AS counts (style_id, day, makers, shown)
SELECT style_id, day, count(*), 0 FROM added GROUP BY style_id, day
ON CONFLICT (style_id, day) DO UPDATE SET makers = counts.makers + excluded.makers
"""
TAKE_MAKERS = """
WITH gone AS (DELETE FROM makers WHERE user_id = ANY($1::bigint[]) RETURNING style_id, day),
sums AS (SELECT style_id, day, count(*) AS makers FROM gone GROUP BY style_id, day)
UPDATE day_counts SET makers = day_counts.makers - sums.makers FROM sums
WHERE day_counts.style_id = sums.style_id AND day_counts.day = sums.day
RETURNING day_counts.style_id, day_counts.day, day_counts.makers
"""
DROP_COUNTS = """
DELETE FROM day_counts USING unnest($1::bigint[], $2::date[]) AS empty(style_id, day)
WHERE (day_counts.style_id, day_counts.day) = (empty.style_id, empty.day)
"""


async def project_challenges(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    for record in recorded:
        match record.event:
            case domain.ChallengePlanned(number, shape) | domain.ChallengeChanged(number, shape):
                await _save(connection, number, shape, started=False)
            case domain.ChallengeStarted(number, shape):
                await _save(connection, number, shape, started=True)
            case domain.ChallengeWithdrawn(number):
                await connection.execute(DROP_CHALLENGE, number)
    left = [record.event.user_id for record in recorded if isinstance(record.event, domain.PersonLeft)]
    if left:
        await connection.execute(DEPART, left)
    await _project_likes(connection, recorded)
    await _project_pictures(connection, recorded)
    if left:
        await _erase(connection, left)


async def _save(connection: asyncpg.Connection, number: int, shape: domain.ChallengeShape, *, started: bool) -> None:
    await connection.execute(SAVE_CHALLENGE, number, domain.day_of(number), shape.style_id, shape.title, started)


async def _project_likes(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    """The last word in the batch on each like. Pictures that come in the same batch count their likes when they do."""
    last = {
        (event.creation_id, event.day, event.user_id): event.like.liked
        for record in recorded
        if isinstance(event := record.event, domain.LikeNoted)
    }
    for statement, liked in ((ADD_LIKES, True), (TAKE_LIKES, False)):
        if rows := [row for row, is_liked in last.items() if is_liked is liked]:
            await connection.execute(statement, *zip(*rows, strict=True))


async def _project_pictures(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    """The last word in the batch on each picture: its old self is taken off the count, its new one put on."""
    last = {
        record.event.creation_id: record.event.picture
        for record in recorded
        if isinstance(record.event, domain.PictureNoted)
    }
    made = [
        (creation_id, making.user_id, making.style_id, making.made_at.astimezone(UTC).date(), making.made_at, picture)
        for creation_id, picture in last.items()
        if (making := picture.making)
    ]
    if not made:
        return
    ids = [row[0] for row in made]
    await connection.execute(TAKE_THESE_OFF, ids)
    await connection.execute(DROP_THESE, [row[0] for row in made if row[-1].deleted])
    if there := [(*row[:-1], row[-1].is_public) for row in made if not row[-1].deleted]:
        await connection.execute(SAVE_PICTURES, *zip(*there, strict=True))
    await connection.execute(PUT_THESE_ON, ids)
    makers = [(style_id, day, user_id) for _, user_id, style_id, day, _, _ in made]
    await connection.execute(ADD_MAKERS, *zip(*makers, strict=True))


async def _erase(connection: asyncpg.Connection, left: list[int]) -> None:
    await connection.execute(TAKE_THEIRS_OFF, left)
    await connection.execute(DROP_THEIRS, left)
    await connection.execute(TAKE_LIKES_OF, left)
    counts = await connection.fetch(TAKE_MAKERS, left)
    empty = [(row["style_id"], row["day"]) for row in counts if not row["makers"]]
    if empty:
        await connection.execute(DROP_COUNTS, *zip(*empty, strict=True))


def deadlines(recorded: Sequence[Recorded]) -> dict[str, datetime | None]:
    """A day's challenge sets the timer of the next."""
    started = [record.event for record in recorded if isinstance(record.event, domain.ChallengeStarted)]
    next_days = [domain.ends_at(domain.day_of(event.challenge_id)) for event in started]
    return {timer_of(domain.id_of(next_day.date())): next_day for next_day in next_days}


def timer_of(challenge_id: int) -> str:
    return f"challenge:{challenge_id}"
