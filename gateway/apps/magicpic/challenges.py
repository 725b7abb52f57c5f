"""The daily challenge, today's and those before, with their leaderboards; and planning them."""

import asyncio
from typing import Annotated

import orjson
from fastapi import Query, Request
from starlette.responses import Response

from contracts.rpc import catalog
from contracts.rpc.catalog import (
    ChangeChallenge,
    GetChallengeBoard,
    GetTodaysChallenge,
    ListChallenges,
    ListPlannedChallenges,
    PlanChallenge,
    WithdrawChallenge,
)
from contracts.rpc.creation import PublicByIds
from gateway.answers import Paging, answer, envelope, listing
from gateway.apps.magicpic import discover_examples, discover_shapes, examples, shapes
from gateway.apps.magicpic.admin import TAG as ADMIN_TAG
from gateway.apps.magicpic.discover import TAG
from gateway.apps.magicpic.following import Json
from gateway.apps.magicpic.gallery import Gallery
from gateway.apps.magicpic.parts import if_there
from gateway.apps.magicpic.shelf import Shelf, nest_style
from gateway.documentation import Documentation
from gateway.routing import ADMIN, USER, endpoint, user_of
from kernel.caller import AnyRequest, Caller

FIRST = 10
PLANNING = ("VALIDATION_ERROR", "PERMISSION_DENIED", "STYLE_NOT_FOUND", "BODY_TOO_LARGE")
OPEN = ("CHALLENGE_NOT_FOUND", "CHALLENGE_STARTED")
WITHDRAWN = "Challenge withdrawn"


class Challenges:
    def __init__(self, caller: Caller, shelf: Shelf, gallery: Gallery) -> None:
        self._caller = caller
        self._shelf = shelf
        self._gallery = gallery

    @endpoint(
        "GET",
        "/api/challenges",
        USER,
        Documentation(
            TAG,
            shapes.PagedListing[discover_shapes.Challenge],
            examples.paged([discover_examples.CHALLENGE]),
            errors=("VALIDATION_ERROR",),
        ),
    )
    async def challenges(self, _: Request, query: Annotated[Paging, Query()]) -> Response:
        """List the daily challenges

        Those that have begun, newest first.
        """
        return await self._page(ListChallenges(**query.model_dump()), query)

    @endpoint(
        "GET",
        "/api/challenges/today",
        USER,
        Documentation(
            TAG,
            shapes.Answer[discover_shapes.TodaysChallenge],
            examples.answer(discover_examples.TODAYS_CHALLENGE),
            errors=("CHALLENGE_NOT_FOUND",),
        ),
    )
    async def todays_challenge(self, request: Request) -> Response:
        """Show today's challenge

        With the first ten of its leaderboard. Whoever makes a picture in its style before it ends takes part.
        """
        challenge: Json = orjson.loads(await self._caller.call(GetTodaysChallenge()))
        first = GetChallengeBoard(challenge_id=challenge["id"], limit=FIRST)
        [shown], board = await asyncio.gather(
            self._shown([challenge]), if_there("leaderboard", self._board(user_of(request), first))
        )
        shown["leaderboard"] = board[0] if board else []
        shown["missing"] = [] if board else ["leaderboard"]
        return answer(envelope(orjson.dumps(shown)))

    @endpoint(
        "GET",
        "/api/challenges/{challenge_id:id}/leaderboard",
        USER,
        Documentation(
            TAG,
            shapes.PagedListing[discover_shapes.ChallengeEntry],
            examples.paged([discover_examples.ENTRY]),
            errors=("VALIDATION_ERROR", "CHALLENGE_NOT_FOUND"),
        ),
    )
    async def challenge_leaderboard(
        self, request: Request, challenge_id: int, query: Annotated[Paging, Query()]
    ) -> Response:
        """Show a challenge's leaderboard

        Its public pictures by the likes that they got while it ran; of equal ones the earlier comes first.
        """
        question = GetChallengeBoard(challenge_id=challenge_id, **query.model_dump())
        entries, total = await self._board(user_of(request), question)
        return answer(listing(orjson.dumps(entries), total, query))

    @endpoint(
        "GET",
        "/api/admin/challenges",
        ADMIN,
        Documentation(
            ADMIN_TAG,
            shapes.PagedListing[discover_shapes.Challenge],
            examples.paged([discover_examples.PLANNED]),
            errors=("VALIDATION_ERROR", "PERMISSION_DENIED"),
        ),
    )
    async def planned_challenges(self, request: Request, query: Annotated[Paging, Query()]) -> Response:
        """List the challenges that are planned

        The next one first.
        """
        return await self._page(ListPlannedChallenges(by=user_of(request), **query.model_dump()), query)

    @endpoint(
        "POST",
        "/api/admin/challenges",
        ADMIN,
        Documentation(
            ADMIN_TAG,
            shapes.Answer[discover_shapes.Challenge],
            examples.answer(discover_examples.PLANNED),
            errors=(*PLANNING, "CHALLENGE_EXISTS"),
        ),
    )
    async def plan_challenge(self, request: Request, body: discover_shapes.PlanBody) -> Response:
        """Plan a day's challenge

        A day for which none is planned gets the style that was a challenge longest ago.
        """
        return await self._change(PlanChallenge(by=user_of(request), **body.model_dump()))

    @endpoint(
        "PATCH",
        "/api/admin/challenges/{challenge_id:id}",
        ADMIN,
        Documentation(
            ADMIN_TAG,
            shapes.Answer[discover_shapes.Challenge],
            examples.answer(discover_examples.PLANNED),
            errors=(*PLANNING, *OPEN),
        ),
    )
    async def change_challenge(self, request: Request, challenge_id: int, body: discover_shapes.ChangeBody) -> Response:
        """Change a challenge that is planned"""
        command = ChangeChallenge(by=user_of(request), challenge_id=challenge_id, **body.model_dump())
        return await self._change(command)

    @endpoint(
        "DELETE",
        "/api/admin/challenges/{challenge_id:id}",
        ADMIN,
        Documentation(
            ADMIN_TAG,
            shapes.Answer[catalog.ChallengeWithdrawn],
            examples.answer({"challenge_id": 20260218}, WITHDRAWN),
            errors=("PERMISSION_DENIED", *OPEN),
        ),
    )
    async def withdraw_challenge(self, request: Request, challenge_id: int) -> Response:
        """Withdraw a challenge that is planned"""
        command = WithdrawChallenge(by=user_of(request), challenge_id=challenge_id)
        return answer(envelope(await self._caller.call(command), WITHDRAWN))

    async def _page(self, request: ListChallenges | ListPlannedChallenges, paging: Paging) -> Response:
        found = orjson.loads(await self._caller.call(request))
        return answer(listing(orjson.dumps(await self._shown(found["items"])), found["total"], paging))

    async def _change(self, command: AnyRequest) -> Response:
        [shown] = await self._shown([orjson.loads(await self._caller.call(command))])
        return answer(envelope(orjson.dumps(shown)))

    async def _shown(self, challenges: list[Json]) -> list[Json]:
        styles = await self._shelf.styles_for_nesting()
        return [nest_style(challenge, styles) for challenge in challenges]

    async def _board(self, user_id: int, request: GetChallengeBoard) -> tuple[list[Json], int]:
        """Without those that were hidden or deleted at this very moment."""
        board = orjson.loads(await self._caller.call(request))
        ids = [entry["creation_id"] for entry in board["items"]]
        if not ids:
            return [], board["total"]
        found = orjson.loads(await self._caller.call(PublicByIds(user_id=user_id, creation_ids=ids)))
        creations = {creation["id"]: creation for creation in await self._gallery.public(found["items"])}
        entries = [
            {"rank": entry["rank"], "likes": entry["likes"], "creation": creations[entry["creation_id"]]}
            for entry in board["items"]
            if entry["creation_id"] in creations
        ]
        return entries, board["total"]
