"""Pictures from before there was anyone to look at them are in the feed, and private ones are not."""

import json

from contracts.rpc import creation as rpc
from contracts.rpc import social
from kernel.migrations import migrate
from services.creation.app import CODEC
from services.creation.domain import CREATION
from tests.conftest import Servers
from tests.integration.creation.social.conftest import FAN, MODERATOR, OWNER, OwnerOf, Salon

AS_IT_WAS = """
DROP TABLE showings, shown_counts, likes, views, favorites, favorite_counts, contests, cases;
DROP TABLE reports, moderation_texts, tags, shares, accounts;
UPDATE alembic_version SET version_num = '0002';
"""


BEFORE_REPORTS_WERE_WEIGHED = """
DROP TABLE accounts;
ALTER TABLE showings DROP COLUMN removed;
ALTER TABLE cases DROP COLUMN weight;
UPDATE streams SET state = (state::jsonb #- '{showing,removed}' #- '{showing,open_reports}')::json
WHERE json_typeof(state->'showing') = 'object';
UPDATE alembic_version SET version_num = '0004';
"""
STATES = "SELECT stream_id, state::jsonb::text FROM streams WHERE stream_id LIKE 'creation-%' ORDER BY 1"


async def test_pictures_from_before_are_brought_into_the_feed(
    salon: Salon, owner_of: OwnerOf, servers: Servers
) -> None:
    pictures = [await salon.picture(OWNER + number, style_id=number % 2 + 1) for number in range(3)]
    await salon.picture(is_public=False)
    owner = await owner_of(salon.settings.creation_database_url)
    await owner.execute(AS_IT_WAS)
    await migrate("creation", servers.postgres.admin_url, salon.settings.creation_database_url)
    assert await salon.differences(owner_of) == []
    assert (await salon.feed()).total == 3
    assert await salon.feed_ids(sort="trending", style_id=1) == [pictures[2], pictures[0]]
    assert (await salon.like(pictures[0])).likes_count == 1


async def test_reports_and_decisions_from_before_are_what_they_were(
    salon: Salon, owner_of: OwnerOf, servers: Servers
) -> None:
    reported, kept, removed, untouched = [await salon.picture() for _ in range(4)]
    for user_id in (8, 9):
        await salon.ask(social.ReportCreation(user_id=user_id, creation_id=reported, reason="spam"))
    for picture, decisions in ((kept, ("remove", "keep")), (removed, ("keep", "remove"))):
        await salon.ask(social.ReportCreation(user_id=FAN, creation_id=picture, reason="spam"))
        for decision in decisions:
            by = {"by": MODERATOR, "creation_id": picture, "reason": "seen"}
            await salon.ask(social.DecideCase.model_validate(by | {"decision": decision}))
    await salon.ask(social.ReportCreation(user_id=30, creation_id=kept, reason="spam"))
    now = await salon.rows(STATES)
    owner = await owner_of(salon.settings.creation_database_url)
    await owner.execute(BEFORE_REPORTS_WERE_WEIGHED)
    for _ in range(2):  # harmless twice
        await migrate("creation", servers.postgres.admin_url, salon.settings.creation_database_url)
        await owner.execute("UPDATE alembic_version SET version_num = '0004'")
    states = {stream: json.loads(state) for stream, state in await salon.rows(STATES)}
    for stream, state in now:
        expected = json.loads(state)
        if expected["showing"]:
            assert CODEC.state(CREATION, json.dumps(states[stream])) == CODEC.state(CREATION, state)
    assert [case[:2] for case in await salon.rows("SELECT creation_id, weight FROM cases ORDER BY 1")] == [
        (reported, 200),
        (kept, 100),
    ]
    assert await salon.differences(owner_of) == []
    shown = await salon.ask(rpc.ContendersByIds(user_id=FAN, creation_ids=[reported, kept, removed, untouched]))
    assert sorted(item.id for item in shown.items) == [reported, kept, untouched]
