"""Puts the payments side of ledger together."""

from contracts.events.auth import AccountDeleted
from contracts.rpc import payments as rpc
from kernel.bus import MessageBus
from kernel.clock import Clock
from kernel.ids import IdBlock
from kernel.service import Service
from services.ledger.adapters.razorpay import Razorpay
from services.ledger.adapters.stripe import Stripe
from services.ledger.administrators import Administrators
from services.ledger.ads.admob import Admob, AdmobKeys
from services.ledger.ads.day import AD_DAY
from services.ledger.ads.rewards import AdNetwork, Rewards, Rules
from services.ledger.ads.view import VIEW
from services.ledger.corrections import Corrections
from services.ledger.domain.wallet import WalletDecider
from services.ledger.oversight import Oversight
from services.ledger.payments.alignment import Alignment
from services.ledger.payments.billing import BillingDetails
from services.ledger.payments.credit_note import CREDIT_NOTES
from services.ledger.payments.credit_notes import CreditNotes
from services.ledger.payments.order import ORDER
from services.ledger.payments.packages import shown_packages
from services.ledger.payments.parties import Seller
from services.ledger.payments.plans import shown_plans
from services.ledger.payments.ports import Provider
from services.ledger.payments.providers import Providers
from services.ledger.payments.purchases import Purchases
from services.ledger.payments.queries import OrderQueries
from services.ledger.payments.receipt import RECEIPTS
from services.ledger.payments.receipts import Receipts
from services.ledger.payments.reconciler import Reconciler
from services.ledger.payments.refund_requests import RefundRequests
from services.ledger.payments.refunds import Refunds
from services.ledger.payments.renewals import Renewals
from services.ledger.payments.reports import Reports
from services.ledger.payments.settings import PaymentSettings
from services.ledger.payments.subscribers import CONSUMER, Subscribers
from services.ledger.payments.subscribing import Subscribing
from services.ledger.payments.subscription import SUBSCRIPTION
from services.ledger.payments.wallets import Wallets
from services.ledger.payments.webhooks import Webhooks
from services.ledger.queries import Queries

KEYS_TIMEOUT_S = 3.0
BILLING = "ledger-billing"
"""A consumer of its own: a provider that is away keeps nobody's details."""
DECIDERS = (ORDER, RECEIPTS, CREDIT_NOTES, SUBSCRIPTION, VIEW, AD_DAY)


class Payments:
    """`fire` is for the service's timers; `refunds` are made when it is known who may make them."""

    def __init__(self, service: Service, settings: PaymentSettings, wallet: WalletDecider, clock: Clock) -> None:
        database, commands, bus = service.database, service.commands, service.bus
        self._providers = Providers(providers_of(settings))
        queries, wallets = OrderQueries(database), Wallets(commands, wallet)
        self._reports = reports = Reports(commands, queries)
        self.billing = BillingDetails(database, clock)
        purchases = Purchases(
            commands,
            queries,
            Queries(database),
            ids=IdBlock(database, "order_ids"),
            providers=self._providers,
            reports=reports,
            wallets=wallets,
            billing=self.billing,
        )
        self._reconciler = Reconciler(commands, queries, self._providers, reports)
        self.refunds = Refunds(commands, queries, self._providers, wallets)
        self._queries = queries
        bus.answer(rpc.ListPackages, _packages)
        bus.answer(rpc.Purchase, purchases.place)
        bus.answer(rpc.VerifyPurchase, purchases.verify)
        bus.answer(rpc.HearProvider, Webhooks(database, self._providers, reports).hear)
        rewards = Rewards(
            commands,
            queries,
            Queries(database),
            wallet,
            networks=networks_of(settings),
            rules=_rules(settings),
            clock=clock,
        )
        bus.answer(rpc.HearAdNetwork, rewards.hear)
        bus.answer(rpc.ClaimAdReward, rewards.claim)
        refs = settings.payment_plans
        subscribing = Subscribing(
            commands, queries, ids=IdBlock(database, "subscription_ids"), providers=self._providers, refs=refs
        )
        bus.listen("auth", CONSUMER, {AccountDeleted: subscribing.on_account_deleted})
        bus.listen("auth", BILLING, {AccountDeleted: self.billing.on_account_deleted})
        bus.answer(rpc.ListPlans, _plans)
        bus.answer(rpc.Subscribe, subscribing.subscribe)
        bus.answer(rpc.ChangeSubscription, subscribing.change)
        bus.answer(rpc.GetSubscription, subscribing.current)
        bus.answer(rpc.ListSubscriptionHistory, queries.subscription_history)
        receipts = Receipts(commands, queries, bus.caller, seller=_seller(settings), billing=self.billing)
        bus.answer(rpc.ListReceipts, receipts.all)
        bus.answer(rpc.GetReceipt, receipts.file)
        self._renewals = Renewals(commands, queries, self._providers, reports, clock)
        alignment = Alignment(queries, self._providers, wallets, self._renewals, refs)
        notes = CreditNotes(commands, queries, receipts, seller=_seller(settings), clock=clock)
        bus.answer(rpc.GetCreditNote, notes.file)
        Subscribers(wallets, rewards, alignment, receipts, notes).listen(bus)
        service.on_stop.append(self._providers.close)

    def answer_refunds(
        self, bus: MessageBus, administrators: Administrators, oversight: Oversight, corrections: Corrections
    ) -> RefundRequests:
        requests = RefundRequests(
            self._queries, self._providers, self.refunds, self._reports, oversight=oversight, corrections=corrections
        )
        bus.answer(rpc.RefundPayment, administrators.only(requests.refund))
        return requests

    async def fire(self, timer_id: str) -> None:
        kind, own_id, number = timer_id.split(":")
        if kind == "order":
            await self._reconciler.fire(int(own_id), int(number))
        elif kind.endswith("refund"):
            whose = (0, int(own_id)) if kind.endswith("period-refund") else (int(own_id), 0)
            ask = self.refunds.look if kind.startswith("made-") else self.refunds.fire
            await ask(*whose, int(number))
        elif kind == "billing":
            await self.billing.fire(int(own_id))
        elif kind == "look":
            await self._renewals.look(int(own_id), int(number))
        else:
            await self._renewals.meet_deadline(int(own_id))


def providers_of(settings: PaymentSettings) -> list[Provider]:
    """Those whose keys are set."""
    found: list[Provider] = []
    if settings.razorpay_key_id:
        found.append(
            Razorpay(
                settings.razorpay_key_id,
                settings.razorpay_key_secret,
                settings.razorpay_webhook_secret,
                url=settings.razorpay_url,
                timeout_s=settings.payment_timeout_s,
            )
        )
    if settings.stripe_public_key:
        found.append(
            Stripe(
                settings.stripe_public_key,
                settings.stripe_secret_key,
                settings.stripe_webhook_secret,
                url=settings.stripe_url,
                return_url=settings.stripe_return_url,
                timeout_s=settings.payment_timeout_s,
            )
        )
    return found


def networks_of(settings: PaymentSettings) -> list[AdNetwork]:
    if not settings.admob_ad_units:
        return []
    keys = AdmobKeys(settings.admob_keys_url, timeout_s=KEYS_TIMEOUT_S)
    return [Admob(keys, settings.admob_ad_units)]


def _rules(settings: PaymentSettings) -> Rules:
    return Rules(settings.ad_reward, settings.ads_per_day, settings.ad_cooldown_s, settings.ad_wait_s)


def _seller(settings: PaymentSettings) -> Seller:
    return Seller(
        settings.seller_name,
        settings.seller_address.replace("\\n", "\n"),
        settings.seller_gstin,
        settings.seller_state,
        settings.seller_sac,
        settings.gst_percent,
    )


async def _plans(_: rpc.ListPlans) -> rpc.SubscriptionPlans:
    return shown_plans()


async def _packages(_: rpc.ListPackages) -> bytes:
    return shown_packages().model_dump_json(exclude_none=True).encode()
