"""Ledger's composition root."""

from collections.abc import Mapping

from pydantic import Field

from contracts.envelope import Event
from contracts.events.ledger import CorrectionApproved, PromoRedeemed
from contracts.events.payments import RefundMadeAfterAll, RefundRefused
from contracts.subjects import BULK_TRANSFERS
from kernel.bus import Listener
from kernel.clock import Clock, utc_now
from kernel.decider import Codec
from kernel.service import Service
from services.ledger import projections, rpc
from services.ledger.administrators import Administrators
from services.ledger.bulk import AT_ONCE, Bulk
from services.ledger.corrections import Corrections
from services.ledger.domain import WALLET, ExpireHold, ExpireLots, wallet_decider
from services.ledger.domain.allowance import ALLOWANCE
from services.ledger.domain.corrections import CORRECTION
from services.ledger.domain.promos import PROMO, PromoAlreadyUsed
from services.ledger.oversight import Oversight
from services.ledger.payments.assembly import DECIDERS, Payments
from services.ledger.payments.settings import PaymentSettings
from services.ledger.promos import Promos
from services.ledger.publishing import MIRRORED, publish
from services.ledger.queries import Queries
from services.ledger.subscribers import Subscribers

CODEC = Codec(WALLET, CORRECTION, ALLOWANCE, PROMO, *DECIDERS)


class LedgerSettings(PaymentSettings):
    ledger_database_url: str
    signup_bonus: int = Field(default=2500, ge=1)
    referral_bonus: int = Field(default=250, ge=1)
    """To either side."""
    correction_limit: int = Field(default=1000, ge=0)
    """Credits, either way, that one administrator may correct or refund alone, for each person in any 24 hours; beyond
    it a second one must approve.
    """
    credits_low_mark: int = Field(default=100, ge=0)
    """Whose balance falls below it is told, once until a grant lifts it again. 0: nobody is."""


def build(settings: LedgerSettings, *, clock: Clock = utc_now) -> Service:
    wallet = wallet_decider(settings.credits_low_mark)

    async def fire(timer_id: str) -> None:
        kind, user_id, number = timer_id.split(":")
        if kind not in {"hold", "lot"}:
            await payments.fire(timer_id)
            return
        command = ExpireHold(int(user_id), int(number)) if kind == "hold" else ExpireLots(int(user_id))
        await service.commands.execute(wallet, user_id, command)

    service = Service(
        "ledger",
        settings,
        settings.ledger_database_url,
        CODEC,
        project=projections.project,
        keep=projections.keep,
        deadlines=projections.deadlines,
        publish=publish,
        mirrored=MIRRORED,
        fire=fire,
        clock=clock,
        plain=projections.PLAIN,
        conflicts={"redemptions_pkey": PromoAlreadyUsed},
    )
    payments = Payments(service, settings, wallet, clock)
    administrators = Administrators(service.bus.caller)
    oversight = Oversight(service.commands, limit=settings.correction_limit)
    corrections = Corrections(
        service.commands,
        service.database,
        wallet,
        administrators,
        oversight=oversight,
        repay=payments.refunds.repay,
    )
    refund_requests = payments.answer_refunds(service.bus, administrators, oversight, corrections)
    promos = Promos(service.commands, service.database, wallet)
    wallets = rpc.Wallets(service.commands, wallet)
    queries = Queries(service.database)
    rpc.answer(service.bus, queries, wallets, payments.billing.exported(queries.export))
    rpc.answer_administrators(service.bus, administrators, corrections, promos)
    bulk = Bulk(service.commands, wallet, lambda subject, data: service.bus.connected().publish(subject, data))
    service.bus.work("ledger-bulk", BULK_TRANSFERS, bulk.handle, at_once=AT_ONCE)
    own: Mapping[type[Event], Listener] = {
        CorrectionApproved: corrections.approved,
        RefundRefused: refund_requests.ended,
        RefundMadeAfterAll: refund_requests.ended,
        PromoRedeemed: promos.redeemed,
    }
    service.bus.listen("ledger", "ledger", own)
    subscribers = Subscribers(
        service.commands, wallet, signup_bonus=settings.signup_bonus, referral_bonus=settings.referral_bonus
    )
    subscribers.listen(service.bus)
    return service
