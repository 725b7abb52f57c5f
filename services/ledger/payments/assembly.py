"""Puts the payments side of ledger together."""

from contracts.rpc import payments as rpc
from kernel.clock import Clock
from kernel.ids import IdBlock
from kernel.service import Service
from services.ledger.adapters.razorpay import Razorpay
from services.ledger.ads.admob import Admob, AdmobKeys
from services.ledger.ads.day import AD_DAY
from services.ledger.ads.rewards import AdNetwork, Rewards, Rules
from services.ledger.ads.view import VIEW
from services.ledger.payments.order import ORDER
from services.ledger.payments.packages import shown_packages
from services.ledger.payments.ports import Provider
from services.ledger.payments.providers import Providers
from services.ledger.payments.purchases import Purchases
from services.ledger.payments.queries import OrderQueries
from services.ledger.payments.reconciler import Reconciler
from services.ledger.payments.reports import Reports
from services.ledger.payments.settings import PaymentSettings
from services.ledger.payments.subscribers import Subscribers
from services.ledger.payments.wallets import Wallets
from services.ledger.payments.webhooks import Webhooks
from services.ledger.queries import Queries

KEYS_TIMEOUT_S = 3.0
DECIDERS = (ORDER, VIEW, AD_DAY)


class Payments:
    """`fire` is for the service's timers."""

    def __init__(self, service: Service, settings: PaymentSettings, clock: Clock) -> None:
        database, commands, bus = service.database, service.commands, service.bus
        self._providers = Providers(providers_of(settings))
        queries, wallets = OrderQueries(database), Wallets(commands)
        reports = Reports(commands, queries)
        purchases = Purchases(
            commands,
            queries,
            Queries(database),
            ids=IdBlock(database, "order_ids"),
            providers=self._providers,
            reports=reports,
            wallets=wallets,
        )
        self._reconciler = Reconciler(commands, queries, self._providers, reports)
        bus.answer(rpc.ListPackages, _packages)
        bus.answer(rpc.Purchase, purchases.place)
        bus.answer(rpc.VerifyPurchase, purchases.verify)
        bus.answer(rpc.HearProvider, Webhooks(database, self._providers, reports).hear)
        rewards = Rewards(
            commands, queries, Queries(database), networks=networks_of(settings), rules=_rules(settings), clock=clock
        )
        bus.answer(rpc.HearAdNetwork, rewards.hear)
        bus.answer(rpc.ClaimAdReward, rewards.claim)
        Subscribers(wallets, rewards).listen(bus)

    async def fire(self, timer_id: str) -> None:
        _, order_id, number = timer_id.split(":")
        await self._reconciler.fire(int(order_id), int(number))


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
    return found


def networks_of(settings: PaymentSettings) -> list[AdNetwork]:
    if not settings.admob_ad_units:
        return []
    keys = AdmobKeys(settings.admob_keys_url, timeout_s=KEYS_TIMEOUT_S)
    return [Admob(keys, settings.admob_ad_units)]


def _rules(settings: PaymentSettings) -> Rules:
    return Rules(settings.ad_reward, settings.ads_per_day, settings.ad_cooldown_s, settings.ad_wait_s)


async def _packages(_: rpc.ListPackages) -> bytes:
    return shown_packages().model_dump_json(exclude_none=True).encode()
