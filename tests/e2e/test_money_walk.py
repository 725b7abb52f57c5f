"""The walk through money. What a provider must answer is tested in test_money.py, against stand-ins."""

from tests.e2e.walking import walk
from tests.stack import Stack


async def test_the_walk_through_money_does_what_it_says(stack: Stack) -> None:
    await walk(stack, "docs/money.md")
