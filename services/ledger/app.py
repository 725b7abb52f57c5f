"""Ledger's composition root."""

from pydantic import Field

from kernel.decider import Codec
from kernel.service import Service
from kernel.settings import Settings
from services.ledger import projections, rpc
from services.ledger.domain import WALLET, ExpireHold, ExpireLots, wallet_decider
from services.ledger.publishing import publish
from services.ledger.queries import Queries
from services.ledger.subscribers import Subscribers

CODEC = Codec(WALLET)


class LedgerSettings(Settings):
    ledger_database_url: str
    signup_bonus: int = Field(default=2500, ge=1)
    referral_bonus: int = Field(default=250, ge=1)
    """To either side."""
    credits_low_mark: int = Field(default=100, ge=0)
    """Whose balance falls below it is told, once until a grant lifts it again. 0: nobody is."""


def build(settings: LedgerSettings) -> Service:
    wallet = wallet_decider(settings.credits_low_mark)

    async def fire(timer_id: str) -> None:
        kind, user_id, number = timer_id.split(":")
        command = ExpireHold(int(user_id), int(number)) if kind == "hold" else ExpireLots(int(user_id))
        await service.commands.execute(wallet, user_id, command)

    service = Service(
        "ledger",
        settings,
        settings.ledger_database_url,
        CODEC,
        project=projections.project,
        keep=projections.keep,
        publish=publish,
        fire=fire,
    )
    rpc.answer(service.bus, Queries(service.database), rpc.Wallets(service.commands, wallet))
    subscribers = Subscribers(
        service.commands, wallet, signup_bonus=settings.signup_bonus, referral_bonus=settings.referral_bonus
    )
    subscribers.listen(service.bus)
    return service
