"""Pictures from before there was anyone to look at them are in the feed, and private ones are not."""

from kernel.migrations import migrate
from tests.conftest import Servers
from tests.integration.creation.social.conftest import OWNER, OwnerOf, Salon

AS_IT_WAS = """
DROP TABLE showings, shown_counts, likes, views, favorites, favorite_counts, contests, cases;
DROP TABLE reports, moderation_texts, tags, shares;
UPDATE alembic_version SET version_num = '0002';
"""


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
