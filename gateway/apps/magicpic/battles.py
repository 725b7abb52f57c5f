"""Battles: entering them, being shown one, voting, and what came of them."""

from typing import Annotated

import orjson
from fastapi import Query, Request
from starlette.responses import Response

from contracts.rpc import battle as rpc
from gateway.answers import Paging, answer, cached_answer, done, envelope, etag_of, listing
from gateway.apps.magicpic import battle_examples, battle_shapes, examples, shapes
from gateway.apps.magicpic.arena import Arena, Json, is_whole
from gateway.apps.magicpic.vote_origins import VoteOrigins
from gateway.documentation import Documentation
from gateway.routing import MEMBER, USER, endpoint, user_of
from kernel.caller import Caller

TAG = "Battles"
CURRENT_MAX_AGE_S = 60
NONE_LEFT = "No battles available. Check back soon!"
ENTERED = "Creation entered into battle pool! You'll be matched soon."
LEFT = "Creation taken out of the battle pool."
VOTED = "Vote recorded!"
TRIES = 3
"""Battles that are looked at, should their pictures have just gone."""
DEVICE = {
    "name": "X-Device-ID",
    "in": "header",
    "schema": {"type": "string", "maxLength": 200},
    "description": "As in `device_info` at sign-in: it helps to tell people from machines.",
}
SHOWN = battle_shapes.BattleAnswer
ONE_SHOWN = examples.answer(battle_examples.BATTLE)


class Battles:
    def __init__(self, caller: Caller, arena: Arena, origins: VoteOrigins) -> None:
        self._caller = caller
        self._arena = arena
        self._origins = origins

    @endpoint("GET", "/api/battles/current", USER, Documentation(TAG, SHOWN, ONE_SHOWN))
    async def current_battle(self, request: Request) -> Response:
        """Show a battle to vote on

        The same one until it ends or you ask for the next. Never one of your own.
        """
        user_id = user_of(request)
        battle = await self._shown(user_id, rpc.CurrentBattle(user_id=user_id))
        # What the clock alone changes makes no other battle of it.
        lasting = {name: value for name, value in battle.items() if name != "time_remaining"} if battle else None
        etag = etag_of(orjson.dumps(lasting))
        return cached_answer(request, _shown(battle), CURRENT_MAX_AGE_S, etag=etag, personal=True)

    @endpoint(
        "GET",
        "/api/battles/next",
        USER,
        Documentation(TAG, SHOWN, ONE_SHOWN, errors=("VALIDATION_ERROR",)),
    )
    async def next_battle(self, request: Request, query: Annotated[battle_shapes.NextQuery, Query()]) -> Response:
        """Skip this battle and show another

        What you have voted on or skipped does not come again.
        """
        user_id = user_of(request)
        return answer(_shown(await self._shown(user_id, rpc.NextBattle(user_id=user_id, exclude_id=query.exclude_id))))

    @endpoint(
        "GET",
        "/api/battles/history",
        USER,
        Documentation(
            TAG,
            shapes.PagedListing[battle_shapes.FoughtBattle],
            examples.paged([battle_examples.FOUGHT]),
            errors=("VALIDATION_ERROR",),
        ),
    )
    async def battle_history(self, request: Request, query: Annotated[Paging, Query()]) -> Response:
        """List my battles that have ended

        Newest first.
        """
        user_id = user_of(request)
        found = orjson.loads(await self._caller.call(rpc.ListFought(user_id=user_id, **query.model_dump())))
        battles = await self._arena.fought(user_id, found["items"])
        return answer(listing(orjson.dumps(battles), found["total"], query))

    @endpoint(
        "POST",
        "/api/battles/enter",
        MEMBER,
        Documentation(
            TAG,
            shapes.Done,
            examples.done(ENTERED),
            errors=(
                "VALIDATION_ERROR",
                "CREATION_PRIVATE",
                "PERMISSION_DENIED",
                "NOT_OWNER",
                "CREATION_NOT_FOUND",
                "ALREADY_IN_BATTLE",
                "BODY_TOO_LARGE",
            ),
            extra={"parameters": [DEVICE]},
        ),
    )
    async def enter_battle(self, request: Request, body: battle_shapes.CreationBody) -> Response:
        """Enter a creation into the battle pool

        It waits for an opponent of about your strength.
        """
        device, address = self._origins.of(request.scope)
        command = rpc.EnterPool(user_id=user_of(request), creation_id=body.creation_id, device=device, address=address)
        await self._caller.call(command)
        return answer(done(ENTERED))

    @endpoint(
        "DELETE",
        "/api/battles/enter/{creation_id:id}",
        MEMBER,
        Documentation(
            TAG,
            shapes.Done,
            examples.done(LEFT),
            errors=("PERMISSION_DENIED", "NOT_OWNER", "CREATION_NOT_FOUND", "CREATION_IN_BATTLE"),
        ),
    )
    async def leave_pool(self, request: Request, creation_id: int) -> Response:
        """Take a creation out of the battle pool

        As long as it has no opponent.
        """
        await self._caller.call(rpc.LeavePool(user_id=user_of(request), creation_id=creation_id))
        return answer(done(LEFT))

    @endpoint(
        "POST",
        "/api/battles/{battle_id:id}/vote",
        MEMBER,
        Documentation(
            TAG,
            shapes.Answer[rpc.Voted],
            examples.answer(battle_examples.VOTED, VOTED),
            errors=(
                "VALIDATION_ERROR",
                "BATTLE_ENDED",
                "INVALID_CREATION",
                "OWN_CREATION",
                "PERMISSION_DENIED",
                "BATTLE_NOT_FOUND",
                "ALREADY_VOTED",
                "BODY_TOO_LARGE",
            ),
            extra={"parameters": [DEVICE]},
        ),
    )
    async def vote(self, request: Request, battle_id: int, body: battle_shapes.CreationBody) -> Response:
        """Vote

        Once in each battle.
        """
        device, address = self._origins.of(request.scope)
        command = rpc.CastVote(
            battle_id=battle_id,
            user_id=user_of(request),
            creation_id=body.creation_id,
            device=device,
            address=address,
        )
        return answer(envelope(await self._caller.call(command), VOTED))

    @endpoint(
        "GET",
        "/api/battles/{battle_id:id}",
        USER,
        Documentation(
            TAG,
            shapes.Answer[battle_shapes.BattleResult],
            examples.answer(battle_examples.RESULT),
            errors=("BATTLE_NOT_FOUND",),
        ),
    )
    async def battle(self, request: Request, battle_id: int) -> Response:
        """Show a battle and its result"""
        user_id = user_of(request)
        found = orjson.loads(await self._caller.call(rpc.GetBattle(user_id=user_id, battle_id=battle_id)))
        result = {name: found[name] for name in ("status", "winner_id", "prize", "prize_withheld", "ended_at")}
        return answer(envelope(orjson.dumps(await self._arena.battle(user_id, found) | result)))

    async def _shown(self, user_id: int, question: rpc.CurrentBattle | rpc.NextBattle) -> Json | None:
        for _ in range(TRIES):
            found = orjson.loads(await self._caller.call(question))["battle"]
            if found is None:
                return None
            battle = await self._arena.battle(user_id, found)
            if is_whole(battle):
                return battle
            question = rpc.NextBattle(user_id=user_id, exclude_id=found["id"])
        return None


def _shown(battle: Json | None) -> bytes:
    return envelope(orjson.dumps(battle), None if battle else NONE_LEFT)
