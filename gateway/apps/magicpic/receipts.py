"""Receipts of what was paid, and credit notes for what went back."""

import base64
from typing import Annotated

import orjson
from fastapi import Query, Request
from starlette.responses import Response

from contracts.rpc import payments as rpc
from gateway.answers import NO_STORE, Paging, answer, items_of, listing
from gateway.apps.magicpic import examples, money_examples, shapes
from gateway.documentation import Documentation
from gateway.routing import USER, endpoint, user_of
from kernel.caller import Caller

TAG = "Credits"
PDF = "application/pdf"


class Receipts:
    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    @endpoint(
        "GET",
        "/api/credits/receipts",
        USER,
        Documentation(
            TAG,
            shapes.PagedListing[rpc.Receipt],
            examples.paged([money_examples.RECEIPT]),
            errors=("VALIDATION_ERROR",),
        ),
    )
    async def receipts(self, request: Request, query: Annotated[Paging, Query()]) -> Response:
        """List my receipts

        Newest first, with the credit notes for what went back of each. Amounts are in paise.
        """
        found = items_of(await self._caller.call(rpc.ListReceipts(user_id=user_of(request), **query.model_dump())))
        return answer(listing(bytes(found.items), found.total, query))

    @endpoint(
        "GET",
        "/api/credits/receipts/{receipt_id:id}/pdf",
        USER,
        Documentation(TAG, None, "%PDF-1.3 …", errors=("NOT_FOUND",), media_type=PDF),
    )
    async def receipt(self, request: Request, receipt_id: int) -> Response:
        """Download a receipt

        A PDF; a tax invoice where the seller is registered for GST.
        """
        question = rpc.GetReceipt(user_id=user_of(request), receipt_id=receipt_id)
        return _file("receipt", await self._caller.call(question))

    @endpoint(
        "GET",
        "/api/credits/credit-notes/{credit_note_id:id}/pdf",
        USER,
        Documentation(TAG, None, "%PDF-1.3 …", errors=("NOT_FOUND",), media_type=PDF),
    )
    async def credit_note(self, request: Request, credit_note_id: int) -> Response:
        """Download a credit note

        A PDF, for money that went back of what a receipt is for: see its `credit_notes`.
        """
        question = rpc.GetCreditNote(user_id=user_of(request), credit_note_id=credit_note_id)
        return _file("credit-note", await self._caller.call(question))


def _file(kind: str, reply: bytes) -> Response:
    found = orjson.loads(reply)
    name = f"{kind}-{found['number'].replace('/', '-')}.pdf"
    headers = NO_STORE | {"content-disposition": f'attachment; filename="{name}"'}
    return Response(base64.b64decode(found["pdf"]), headers=headers, media_type=PDF)
