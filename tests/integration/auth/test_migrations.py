"""People who were there before codes came keep their accounts, and get what everyone has."""

from collections.abc import Awaitable, Callable

import asyncpg

from contracts.rpc.auth import SignedIn
from kernel.migrations import migrate
from tests.conftest import Servers
from tests.integration.auth.conftest import Running, log_in, refresh, sign_up

OwnerOf = Callable[[str], Awaitable[asyncpg.Connection]]
AS_IT_WAS = """
DROP TABLE google_accounts, origins, codes, counts, name_keys;
DROP TABLE accounts, revocations, admin_actions, sessions, guests, guest_counts, signing_keys;
ALTER TABLE people DROP COLUMN phone, DROP COLUMN referral_code, DROP COLUMN locale,
  ALTER COLUMN password_hash SET NOT NULL;
UPDATE alembic_version SET version_num = '0001';
"""


async def test_a_database_of_the_first_version_is_brought_up_to_date(
    running: Running, database_url: str, owner_of: OwnerOf, servers: Servers
) -> None:
    async with running() as auth:
        before: SignedIn = await sign_up(auth)
        await sign_up(auth, "ben@example.com", name="Ben")
    owner = await owner_of(database_url)
    await owner.execute(AS_IT_WAS)
    await migrate("auth", servers.postgres.admin_url, database_url)
    async with running() as auth:
        assert (await log_in(auth)).user == before.user
        await refresh(auth, before.refresh_token)
        await sign_up(auth, "eva@example.com", name="Eva")
    codes = [row[0] for row in await owner.fetch("SELECT referral_code FROM people")]
    assert len(set(codes)) == 3
    found = await owner.fetch("SELECT name FROM people JOIN name_keys USING (user_id) WHERE forms @> '{^b}'")
    assert [row[0] for row in found] == ["Ben"]
