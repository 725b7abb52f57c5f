"""The walk through accounts."""

from tests.e2e.walking import walk
from tests.stack import Stack


async def test_the_walk_through_accounts_does_what_it_says(stack: Stack) -> None:
    await walk(stack, "docs/accounts.md")
