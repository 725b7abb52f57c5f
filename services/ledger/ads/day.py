"""How many ads somebody is rewarded for on a day (UTC). One stream per person; who calls gives each ad one key."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from contracts.errors import ServiceError
from kernel.decider import Decider


@dataclass(frozen=True, slots=True)
class AdDay:
    """`day`: ISO, the last one on which an ad was rewarded; `watched` on that day."""

    day: str = ""
    watched: int = 0
    last_at: datetime | None = None

    def watched_on(self, now: datetime) -> int:
        return self.watched if self.day == _day(now) else 0


@dataclass(frozen=True, slots=True)
class RewardAd:
    user_id: int
    view_id: str
    credits: int
    daily_limit: int


@dataclass(frozen=True, slots=True)
class AdRewarded:
    user_id: int
    view_id: str
    credits: int
    watched: int
    at: datetime


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


def decide(command: RewardAd, day: AdDay, now: datetime) -> list[AdRewarded]:
    watched = day.watched_on(now)
    if watched >= command.daily_limit:
        raise DailyLimitReached(now)
    return [AdRewarded(command.user_id, command.view_id, command.credits, watched + 1, now)]


def evolve(_: AdDay, event: AdRewarded) -> AdDay:
    return AdDay(_day(event.at), event.watched, event.at)


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


AD_DAY: Decider[RewardAd, AdDay, AdRewarded] = Decider(
    category="adday", initial=AdDay(), decide=decide, evolve=evolve, events=(AdRewarded,)
)
