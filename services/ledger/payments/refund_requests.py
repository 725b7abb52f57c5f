"""Refunds as administrators ask for them: small ones are made, large ones are proposed to a second administrator."""

import re
from dataclasses import dataclass

from contracts.events import payments as published
from contracts.rpc import payments as rpc
from kernel.bus import Delivery
from services.ledger.corrections import TRANSACTION, Corrections
from services.ledger.domain.corrections import Repayment
from services.ledger.oversight import Oversight
from services.ledger.payments.order import Order
from services.ledger.payments.providers import Providers
from services.ledger.payments.queries import OrderQueries
from services.ledger.payments.refunding import BeginRefund, PaymentNotFound, Refund, left_of
from services.ledger.payments.refunds import Payer, RefundRefused, Refunds
from services.ledger.payments.reports import Reports
from services.ledger.payments.reversals import Paid

SURELY_NAMED = re.compile(r"(pay|pi)_[A-Za-z0-9_]{1,60}")
"""A payment's id at Razorpay or Stripe, which becomes a part of an address when it is asked for."""
MAX_ID = 2**63 - 1
NOTHING = 0
"""Is never refunded: a command with it tells again what its key began before, or how much is left."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The payment that is to go back. `payment_id`: None for the one that an order was credited for."""

    order_id: int
    subscription_id: int
    payment_id: str | None
    payer: Payer
    paid: Paid

    @property
    def name(self) -> str:
        return str(self.order_id) if self.payment_id is None else self.payment_id

    @property
    def left(self) -> int:
        return left_of(self.paid, self.payer.refunds, self.payment_id)

    def worth(self, amount: int) -> int:
        """In credits, as the limit counts them: rounded up, so that many small pieces count no less than one large.
        Money that bought nothing counts like what its order buys for it.
        """
        found = self.payer.state
        price: Order | Paid = found if isinstance(found, Order) else self.paid
        return max(1, -(-price.credits * amount // price.amount))


class RefundRequests:
    def __init__(
        self,
        queries: OrderQueries,
        providers: Providers,
        refunds: Refunds,
        reports: Reports,
        *,
        oversight: Oversight,
        corrections: Corrections,
    ) -> None:
        self._queries = queries
        self._providers = providers
        self._refunds = refunds
        self._reports = reports
        self._oversight = oversight
        self._corrections = corrections

    async def refund(self, request: rpc.RefundPayment) -> rpc.Refund:
        """For errors see the request."""
        wanted = await self._wanted(request.payment)
        user_id, left = wanted.payer.state.user_id, wanted.left
        amount = left if request.amount is None else request.amount
        is_possible = 0 < amount <= left and request.by != user_id
        fingerprint = f"{wanted.name}:{request.amount}:{request.reason.strip()}"
        worth = wanted.worth(amount)
        alone = None
        # What is left may have become more since the first request under this key: nobody has allowed that.
        if is_possible:
            alone = await self._oversight.may_alone(
                request.by, user_id, worth, key=_key("refund", request), fingerprint=f"{fingerprint}:{worth}"
            )
            if alone is None:
                return await self._propose(request, wanted, amount, fingerprint)
        command = BeginRefund(
            wanted.order_id,
            request.by,
            amount if is_possible else NOTHING,
            request.reason.strip(),
            wanted.payment_id,
            wanted.subscription_id,
            alone=alone,
        )
        number, payer = await self._refunds.begin(command, key=_key("refund", request), fingerprint=fingerprint)
        return await self._made(wanted, number, payer)

    async def ended(self, event: published.RefundRefused | published.RefundMadeAfterAll, _: Delivery) -> None:
        """The provider's word may come at once or days later, and from whatever side: what allowed the refund follows.

        Not the event counts but what is known by now, since events may come again, late and side by side. Whoever is
        the last to tell the correction looks once more, so that it ends as the refund does.
        """
        payer, met = await self._refunds.payer(event.order_id, event.subscription_id), None
        while (refund := payer.refunds[event.number]) != met and refund.correction_id is not None:
            made = refund.status == "made"
            await self._corrections.meet_refund(refund.correction_id, made=made, reason=refund.reason)
            payer, met = await self._refunds.payer(event.order_id, event.subscription_id), refund
        if refund.status == "refused":
            await self._free(refund, payer, _id(event.order_id, event.subscription_id, event.number))

    async def _made(self, wanted: Wanted, number: int, payer: Payer) -> rpc.Refund:
        """Errors: REFUND_REFUSED."""
        refund = payer.refunds[number]
        own_id = _id(wanted.order_id, wanted.subscription_id, number)
        if refund.status == "refused":
            await self._free(refund, payer, own_id)
            raise RefundRefused(refund.reason)
        paid = payer.paid(refund.payment_id) or wanted.paid
        return _told(wanted, own_id, refund.status, refund.amount, taken=paid.taken, by=refund.by)

    async def _free(self, refund: Refund, payer: Payer, own_id: str) -> None:
        """The administrator may do as much alone as if it had never been begun."""
        if refund.alone is not None:
            await self._oversight.give_back(refund.by, payer.state.user_id, refund.alone, key=f"refund:{own_id}")

    async def _propose(self, request: rpc.RefundPayment, wanted: Wanted, amount: int, fingerprint: str) -> rpc.Refund:
        found = await self._corrections.propose_repayment(
            request.by,
            wanted.payer.state.user_id,
            max(1, wanted.paid.worth(amount)) if wanted.paid.credits else 0,
            request.reason.strip(),
            Repayment(wanted.order_id, amount, wanted.payment_id, wanted.subscription_id),
            key=_key("repay", request),
            fingerprint=fingerprint,
        )
        told = _told(wanted, f"correction-{found.id}", found.status, amount, taken=wanted.paid.taken, by=request.by)
        return told.model_copy(update={"correction_id": found.id})

    async def _wanted(self, payment: str) -> Wanted:
        """Errors: PAYMENT_NOT_FOUND, PAYMENTS_OFF."""
        if not payment.isprintable():  # PostgreSQL's text has no NUL
            raise PaymentNotFound
        order_id, subscription_id, payment_id = await self._found(payment)
        payer = await self._refunds.payer(order_id, subscription_id)
        paid = payer.paid(payment_id)
        if paid is None:
            raise PaymentNotFound
        if isinstance(payer.state, Order) and payment_id == payer.state.payment_id:
            payment_id = None  # it was asked for a moment ago, and has one name here
        return Wanted(order_id, subscription_id, payment_id, payer, paid)

    async def _found(self, payment: str) -> tuple[int, int, str | None]:
        """Its order, or its subscription, and which of their payments. Errors: PAYMENT_NOT_FOUND, PAYMENTS_OFF."""
        own_id = payment.removeprefix(TRANSACTION)
        if own_id != payment:
            if not (own_id.isascii() and own_id.isdecimal() and int(own_id) <= MAX_ID):
                raise PaymentNotFound
            return int(own_id), 0, None
        for provider in self._providers.all():
            what = (provider.name, payment)
            order_id = await self._queries.order_with(*what) or await self._queries.order_paid_by(*what)
            if order_id is not None:
                return order_id, 0, None
            if (order_id := await self._queries.order_of_stray(*what)) is not None:
                return order_id, 0, payment
            if (period := await self._queries.period_paid_by(*what)) is not None:
                return 0, *period
        return await self._asked_for(payment)

    async def _asked_for(self, payment: str) -> tuple[int, int, str | None]:
        """A second payment is told by its webhook alone, which may be lost; a provider may know it by another name."""
        if SURELY_NAMED.fullmatch(payment):
            for provider in self._providers.all():
                if found := await self._reports.learn(provider, payment):
                    return found
        raise PaymentNotFound


def _told(wanted: Wanted, own_id: str, status: str, amount: int, *, taken: int, by: int) -> rpc.Refund:
    found = wanted.payer.state
    currency = found.currency if isinstance(found, Order) else found.terms.currency if found.terms else ""
    return rpc.Refund(
        id=own_id,
        status=status,
        transaction_id=f"{TRANSACTION}{wanted.order_id}" if wanted.order_id else str(wanted.payment_id),
        user_id=found.user_id,
        amount=amount,
        currency=currency,
        credits_taken=taken,
        refunded_by=by,
        payment_id=wanted.payer.named(wanted.payment_id),
    )


def _id(order_id: int, subscription_id: int, number: int) -> str:
    return f"period-{subscription_id}-{number}" if subscription_id else f"{order_id}-{number}"


def _key(what: str, request: rpc.RefundPayment) -> str | None:
    return f"{what}:{request.by}:{request.idempotency_key}" if request.idempotency_key else None
