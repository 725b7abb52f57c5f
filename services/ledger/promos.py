"""Promo codes, from their making to the wallet."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from contracts.events import ledger as events
from contracts.rpc import ledger as rpc
from kernel.bus import Delivery
from kernel.clock import from_iso
from kernel.commands import CommandBus
from kernel.db import Database, Query
from services.ledger.domain import GrantCredits, WalletDecider
from services.ledger.domain.promos import PROMO, CreatePromo, PromoAlreadyUsed, PromoRedeemed, RedeemPromo
from services.ledger.tables import redemptions

RACES = 5
"""One person's requests at once that may each still find a use of their own."""
_USES = Query(
    sa.select(sa.func.count()).where(
        redemptions.c.code == sa.bindparam("code"), redemptions.c.user_id == sa.bindparam("user_id")
    )
)


class Promos:
    def __init__(self, commands: CommandBus, database: Database, wallet: WalletDecider) -> None:
        self._commands = commands
        self._database = database
        self._wallet = wallet

    async def create(self, request: rpc.CreatePromo) -> rpc.Promo:
        """Errors: PROMO_EXISTS."""
        code = request.code.upper()
        command = CreatePromo(
            code,
            request.by,
            request.credits,
            request.limit,
            request.per_person,
            request.expires_at,
            request.life_days,
        )
        await self._commands.execute(PROMO, code, command)
        return rpc.Promo(code=code, credits=request.credits)

    async def redeem(self, request: rpc.RedeemPromo) -> rpc.Redeemed:
        """Errors: PROMO_NOT_FOUND, PROMO_ENDED, PROMO_ALREADY_USED."""
        code, user_id = request.code.upper(), request.user_id
        key = f"redeem:{user_id}:{request.idempotency_key}" if request.idempotency_key else None
        redeemed = await self._redeem(code, user_id, key)
        until = redeemed["until"]
        balance = await self._grant(
            code, user_id, redeemed["nth"], redeemed["credits"], from_iso(until) if until else None
        )
        return rpc.Redeemed(credits=redeemed["credits"], balance=balance)

    async def redeemed(self, event: events.PromoRedeemed, _: Delivery) -> None:
        """Whatever became of the process that redeemed it, the credits come."""
        until = event.credits_expire_at
        await self._grant(event.code, event.user_id, event.nth, event.credits, from_iso(until) if until else None)

    async def _redeem(self, code: str, user_id: int, key: str | None) -> dict[str, Any]:
        for attempt in range(1, RACES + 1):
            nth = await self._database.value(_USES, code=code, user_id=user_id) + 1
            command = RedeemPromo(code, user_id, nth)
            try:
                outcome = await self._commands.execute(
                    PROMO, code, command, key=key, fingerprint=code, answer=lambda _, made: _told(made[0])
                )
            except PromoAlreadyUsed:
                if attempt == RACES:
                    raise
            else:
                return dict(outcome.answer)
        raise AssertionError

    async def _grant(self, code: str, user_id: int, nth: int, credits_: int, until: datetime | None) -> int:
        """Once, by its key, whoever comes first: request and listener may know the moment of expiry to other digits."""
        reference = f"promo:{code}:{user_id}:{nth}"
        command = GrantCredits(
            user_id, credits_, "promo", f"Promo code {code}", "promo", expires_at=until, reference=reference
        )
        outcome = await self._commands.execute(
            self._wallet, user_id, command, key=reference, fingerprint="", answer=lambda wallet, _: wallet.balance
        )
        return int(outcome.answer)


def _told(event: PromoRedeemed) -> dict[str, Any]:
    until = event.credits_expire_at
    return {"nth": event.nth, "credits": event.credits, "until": until.isoformat() if until else None}
