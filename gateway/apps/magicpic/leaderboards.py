"""Who has won the most battles."""

from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from gateway.answers import cached_answer, etag_of
from gateway.apps.magicpic import board_examples as examples
from gateway.apps.magicpic import board_shapes as shapes
from gateway.apps.magicpic.boards import Boards
from gateway.documentation import Documentation
from gateway.routing import USER, endpoint, user_of

TAG = "Battles"
MAX_AGE_S = 300


class Leaderboards:
    def __init__(self, boards: Boards) -> None:
        self._boards = boards

    @endpoint(
        "GET",
        "/api/battles/leaderboard",
        USER,
        Documentation(TAG, shapes.LeaderboardPage, examples.PAGE, errors=("VALIDATION_ERROR",)),
    )
    async def leaderboard(self, request: Request, query: Annotated[shapes.LeaderboardQuery, Query()]) -> Response:
        """Show a leaderboard

        Of this week, this month or all time, or as a past week or month ended. Whoever has won more battles stands
        before; of those who have won as many, whoever got there first. Everyone with a battle that has ended is on it.
        """
        body = await self._boards.leaders(user_of(request), query)
        return cached_answer(request, body, MAX_AGE_S, etag=etag_of(body), personal=True)

    @endpoint(
        "GET",
        "/api/battles/leaderboard/around-me",
        USER,
        Documentation(TAG, shapes.LeaderboardPart, examples.PART, errors=("VALIDATION_ERROR",)),
    )
    async def around_me(self, request: Request, query: Annotated[shapes.AroundQuery, Query()]) -> Response:
        """Show who stands before and after me on a leaderboard

        `leaders` is empty for those who are not on it.
        """
        body = await self._boards.around(user_of(request), query)
        return cached_answer(request, body, MAX_AGE_S, etag=etag_of(body), personal=True)
