"""Credits for ads: the network's word and the app's claim meet, the day's limit is kept, the wallet is paid."""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from contracts.errors import ServiceError
from contracts.events import payments as published
from contracts.rpc import payments as rpc
from kernel.bus import Delivery
from kernel.clock import Clock, iso
from kernel.commands import CommandBus
from kernel.logging import log
from services.ledger.ads.admob import Shown
from services.ledger.ads.day import AD_DAY, AdDay, ClaimAd, DailyLimitReached, RewardAd, next_at
from services.ledger.ads.view import VIEW, ClaimView, HearNetwork, InvalidAdToken
from services.ledger.domain import GrantCredits
from services.ledger.domain.wallet import WalletDecider
from services.ledger.payments.queries import OrderQueries
from services.ledger.queries import Queries

LONGEST_TOKEN = 1024
LOOK_EVERY_S = 0.1


class AdNetwork(Protocol):
    name: str

    async def shown(self, query: str) -> Shown | None:
        """What a call of the network proves; None for what is not about us. Errors: INVALID_SIGNATURE,
        SERVICE_UNAVAILABLE.
        """


class AdsOff(ServiceError):
    def __init__(self) -> None:
        super().__init__("ADS_OFF", "Rewarded ads are switched off here.")


@dataclass(frozen=True, slots=True)
class Rules:
    """`wait_s`: how long a claim that comes before the network's word waits for it."""

    credits: int
    daily_limit: int
    cooldown_s: float
    wait_s: float


class Rewards:
    def __init__(
        self,
        commands: CommandBus,
        states: OrderQueries,
        wallets: Queries,
        wallet: WalletDecider,
        *,
        networks: Sequence[AdNetwork],
        rules: Rules,
        clock: Clock,
    ) -> None:
        self._commands = commands
        self._states = states
        self._wallets = wallets
        self._wallet = wallet
        self._networks: Mapping[str, AdNetwork] = {network.name: network for network in networks}
        self._rules = rules
        self._clock = clock

    async def hear(self, request: rpc.HearAdNetwork) -> rpc.Heard:
        """One transaction is heard once, whatever else is said of it."""
        network = self._networks.get(request.network)
        if network is None:
            raise AdsOff
        shown = await network.shown(request.query)
        if shown is None:
            return rpc.Heard(fresh=False)
        view_id = view_of(network.name, shown.token)
        command = HearNetwork(view_id, network.name, shown.transaction_id, shown.user_id)
        key = f"shown:{network.name}:{hashlib.sha256(shown.transaction_id.encode()).hexdigest()}"
        outcome = await self._commands.execute(VIEW, view_id, command, key=key, fingerprint="")
        return rpc.Heard(fresh=not outcome.replayed)

    async def claim(self, request: rpc.ClaimAdReward) -> rpc.AdReward:
        """The same claim again gives the same answer: phones lose answers."""
        if not self._networks:
            raise AdsOff
        if request.network not in self._networks or not 0 < len(request.token) <= LONGEST_TOKEN:
            raise InvalidAdToken
        view_id = view_of(request.network, request.token)
        if not (await self._states.state(VIEW, view_id)).matched_at:
            await self._note_claim(view_id, request.user_id)
        command = ClaimView(view_id, request.network, request.user_id)
        await self._commands.execute(VIEW, view_id, command)
        if not await self._is_watched(view_id):
            return await self._answer(request.user_id, 0, pending=True)
        await self._reward(view_id, request.user_id)
        await self._grant(view_id, request.user_id)
        return await self._answer(request.user_id, self._rules.credits, pending=False)

    async def on_watched(self, event: published.AdWatched, _: Delivery) -> None:
        """Where the claim came first, or nobody was left to go on."""
        try:
            await self._reward(event.view_id, event.user_id)
        except DailyLimitReached:
            log.info("an ad came too late for its day", user=event.user_id)

    async def on_rewarded(self, event: published.AdRewarded, _: Delivery) -> None:
        await self._grant(event.view_id, event.user_id, event.credits)

    async def _note_claim(self, view_id: str, user_id: int) -> None:
        """Errors: DAILY_LIMIT_REACHED, AD_COOLDOWN; neither when it is the same claim again."""
        command = ClaimAd(user_id, view_id, self._rules.daily_limit, self._rules.cooldown_s)
        await self._commands.execute(AD_DAY, user_id, command, key=f"claim:{user_id}:{view_id}", fingerprint="")

    async def _is_watched(self, view_id: str) -> bool:
        deadline = asyncio.get_running_loop().time() + self._rules.wait_s
        while not (await self._states.state(VIEW, view_id)).matched_at:
            if asyncio.get_running_loop().time() >= deadline:
                return False
            await asyncio.sleep(LOOK_EVERY_S)
        return True

    async def _reward(self, view_id: str, user_id: int) -> None:
        command = RewardAd(user_id, view_id, self._rules.credits, self._rules.daily_limit)
        await self._commands.execute(AD_DAY, user_id, command, key=f"reward:{view_id}", fingerprint="")

    async def _grant(self, view_id: str, user_id: int, credits_: int | None = None) -> None:
        command = GrantCredits(user_id, credits_ or self._rules.credits, "ad_watch", "Watched ad", source="ad")
        await self._commands.execute(self._wallet, user_id, command, key=f"ad:{view_id}", fingerprint="")

    async def _day(self, user_id: int) -> AdDay:
        return await self._states.state(AD_DAY, user_id)

    async def _answer(self, user_id: int, earned: int, *, pending: bool) -> rpc.AdReward:
        now, day = self._clock(), await self._day(user_id)
        watched, limit = day.watched_on(now), self._rules.daily_limit
        free_at = next_at(day, now, daily_limit=limit, cooldown_s=self._rules.cooldown_s)
        return rpc.AdReward(
            credits_earned=earned,
            new_balance=(await self._wallets.wallet(user_id)).balance,
            daily_ads_watched=watched,
            daily_ads_limit=limit,
            ads_remaining_today=max(0, limit - watched),
            next_ad_available_at=iso(free_at) if free_at else None,
            pending=pending,
        )


def view_of(network: str, token: str) -> str:
    """A token's stream: a hash, because its maker may have put anything into it."""
    return hashlib.sha256(f"{network}|{token}".encode()).hexdigest()[:32]
