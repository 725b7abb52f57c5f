"""Suspicious votes, for moderators."""

from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from contracts.rpc import battle as rpc
from gateway.answers import Paging, answer, envelope, items_of, listing
from gateway.apps.magicpic import battle_examples, battle_shapes, examples, shapes
from gateway.documentation import Documentation
from gateway.routing import MODERATOR, endpoint, user_of
from kernel.caller import Caller

TAG = "Administration"


class VoteReviews:
    """The token's role is checked before any of this; battle asks auth once more."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    @endpoint(
        "GET",
        "/api/admin/votes",
        MODERATOR,
        Documentation(
            TAG,
            shapes.PagedListing[rpc.Vote],
            examples.paged([battle_examples.SUSPECT]),
            errors=("VALIDATION_ERROR", "PERMISSION_DENIED"),
        ),
    )
    async def suspicious_votes(self, request: Request, query: Annotated[Paging, Query()]) -> Response:
        """List suspicious votes

        Of active battles, newest first, until they are reviewed. All votes are counted; the winner is found by weight.
        """
        found = items_of(await self._caller.call(rpc.ListSuspects(by=user_of(request), **query.model_dump())))
        return answer(listing(bytes(found.items), found.total, query))

    @endpoint(
        "POST",
        "/api/admin/votes/{battle_id:id}/{user_id:id}",
        MODERATOR,
        Documentation(
            TAG,
            shapes.Answer[rpc.Vote],
            examples.answer(battle_examples.SUSPECT | {"reasons": []}),
            errors=("VALIDATION_ERROR", "BATTLE_ENDED", "PERMISSION_DENIED", "NOT_FOUND", "BODY_TOO_LARGE"),
        ),
    )
    async def review_vote(
        self, request: Request, battle_id: int, user_id: int, body: battle_shapes.DecisionBody
    ) -> Response:
        """Review a vote

        Until its battle ends, as often as you like.
        """
        command = rpc.ReviewVote(by=user_of(request), battle_id=battle_id, user_id=user_id, **body.model_dump())
        return answer(envelope(await self._caller.call(command)))
