"""Credit notes: one for each refund of what there is a receipt for, numbered when the money goes back."""

import asyncio
import base64
from collections.abc import Mapping
from typing import Any

import asyncpg

from contracts.errors import ServiceError
from contracts.events import payments as published
from contracts.rpc import payments as rpc
from contracts.rpc.auth import User
from kernel.bus import Delivery
from kernel.clock import Clock
from kernel.commands import CommandBus
from services.ledger.payments.credit_note import CREDIT_NOTES, CancelCreditNote, IssueCreditNote
from services.ledger.payments.parties import Billed, Seller
from services.ledger.payments.queries import OrderQueries
from services.ledger.payments.receipt import shown_credit_note, year_of
from services.ledger.payments.receipts import NoReceipt, Receipts
from services.ledger.payments.reversals import Paid


class NoReceiptYet(ServiceError):
    """It comes from an event before: the listener is tried again."""

    def __init__(self) -> None:
        super().__init__("SERVICE_UNAVAILABLE", "The receipt that a credit note is for is not there yet.")


class CreditNotes:
    def __init__(
        self, commands: CommandBus, queries: OrderQueries, receipts: Receipts, *, seller: Seller, clock: Clock
    ) -> None:
        self._commands = commands
        self._queries = queries
        self._receipts = receipts
        self._seller = seller
        self._clock = clock

    async def on_reversal(self, event: published.PaymentReversed | published.ReversalUndone, _: Delivery) -> None:
        """Events may come again, late and side by side, so not the event counts but whether the refund stands now. That
        is looked at once more after a note was issued: one that was undone meanwhile had nothing to cancel.
        """
        if event.kind != "refund":
            return
        provider, paid = await self._paid(event)
        if paid is None:  # it bought nothing, and has no receipt
            return
        receipt = await self._queries.receipt_of(event.user_id, provider, event.payment_id)
        if paid.reversals[event.reversal_id].stands:
            if receipt is None:
                raise NoReceiptYet
            await self._issue(event.reversal_id, paid, receipt)
            paid = (await self._paid(event))[1]
        if receipt is not None and paid is not None and not paid.reversals[event.reversal_id].stands:
            await self._cancel(event.reversal_id, receipt)

    async def file(self, request: rpc.GetCreditNote) -> rpc.ReceiptFile:
        note = await self._queries.credit_note(request.credit_note_id)
        receipt = await self._queries.receipt(note["receipt_id"]) if note else None
        if note is None or receipt is None or note["user_id"] != request.user_id:
            raise NoReceipt
        pdf = await asyncio.to_thread(_draw, note, receipt, *await self._receipts.buyer_of(receipt), self._seller)
        return rpc.ReceiptFile(
            number=shown_credit_note(note["year"], note["number"]), pdf=base64.b64encode(pdf).decode()
        )

    async def _paid(self, event: published.PaymentReversed | published.ReversalUndone) -> tuple[str, Paid | None]:
        """With its provider; None if it was never credited."""
        if event.subscription_id:
            subscription = await self._queries.subscription(event.subscription_id)
            return subscription.provider, subscription.payments.get(event.payment_id)
        order = await self._queries.order(event.order_id)
        return order.provider, order.paid if event.payment_id == order.payment_id else None

    async def _issue(self, reversal_id: str, paid: Paid, receipt: asyncpg.Record) -> None:
        """The fingerprint is empty, since the year and what went back before may have changed when it comes again."""
        year, before = year_of(self._clock()), paid.refunded_before(reversal_id)
        amount = min(paid.reversals[reversal_id].amount, receipt["amount"] - before)
        if amount > 0:
            own_id = receipt["receipt_id"]
            command = IssueCreditNote(year, receipt["user_id"], own_id, reversal_id, amount, before)
            key = f"credit-note:{own_id}:{reversal_id}"
            await self._commands.execute(CREDIT_NOTES, year, command, key=key, fingerprint="")

    async def _cancel(self, reversal_id: str, receipt: asyncpg.Record) -> None:
        note = await self._queries.credit_note_for(receipt["receipt_id"], reversal_id)
        if note is not None:
            command = CancelCreditNote(note["year"], note["number"])
            key = f"credit-note-cancelled:{receipt['receipt_id']}:{reversal_id}"
            await self._commands.execute(CREDIT_NOTES, note["year"], command, key=key)


def _draw(
    note: Mapping[str, Any], receipt: Mapping[str, Any], buyer: User, billed: Billed | None, seller: Seller
) -> bytes:
    from services.ledger.payments.paper import draw_credit_note  # noqa: PLC0415  (as a receipt's)

    return draw_credit_note(note, receipt, buyer, seller, billed)
