"""Events → inboxes, and what an operator can look up of mails."""

from collections.abc import Sequence
from typing import assert_never

import asyncpg

from kernel.store import Recorded
from services.notify import domain
from services.notify.inbox_projection import project_inboxes

# Events of one mail come in order; of each mail the last one in a batch counts.
SAVE = """
INSERT INTO mails (mail_id, template, status, reply, changed_at)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::int[], $5::timestamptz[])
ON CONFLICT (mail_id) DO UPDATE
SET status = excluded.status, reply = excluded.reply, changed_at = excluded.changed_at
"""


async def project(connection: asyncpg.Connection, recorded: Sequence[Recorded]) -> None:
    await project_inboxes(connection, recorded)
    rows = {}
    for record in recorded:
        category, _, mail_id = record.stream_id.partition("-")
        if category != domain.MAIL.category:
            continue
        event: domain.Event = record.event
        rows[mail_id] = (mail_id, event.template, *_status(event), record.at)
    if rows:
        await connection.execute(SAVE, *map(list, zip(*rows.values(), strict=True)))


def _status(event: domain.Event) -> tuple[domain.Status, int | None]:
    match event:
        case domain.MailClaimed():
            return "claimed", None
        case domain.MailSent():
            return "sent", None
        case domain.MailReleased():
            return "open", event.reply
        case domain.MailRefused():
            return "refused", event.reply
        case domain.MailLeftUnknown():
            return "unknown", None
        case _:
            assert_never(event)
