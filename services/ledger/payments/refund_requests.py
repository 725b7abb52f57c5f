"""Refunds as administrators ask for them: small ones are made, large ones are proposed to a second administrator."""

from contracts.rpc import payments as rpc
from services.ledger.corrections import TRANSACTION, Corrections
from services.ledger.domain.corrections import Repayment
from services.ledger.oversight import Oversight
from services.ledger.payments.order import BeginRefund, Order, PaymentNotFound, left_of
from services.ledger.payments.providers import Providers
from services.ledger.payments.queries import OrderQueries
from services.ledger.payments.refunds import Refunds

MAX_ID = 2**63 - 1
NOTHING = 0
"""Is never refunded: a command with it tells again what its key began before, or how much is left."""


class RefundRequests:
    def __init__(
        self,
        queries: OrderQueries,
        providers: Providers,
        refunds: Refunds,
        *,
        oversight: Oversight,
        corrections: Corrections,
    ) -> None:
        self._queries = queries
        self._providers = providers
        self._refunds = refunds
        self._oversight = oversight
        self._corrections = corrections

    async def refund(self, request: rpc.RefundPayment) -> rpc.Refund:
        """For errors see the request."""
        order_id = await self._order_of(request.payment)
        order = await self._queries.order(order_id)
        if order.payment_id is None:
            raise PaymentNotFound
        left = left_of(order)
        amount = left if request.amount is None else request.amount
        is_possible = 0 < amount <= left and request.by != order.user_id
        fingerprint = f"{order_id}:{request.amount}:{request.reason.strip()}"
        worth = _worth(order, amount)
        # What is left may have become more since the first request under this key: nobody has allowed that.
        if is_possible and not await self._oversight.may_alone(
            request.by, order.user_id, worth, key=_key("refund", request), fingerprint=f"{fingerprint}:{worth}"
        ):
            return await self._propose(request, order, Repayment(order_id, amount), fingerprint)
        command = BeginRefund(order_id, request.by, amount if is_possible else NOTHING, request.reason.strip())
        return await self._refunds.begin(command, key=_key("refund", request), fingerprint=fingerprint)

    async def _propose(
        self, request: rpc.RefundPayment, order: Order, repayment: Repayment, fingerprint: str
    ) -> rpc.Refund:
        found = await self._corrections.propose_repayment(
            request.by,
            order.user_id,
            _worth(order, repayment.amount),
            request.reason.strip(),
            repayment,
            key=_key("repay", request),
            fingerprint=fingerprint,
        )
        return rpc.Refund(
            id=f"correction-{found.id}",
            status=found.status,
            transaction_id=f"{TRANSACTION}{repayment.order_id}",
            user_id=order.user_id,
            amount=repayment.amount,
            currency=order.currency,
            credits_taken=order.taken,
            refunded_by=request.by,
            correction_id=found.id,
        )

    async def _order_of(self, payment: str) -> int:
        """Errors: PAYMENT_NOT_FOUND, PAYMENTS_OFF."""
        if not payment.isprintable():  # PostgreSQL's text has no NUL
            raise PaymentNotFound
        own_id = payment.removeprefix(TRANSACTION)
        if own_id != payment:
            if not (own_id.isascii() and own_id.isdecimal() and int(own_id) <= MAX_ID):
                raise PaymentNotFound
            if (await self._queries.order(int(own_id))).payment_id is None:
                raise PaymentNotFound
            return int(own_id)
        for provider in self._providers.all():
            order_id = await self._queries.order_with(provider.name, payment)
            if order_id is not None:
                return order_id
        raise PaymentNotFound


def _key(what: str, request: rpc.RefundPayment) -> str | None:
    return f"{what}:{request.by}:{request.idempotency_key}" if request.idempotency_key else None


def _worth(order: Order, amount: int) -> int:
    """In credits; at least one, so that nothing is too small to count."""
    return max(1, order.paid.worth(amount))
