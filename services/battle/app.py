"""Battle's composition root, and its settings."""

from datetime import timedelta
from functools import partial

from pydantic import Field

from kernel.clock import Clock, utc_now
from kernel.decider import Codec
from kernel.ids import IdBlock
from kernel.service import Service
from kernel.settings import Settings
from kernel.sweeper import Sweeper
from services.battle import projections, rpc
from services.battle.boards import rpc as boards
from services.battle.boards.queries import Boards
from services.battle.domain.battle import BATTLE, FULL_WEIGHT, AlreadyVoted
from services.battle.domain.entry import ENTRY
from services.battle.domain.fighter import FIGHTER
from services.battle.domain.weighing import Rules
from services.battle.ending import Endings, Prizes
from services.battle.entries import Entries
from services.battle.erasing import Departures
from services.battle.guards import Guards
from services.battle.keeping import deadlines, keep
from services.battle.live import LiveVotes
from services.battle.matcher import Matcher
from services.battle.origins import forget_old
from services.battle.publishing import publish
from services.battle.queries import Queries
from services.battle.reviews import Reviews
from services.battle.showing import Showing
from services.battle.subscribers import Subscribers
from services.battle.voting import Voting

CODEC = Codec(BATTLE, ENTRY, FIGHTER)


class BattleSettings(Settings):
    battle_database_url: str
    battle_hours: float = Field(default=24, gt=0)
    """How long a battle lasts."""
    battle_prize: int = Field(default=100, ge=0)
    """Credits for whoever wins."""
    battle_prize_votes: float = Field(default=0.5, ge=0)
    """So many votes, by weight, the winner must have for a prize. A new account's vote is half a one."""
    battle_prizes_per_day: int = Field(default=10, ge=1)
    """So many prizes one person can win in a day (UTC)."""
    battle_match_every_s: float = Field(default=2, gt=0)
    battle_rematch_hours: float = Field(default=24, ge=0)
    """How long the same two people are not paired again."""
    battle_new_account_hours: float = Field(default=24, ge=0)
    """How long an account is new, and its votes weigh less. 0: never."""
    battle_burst_votes: int = Field(default=20, ge=1)
    """So many votes of one person within a minute weigh less."""
    battle_votes_per_address: int = Field(default=10, ge=1)
    """So many votes in one battle may come from one address before more of them weigh less."""


def build(settings: BattleSettings, *, clock: Clock = utc_now) -> Service:
    async def fire(timer_id: str) -> None:
        kind, *numbers = timer_id.split(":")
        if kind == "pairing":
            await entries.settle(int(numbers[0]), int(numbers[1]))
            return
        await (endings.warn if kind == "ending" else endings.end)(int(numbers[0]))

    service = Service(
        "battle",
        settings,
        settings.battle_database_url,
        CODEC,
        project=projections.project,
        keep=keep,
        deadlines=deadlines,
        publish=publish,
        conflicts={"votes_pkey": AlreadyVoted},
        fire=fire,
        clock=clock,
    )
    queries = Queries(service.database)
    least = round(settings.battle_prize_votes * FULL_WEIGHT)
    endings = Endings(service.commands, Prizes(settings.battle_prize, least, settings.battle_prizes_per_day))
    entries = Entries(service.commands, service.bus.caller, lasts_s=settings.battle_hours * 3600)
    rules = Rules(
        new_account=timedelta(hours=settings.battle_new_account_hours),
        burst_votes=settings.battle_burst_votes,
        per_address=settings.battle_votes_per_address,
    )
    live = LiveVotes(lambda subject, body: service.bus.connected().publish(subject, body))
    voting = Voting(service.commands, Guards(service.database, rules, clock), live)
    showing = Showing(service.database, clock)
    matcher = Matcher(
        service.database,
        queries,
        entries,
        IdBlock(service.database, "battle_ids"),
        clock,
        every_s=settings.battle_match_every_s,
        not_again=timedelta(hours=settings.battle_rematch_hours),
    )
    rpc.answer(service.bus, queries, entries, showing, voting, Reviews(service.commands, queries, service.bus.caller))
    boards.answer(service.bus, Boards(service.database, clock))
    departures = Departures(service.database, service.commands, queries, entries)
    Subscribers(service.database, service.commands, entries, departures).listen(service.bus)
    sweeper = Sweeper(partial(forget_old, service.database), clock=clock)
    service.on_start += [showing.start, matcher.start, sweeper.start]
    service.on_stop += [sweeper.close, matcher.close, showing.close, live.close]
    return service
