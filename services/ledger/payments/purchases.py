"""Buying a package: an order is opened here, made at the provider, paid there, and verified here."""

from contracts.errors import ServiceError
from contracts.rpc import payments as rpc
from kernel.commands import CommandBus
from kernel.ids import IdBlock
from services.ledger.payments.billing import BillingDetails
from services.ledger.payments.order import ORDER, OpenOrder, Order, PlaceOrder
from services.ledger.payments.packages import CURRENCY, package
from services.ledger.payments.ports import Provider
from services.ledger.payments.providers import Providers
from services.ledger.payments.queries import OrderQueries
from services.ledger.payments.reports import Reports
from services.ledger.payments.wallets import Wallets
from services.ledger.queries import Queries

MAX_REF = 200
"""Ids and signatures of providers are shorter."""


class PaymentFailed(ServiceError):
    """The same for an unknown order, a wrong signature and money that did not come: nobody learns which."""

    def __init__(self, message: str = "Payment failed. Please try again.") -> None:
        super().__init__("PAYMENT_FAILED", message)


class Purchases:
    def __init__(
        self,
        commands: CommandBus,
        queries: OrderQueries,
        wallet_queries: Queries,
        *,
        ids: IdBlock,
        providers: Providers,
        reports: Reports,
        wallets: Wallets,
        billing: BillingDetails,
    ) -> None:
        self._commands = commands
        self._queries = queries
        self._wallet_queries = wallet_queries
        self._ids = ids
        self._providers = providers
        self._reports = reports
        self._wallets = wallets
        self._billing = billing

    async def place(self, request: rpc.Purchase) -> rpc.OrderToPay:
        """The order is ours before it is the provider's: whatever dies in between, nothing can be paid that nobody
        knows. The price is ours alone.
        """
        chosen = package(request.package_id)
        provider = self._providers.chosen(request.payment_method)
        order_id = await self._ids.take()
        command = OpenOrder(
            order_id, request.user_id, chosen.id, chosen.credits, chosen.amount_paise, CURRENCY, provider.name
        )
        key = f"purchase:{request.user_id}:{request.idempotency_key}" if request.idempotency_key else None
        outcome = await self._commands.execute(
            ORDER,
            order_id,
            command,
            key=key,
            fingerprint=f"{chosen.id}:{provider.name}",
            private=request.billing,
            answer=lambda *_: order_id,
        )
        if outcome.replayed:
            await self._billing.must_be(request.billing, outcome.answer)
        order = await self._queries.order(outcome.answer)
        if is_new := order.provider_order_id is None:
            order = await self._make(provider, outcome.answer, order, chosen.name)
        return rpc.OrderToPay(
            order_id=str(order.provider_order_id),
            public_key=provider.public_key,
            amount=order.amount,
            currency=order.currency,
            checkout_url=order.checkout_url,
            replayed=not is_new,
        )

    async def _make(self, provider: Provider, order_id: int, order: Order, name: str) -> Order:
        """At the provider. Should somebody have been faster, theirs is the one that counts."""
        placed = await provider.place(order_id, order.amount, order.currency, f"{name}: {order.credits} credits")
        command = PlaceOrder(order_id, placed.ref, placed.checkout_url)
        await self._commands.execute(ORDER, order_id, command)
        return await self._queries.order(order_id)

    async def verify(self, request: rpc.VerifyPurchase) -> rpc.Purchased:
        """The signature says that the checkout gave this to the phone; the provider itself says what was paid."""
        if max(map(len, (request.order_id, request.payment_id, request.signature))) > MAX_REF:
            raise PaymentFailed
        provider, order_id, order = await self._own_order(request)
        if not provider.is_signed(request.order_id, request.payment_id, request.signature):
            raise PaymentFailed
        if order.payment_id is None:
            order = await self._ask(provider, order_id, order, request)
        if order.payment_id is None or order.payment_id != (request.payment_id or order.payment_id):
            raise PaymentFailed
        await self._wallets.pay_out(order_id, order.user_id, order.provider, order.payment_id, order.credits)
        balance = (await self._wallet_queries.wallet(order.user_id)).balance
        return rpc.Purchased(credits_added=order.credits, new_balance=balance, transaction_id=f"txn_{order_id}")

    async def _own_order(self, request: rpc.VerifyPurchase) -> tuple[Provider, int, Order]:
        for provider in self._providers.all():
            order_id = await self._queries.order_with(provider.name, request.order_id)
            if order_id is not None:
                order = await self._queries.order(order_id)
                if order.user_id == request.user_id:
                    return provider, order_id, order
        raise PaymentFailed

    async def _ask(self, provider: Provider, order_id: int, order: Order, request: rpc.VerifyPurchase) -> Order:
        seen = await provider.payment(request.order_id, request.payment_id)
        if seen is None:
            raise PaymentFailed
        ordered = (request.order_id, order.amount, order.currency)
        if seen.status == "authorized" and (seen.order_ref, seen.amount, seen.currency) == ordered:
            seen = await provider.capture(seen)
        if seen.status in {"pending", "authorized"}:
            raise PaymentFailed("The payment is not complete yet. Your credits will come when it is.")
        await self._reports.report(order_id, seen, "verify")
        return await self._queries.order(order_id)
