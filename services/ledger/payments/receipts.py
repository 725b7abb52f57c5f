"""Receipts: one for each payment, numbered when it is captured, drawn when it is asked for."""

import asyncio
import base64
from collections.abc import Mapping
from typing import Any

import asyncpg

from contracts.errors import ServiceError
from contracts.events import payments as published
from contracts.rpc import payments as rpc
from contracts.rpc.auth import Me, User
from kernel.bus import Delivery
from kernel.caller import Caller
from kernel.clock import iso
from kernel.commands import CommandBus
from services.ledger.payments.billing import BillingDetails
from services.ledger.payments.parties import Billed, Seller
from services.ledger.payments.queries import OrderQueries
from services.ledger.payments.receipt import RECEIPTS, IssueReceipt, shown_credit_note, shown_number, year_of


class NoReceipt(ServiceError):
    def __init__(self) -> None:
        super().__init__("NOT_FOUND", "There is no such receipt.")


class Receipts:
    def __init__(
        self, commands: CommandBus, queries: OrderQueries, caller: Caller, *, seller: Seller, billing: BillingDetails
    ) -> None:
        self._commands = commands
        self._queries = queries
        self._caller = caller
        self._seller = seller
        self._billing = billing

    async def on_captured(self, event: published.PaymentCaptured, delivery: Delivery) -> None:
        billed = await self._billing.of(order_id=event.order_id)
        await self._issue(event, event.order_id, f"{event.credits} credits", billed, delivery)

    async def on_period(self, event: published.PlanCreditsDue, delivery: Delivery) -> None:
        billed = await self._billing.of(subscription_id=event.subscription_id)
        await self._issue(event, None, f"Subscription {event.plan_id}: {event.credits} credits", billed, delivery)

    async def _issue(
        self,
        event: published.PaymentCaptured | published.PlanCreditsDue,
        order_id: int | None,
        description: str,
        billed: asyncpg.Record | None,
        delivery: Delivery,
    ) -> None:
        year = year_of(delivery.envelope.time)
        command = IssueReceipt(
            year,
            event.user_id,
            order_id,
            event.provider,
            event.payment_id,
            description,
            event.amount,
            event.currency,
            self._seller.gst_percent if self._seller.gstin else 0,
            is_integrated=bool(billed and self._seller.gstin and billed["state"] != self._seller.state_code),
        )
        key = f"receipt:{event.provider}:{event.payment_id}"
        await self._commands.execute(RECEIPTS, year, command, key=key, fingerprint="")

    async def all(self, request: rpc.ListReceipts) -> rpc.Receipts:
        rows, total = await self._queries.receipts(request.user_id, request.page, request.limit)
        notes = await self._queries.credit_notes([row["receipt_id"] for row in rows])
        items = [
            rpc.Receipt(
                id=row["receipt_id"],
                number=shown_number(row["year"], row["number"]),
                description=row["description"],
                amount=row["amount"],
                currency=row["currency"],
                refunded=await self._queries.refunded(row),
                issued_at=iso(row["issued_at"]),
                credit_notes=[_told(note) for note in notes if note["receipt_id"] == row["receipt_id"]],
            )
            for row in rows
        ]
        return rpc.Receipts(items=items, total=total)

    async def file(self, request: rpc.GetReceipt) -> rpc.ReceiptFile:
        row = await self._queries.receipt(request.receipt_id)
        if row is None or row["user_id"] != request.user_id:
            raise NoReceipt
        buyer, billed = await self.buyer_of(row)
        refunded = await self._queries.refunded(row)
        pdf = await asyncio.to_thread(_draw, row, buyer, self._seller, refunded, billed)
        return rpc.ReceiptFile(number=shown_number(row["year"], row["number"]), pdf=base64.b64encode(pdf).decode())

    async def buyer_of(self, row: asyncpg.Record) -> tuple[User, Billed | None]:
        """Of a receipt: who it is, asked for at this moment and kept nowhere here, and whom it is billed to."""
        buyer: User = await self._caller.ask(Me(user_id=row["user_id"]))
        return buyer, await self._billed(row)

    async def _billed(self, row: asyncpg.Record) -> Billed | None:
        """As it was given with the order, or the subscription."""
        if row["order_id"]:
            found = await self._billing.of(order_id=row["order_id"])
        else:
            period = await self._queries.period_paid_by(row["provider"], row["payment_id"])
            found = await self._billing.of(subscription_id=period[0]) if period else None
        return Billed(found["name"], found["address"], found["gstin"], found["state"]) if found else None


def _told(note: asyncpg.Record) -> rpc.CreditNote:
    return rpc.CreditNote(
        id=note["credit_note_id"],
        number=shown_credit_note(note["year"], note["number"]),
        amount=note["amount"],
        issued_at=iso(note["issued_at"]),
        is_cancelled=note["cancelled_at"] is not None,
    )


def _draw(row: Mapping[str, Any], buyer: User, seller: Seller, refunded: int, billed: Billed | None) -> bytes:
    from services.ledger.payments.paper import draw  # noqa: PLC0415  (fpdf with fonts and numpy: 0.4 s, 33 MB)

    return draw(row, buyer, seller, refunded, billed)
