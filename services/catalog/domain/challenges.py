"""The daily challenge. One stream per day: `challenge-20261121`; that number is the challenge's public id.

An admin may plan a day's challenge, and change or withdraw it until the day begins (UTC). When it begins the challenge
starts as it was planned; where nothing was, or its style is no longer offered, as the rule has it. From then on it
stays as it is.
"""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import assert_never

from contracts.errors import ServiceError
from kernel.decider import Decider

FURTHEST = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class ChallengeShape:
    title: str
    style_id: int


@dataclass(frozen=True, slots=True)
class Challenge:
    shape: ChallengeShape | None = None
    started: bool = False


@dataclass(frozen=True, slots=True)
class PlanChallenge:
    challenge_id: int
    shape: ChallengeShape
    by: int


@dataclass(frozen=True, slots=True)
class ChangeChallenge:
    """What is None stays."""

    challenge_id: int
    title: str | None
    style_id: int | None
    by: int


@dataclass(frozen=True, slots=True)
class WithdrawChallenge:
    challenge_id: int
    by: int


@dataclass(frozen=True, slots=True)
class StartChallenge:
    """`rule` is what the day gets unless something was planned in a style of `offered`."""

    challenge_id: int
    rule: ChallengeShape
    offered: tuple[int, ...]


ChallengeCommand = PlanChallenge | ChangeChallenge | WithdrawChallenge | StartChallenge


@dataclass(frozen=True, slots=True)
class ChallengePlanned:
    challenge_id: int
    shape: ChallengeShape
    by: int


@dataclass(frozen=True, slots=True)
class ChallengeChanged:
    challenge_id: int
    shape: ChallengeShape
    by: int


@dataclass(frozen=True, slots=True)
class ChallengeWithdrawn:
    challenge_id: int
    by: int


@dataclass(frozen=True, slots=True)
class ChallengeStarted:
    challenge_id: int
    shape: ChallengeShape


ChallengeEvent = ChallengePlanned | ChallengeChanged | ChallengeWithdrawn | ChallengeStarted


class ChallengeNotFound(ServiceError):
    def __init__(self) -> None:
        super().__init__("CHALLENGE_NOT_FOUND", "There is no such challenge.")


class ChallengeExists(ServiceError):
    def __init__(self) -> None:
        super().__init__("CHALLENGE_EXISTS", "This day has a challenge already.")


class ChallengeHasStarted(ServiceError):
    def __init__(self) -> None:
        super().__init__("CHALLENGE_STARTED", "This challenge has started, and stays as it is.")


class DayCannotBe(ServiceError):
    def __init__(self) -> None:
        message = f"A challenge is planned for today or one of the next {FURTHEST.days} days."
        super().__init__("VALIDATION_ERROR", message, {"day": message})


def id_of(day: date) -> int:
    return day.year * 10_000 + day.month * 100 + day.day


def day_of(challenge_id: int) -> date:
    """Errors: CHALLENGE_NOT_FOUND for a number that is no day."""
    try:
        return date(challenge_id // 10_000, challenge_id // 100 % 100, challenge_id % 100)
    except (ValueError, OverflowError):
        raise ChallengeNotFound from None


def starts_at(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def ends_at(day: date) -> datetime:
    return starts_at(day) + timedelta(days=1)


def decide(command: ChallengeCommand, challenge: Challenge, now: datetime) -> list[ChallengeEvent]:
    number = command.challenge_id
    match command:
        case PlanChallenge(shape=shape, by=by):
            today = now.astimezone(UTC).date()
            if not today <= day_of(number) <= today + FURTHEST:
                raise DayCannotBe
            if challenge.shape:
                raise ChallengeExists
            return [ChallengePlanned(number, shape, by)]
        case ChangeChallenge(title=title, style_id=style_id, by=by):
            before = _open(number, challenge, now)
            after = ChallengeShape(title or before.title, style_id or before.style_id)
            return [] if after == before else [ChallengeChanged(number, after, by)]
        case WithdrawChallenge(by=by):
            _open(number, challenge, now)
            return [ChallengeWithdrawn(number, by)]
        case StartChallenge(rule=rule, offered=offered):
            if challenge.started:
                return []
            planned = challenge.shape
            return [ChallengeStarted(number, planned if planned and planned.style_id in offered else rule)]
        case _:
            assert_never(command)


def _open(number: int, challenge: Challenge, now: datetime) -> ChallengeShape:
    """What may still be changed. Errors: CHALLENGE_NOT_FOUND, CHALLENGE_STARTED."""
    if challenge.shape is None:
        raise ChallengeNotFound
    if challenge.started or now >= starts_at(day_of(number)):
        raise ChallengeHasStarted
    return challenge.shape


def evolve(challenge: Challenge, event: ChallengeEvent) -> Challenge:
    match event:
        case ChallengePlanned(shape=shape) | ChallengeChanged(shape=shape):
            return replace(challenge, shape=shape)
        case ChallengeWithdrawn():
            return Challenge()
        case ChallengeStarted(shape=shape):
            return Challenge(shape, started=True)
        case _:
            assert_never(event)


CHALLENGE: Decider[ChallengeCommand, Challenge, ChallengeEvent] = Decider(
    category="challenge",
    initial=Challenge(),
    decide=decide,
    evolve=evolve,
    events=(ChallengePlanned, ChallengeChanged, ChallengeWithdrawn, ChallengeStarted),
)
