"""How many ads somebody is rewarded for on a day (UTC), and how soon after each other. One stream per person, so that
both are exact however many phones claim at once; who calls gives each ad one key.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import assert_never

from contracts.errors import ServiceError
from kernel.decider import Decider


@dataclass(frozen=True, slots=True)
class AdDay:
    """`day`: ISO, the last one on which an ad was rewarded; `watched` on that day. `last_at`: of a claim or reward."""

    day: str = ""
    watched: int = 0
    last_at: datetime | None = None

    def watched_on(self, now: datetime) -> int:
        return self.watched if self.day == _day(now) else 0


@dataclass(frozen=True, slots=True)
class ClaimAd:
    """Before anything is known of the ad."""

    user_id: int
    view_id: str
    daily_limit: int
    cooldown_s: float


@dataclass(frozen=True, slots=True)
class RewardAd:
    """No pause is asked for here: networks tell of several ads at once when they are late."""

    user_id: int
    view_id: str
    credits: int
    daily_limit: int


Command = ClaimAd | RewardAd


@dataclass(frozen=True, slots=True)
class AdClaimed:
    user_id: int
    view_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AdRewarded:
    user_id: int
    view_id: str
    credits: int
    watched: int
    at: datetime


Event = AdClaimed | AdRewarded


class DailyLimitReached(ServiceError):
    def __init__(self, now: datetime) -> None:
        super().__init__(
            "DAILY_LIMIT_REACHED",
            "You have watched all ads for today. Come back tomorrow!",
            {"retry_after": int((tomorrow(now) - now).total_seconds()) + 1},
        )


class AdCooldown(ServiceError):
    def __init__(self, wait_s: float) -> None:
        details = {"retry_after": int(wait_s) + 1}
        super().__init__("AD_COOLDOWN", "Please wait a moment before the next ad.", details)


def decide(command: Command, day: AdDay, now: datetime) -> list[Event]:
    watched = day.watched_on(now)
    if watched >= command.daily_limit:
        raise DailyLimitReached(now)
    match command:
        case ClaimAd(user_id=user_id, view_id=view_id, daily_limit=limit, cooldown_s=cooldown_s):
            if free_at := next_at(day, now, daily_limit=limit, cooldown_s=cooldown_s):
                raise AdCooldown((free_at - now).total_seconds())
            return [AdClaimed(user_id, view_id, now)]
        case RewardAd(user_id=user_id, view_id=view_id, credits=credits_):
            return [AdRewarded(user_id, view_id, credits_, watched + 1, now)]
        case _:
            assert_never(command)


def evolve(day: AdDay, event: Event) -> AdDay:
    match event:
        case AdClaimed(at=at):
            return replace(day, last_at=at)
        case AdRewarded(at=at, watched=watched):
            return AdDay(_day(at), watched, at)
        case _:
            assert_never(event)


def next_at(day: AdDay, now: datetime, *, daily_limit: int, cooldown_s: float) -> datetime | None:
    """When the next ad can be rewarded; None: now."""
    if day.watched_on(now) >= daily_limit:
        return tomorrow(now)
    free_at = day.last_at + timedelta(seconds=cooldown_s) if day.last_at else now
    return free_at if free_at > now else None


def tomorrow(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


def _day(now: datetime) -> str:
    return now.astimezone(UTC).date().isoformat()


AD_DAY: Decider[Command, AdDay, Event] = Decider(
    category="adday", initial=AdDay(), decide=decide, evolve=evolve, events=(AdClaimed, AdRewarded)
)
