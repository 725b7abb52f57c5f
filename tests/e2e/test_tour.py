"""docs/tour.md, as a reader would walk it."""

from tests.e2e.walking import walk
from tests.stack import Stack


async def test_the_tour_with_two_people_does_what_it_says(stack: Stack) -> None:
    await walk(stack, "docs/tour.md")
