"""Ledger's composition root."""

from pydantic import Field

from kernel.clock import Clock, utc_now
from kernel.decider import Codec
from kernel.service import Service
from services.ledger import projections, rpc
from services.ledger.domain import WALLET, ExpireHold, ExpireLots
from services.ledger.payments.assembly import DECIDERS, Payments
from services.ledger.payments.settings import PaymentSettings
from services.ledger.publishing import publish
from services.ledger.queries import Queries
from services.ledger.subscribers import Subscribers

CODEC = Codec(WALLET, *DECIDERS)


class LedgerSettings(PaymentSettings):
    ledger_database_url: str
    signup_bonus: int = Field(default=2500, ge=1)
    referral_bonus: int = Field(default=250, ge=1)
    """To either side."""


def build(settings: LedgerSettings, *, clock: Clock = utc_now) -> Service:
    async def fire(timer_id: str) -> None:
        if not timer_id.startswith(("hold:", "lot:")):
            await payments.fire(timer_id)
            return
        kind, user_id, number = timer_id.split(":")
        command = ExpireHold(int(user_id), int(number)) if kind == "hold" else ExpireLots(int(user_id))
        await service.commands.execute(WALLET, user_id, command)

    service = Service(
        "ledger",
        settings,
        settings.ledger_database_url,
        CODEC,
        project=projections.project,
        keep=projections.keep,
        publish=publish,
        fire=fire,
        clock=clock,
    )
    payments = Payments(service, settings, clock)
    rpc.answer(service.bus, Queries(service.database))
    subscribers = Subscribers(
        service.commands, signup_bonus=settings.signup_bonus, referral_bonus=settings.referral_bonus
    )
    subscribers.listen(service.bus)
    return service
