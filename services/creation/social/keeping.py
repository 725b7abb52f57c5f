"""What people wrote about pictures: kept with the event, and gone with the picture or its writer."""

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from kernel.store import Recorded
from services.creation.domain import CreationDeleted, showing

KEEP_TAGS = """
INSERT INTO tags (creation_id, tags) VALUES ($1, $2) ON CONFLICT (creation_id) DO UPDATE SET tags = excluded.tags
"""
KEEP_REPORT = """
INSERT INTO reports (creation_id, user_id, reason, note, at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING
"""
KEEP_TEXT = """
INSERT INTO moderation_texts (creation_id, version, user_id, kind, text, at) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT DO NOTHING
"""
FORGET = (
    "DELETE FROM tags WHERE creation_id = ANY($1)",
    "DELETE FROM reports WHERE creation_id = ANY($1)",
    "DELETE FROM moderation_texts WHERE creation_id = ANY($1)",
    "DELETE FROM shares WHERE creation_id = ANY($1)",
)


@dataclass(frozen=True, slots=True)
class Tags:
    """What `ChangeShowing` carries along."""

    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """What `ReportPicture`, `AppealHiding` and `DecideCase` carry along."""

    text: str | None


async def keep(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    gone = []
    for record in recorded:
        event, words = record.event, record.private
        match event:
            case showing.PictureTagged(creation_id=creation_id):
                await connection.execute(KEEP_TAGS, creation_id, list(words.tags))
            case showing.PictureReported(creation_id=creation_id, by=by, reason=reason):
                await connection.execute(KEEP_REPORT, creation_id, by, reason, words.text, record.at)
            case showing.HidingAppealed(creation_id=creation_id, user_id=user_id):
                row = (creation_id, record.version, user_id, "appeal", words.text, record.at)
                await connection.execute(KEEP_TEXT, *row)
            case showing.CaseDecided(creation_id=creation_id, by=by, decision=decision):
                await connection.execute(KEEP_TEXT, creation_id, record.version, by, decision, words.text, record.at)
            case CreationDeleted(creation_id=creation_id):
                gone.append(creation_id)
    if gone:
        for statement in FORGET:
            await connection.execute(statement, gone)
