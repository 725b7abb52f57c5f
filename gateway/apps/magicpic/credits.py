"""Credits: what one has, and where it came from and went."""

from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from contracts.rpc import ledger
from contracts.rpc.ledger import GetBalance, GetHistory
from gateway.answers import answer, cached_answer, envelope, etag_of, items_of, listing
from gateway.apps.magicpic import credit_shapes, examples, shapes
from gateway.documentation import Documentation
from gateway.repeats import KEY_HEADER, idempotency_key
from gateway.routing import USER, endpoint, user_of
from kernel.caller import Caller

TAG = "Credits"
BALANCE_MAX_AGE_S = 30


class Credits:
    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    @endpoint(
        "GET",
        "/api/credits/balance",
        USER,
        Documentation(
            TAG, shapes.Answer[ledger.Balance], examples.answer(examples.BALANCE), errors=("VALIDATION_ERROR",)
        ),
    )
    async def balance(self, request: Request, query: Annotated[credit_shapes.BalanceQuery, Query()]) -> Response:
        """Show my balance

        `balance` can be spent, `pending` is held for pictures in the making.
        """
        body = envelope(await self._caller.call(GetBalance(user_id=user_of(request), at=query.at)))
        return cached_answer(request, body, BALANCE_MAX_AGE_S, etag=etag_of(body), personal=True)

    @endpoint(
        "GET",
        "/api/credits/history",
        USER,
        Documentation(
            TAG,
            credit_shapes.HistoryListing,
            examples.paged([examples.HISTORY_ENTRY], next_cursor=None),
            errors=("VALIDATION_ERROR",),
        ),
    )
    async def history(self, request: Request, query: Annotated[credit_shapes.HistoryQuery, Query()]) -> Response:
        """List what I earned and spent

        Newest first, by pages or from cursor to cursor.
        """
        found = items_of(await self._caller.call(GetHistory(user_id=user_of(request), **query.model_dump())))
        return answer(listing(bytes(found.items), found.total, query, cursor={"next_cursor": found.next_cursor}))

    @endpoint(
        "POST",
        "/api/credits/redeem",
        USER,
        Documentation(
            TAG,
            shapes.Answer[credit_shapes.Redeemed],
            examples.answer(examples.REDEEMED, "You got 50 credits!"),
            errors=("VALIDATION_ERROR", "PROMO_NOT_FOUND", "PROMO_ENDED", "PROMO_ALREADY_USED", "IDEMPOTENCY_CONFLICT"),
            extra={"parameters": [KEY_HEADER]},
        ),
    )
    async def redeem(self, request: Request, body: credit_shapes.PromoForm) -> Response:
        """Redeem a promo code"""
        command = ledger.RedeemPromo(user_id=user_of(request), code=body.code, idempotency_key=idempotency_key(request))
        got: ledger.Redeemed = await self._caller.ask(command)
        data = b'{"credits_earned":%d,"new_balance":%d}' % (got.credits, got.balance)
        return answer(envelope(data, f"You got {got.credits} credits!"))
