"""Spending one's own credits without a picture, for apps that count their own work. Off unless a setting says so."""

from typing import Annotated

from fastapi import Request
from pydantic import BaseModel, Field, StringConstraints
from starlette.responses import Response

from contracts.rpc import ledger
from contracts.rpc.ledger import SpendOwnCredits, Spent
from gateway.answers import answer, envelope
from gateway.apps.magicpic import credit_shapes, examples, shapes
from gateway.documentation import Documentation
from gateway.repeats import KEY_HEADER, REPLAYED, idempotency_key
from gateway.routing import USER, endpoint, user_of
from kernel.caller import Caller


class Consumption(BaseModel):
    credits: int = Field(ge=1, le=ledger.MAX_CREDITS)
    description: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)] = "Used credits"


class Consuming:
    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    @endpoint(
        "POST",
        "/api/credits/consume",
        USER,
        Documentation(
            "Credits",
            shapes.Answer[credit_shapes.Consumed],
            examples.answer(examples.CONSUMED),
            errors=("VALIDATION_ERROR", "INSUFFICIENT_CREDITS", "IDEMPOTENCY_CONFLICT"),
            extra={"parameters": [KEY_HEADER]},
        ),
    )
    async def consume(self, request: Request, body: Consumption) -> Response:
        """Spend my credits

        With an `Idempotency-Key` however often it is sent it is spent once.
        """
        command = SpendOwnCredits(
            user_id=user_of(request),
            credits=body.credits,
            description=body.description,
            idempotency_key=idempotency_key(request),
        )
        spent: Spent = await self._caller.ask(command)
        data = b'{"credits_used":%d,"balance":%d}' % (spent.credits, spent.balance)
        return answer(envelope(data), headers=REPLAYED if spent.replayed else None)
