"""One battle, from its pairing to its end: two pictures, and the sums of the votes for them. One stream per battle.

```
 (none) ─▶ active ─▶ ended
   │          └────▶ cancelled      a picture has gone: nobody wins
   └─▶ abandoned                    it never began, and never will
```
Who has voted is not remembered here: a vote's command has a key of its battle and person, and a key takes effect once.
Votes and the end are decided in this one stream, so the end has seen every vote, and no vote comes after it.

Where a prize is at stake the end comes in two steps: the verdict, after which votes weigh what they weigh, and the end
itself, once the winner's own stream (`fighter.py`) has said whether one more prize is theirs today.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never

from contracts.errors import ServiceError
from kernel.decider import Decider
from services.battle.domain.words import (
    FULL_WEIGHT,
    AbandonBattle,
    AlreadyVoted,
    Battle,
    BattleAbandoned,
    BattleCancelled,
    BattleEnded,
    BattleEnding,
    BattleNotFound,
    BattleOver,
    BattleStarted,
    CancelBattle,
    CastVote,
    Command,
    EndBattle,
    Event,
    InvalidCreation,
    OutOfDate,
    OwnCreation,
    ReviewVote,
    SettleBattle,
    Side,
    SideEntered,
    StartBattle,
    Status,
    Verdict,
    VerdictReached,
    VoteCast,
    VoteReviewed,
    WarnOfEnd,
    Withheld,
)

LEAST_LEAD = FULL_WEIGHT // 2
"""What one vote of a new account weighs. A smaller lead is made of votes that more than that speaks against."""

__all__ = [
    "BATTLE",
    "FULL_WEIGHT",
    "LEAST_LEAD",
    "AbandonBattle",
    "AlreadyVoted",
    "Battle",
    "BattleAbandoned",
    "BattleCancelled",
    "BattleEnded",
    "BattleEnding",
    "BattleNotFound",
    "BattleOver",
    "BattleStarted",
    "CancelBattle",
    "CastVote",
    "Command",
    "EndBattle",
    "Event",
    "InvalidCreation",
    "OutOfDate",
    "OwnCreation",
    "ReviewVote",
    "SettleBattle",
    "Side",
    "SideEntered",
    "StartBattle",
    "Status",
    "Verdict",
    "VerdictReached",
    "VoteCast",
    "VoteReviewed",
    "WarnOfEnd",
    "Withheld",
    "decide",
    "evolve",
]


def decide(command: Command, battle: Battle, now: datetime) -> list[Event]:
    if isinstance(command, StartBattle):
        return _start(command, battle, now)
    if isinstance(command, CancelBattle | AbandonBattle):
        return _cancel(command, battle, now)
    if battle.a is None or battle.b is None or battle.ends_at is None:
        raise BattleNotFound
    match command:
        case CastVote():
            return [_vote(command, battle, battle.a, battle.b, now)]
        case ReviewVote():
            return [_review(command, battle, battle.a, battle.b)]
        case WarnOfEnd(battle_id=battle_id):
            if not battle.goes_on or now >= battle.ends_at:
                return []
            return [BattleEnding(battle_id, battle.a, battle.b, battle.ends_at)]
        case EndBattle() | SettleBattle():
            return _end(command, battle, battle.a, battle.b, now)
        case _:
            assert_never(command)


def _start(command: StartBattle, battle: Battle, now: datetime) -> list[Event]:
    if battle.status is Status.ACTIVE:
        return []
    if battle.status is not Status.NONE:
        raise BattleOver
    ends_at = now + timedelta(seconds=command.lasts_s)
    entered = [SideEntered(command.battle_id, side.creation_id, side.user_id) for side in (command.a, command.b)]
    return [BattleStarted(command.battle_id, command.a, command.b, ends_at), *entered]


def _cancel(command: CancelBattle | AbandonBattle, battle: Battle, now: datetime) -> list[Event]:
    """From its last moment on a battle can only end: nobody escapes a defeat by deleting the picture."""
    if battle.status is Status.NONE:
        return [BattleAbandoned(command.battle_id)]
    if battle.a is None or battle.b is None or battle.ends_at is None:
        return []
    if isinstance(command, AbandonBattle) or not battle.goes_on or now >= battle.ends_at:
        return []
    return [BattleCancelled(command.battle_id, battle.a, battle.b)]


def _vote(command: CastVote, battle: Battle, a: Side, b: Side, now: datetime) -> VoteCast:
    """The clock decides, and not whether the timer that ends the battle has gone off yet."""
    if not battle.goes_on or battle.ends_at is None or now >= battle.ends_at:
        raise BattleOver
    if command.creation_id not in {a.creation_id, b.creation_id}:
        raise InvalidCreation
    if command.user_id in {a.user_id, b.user_id}:
        raise OwnCreation
    for_a = command.creation_id == a.creation_id
    return VoteCast(command.battle_id, command.user_id, command.creation_id, for_a, command.weight, command.reasons)


def _review(command: ReviewVote, battle: Battle, a: Side, b: Side) -> VoteReviewed:
    if command.by in {a.user_id, b.user_id}:
        raise ServiceError("PERMISSION_DENIED", "Nobody decides on votes in a battle of their own.")
    if not battle.goes_on:
        raise BattleOver
    if command.reviews != battle.reviews:
        raise OutOfDate
    for_a = command.creation_id == a.creation_id
    return VoteReviewed(
        command.battle_id, command.user_id, for_a, command.before, command.weight, command.by, command.reason
    )


def _end(command: EndBattle | SettleBattle, battle: Battle, a: Side, b: Side, now: datetime) -> list[Event]:
    """Votes are shown as they were cast, and weighed to find the winner. Equal weights, none at all included: a tie."""
    votes = (command.battle_id, a, b, battle.votes_a, battle.votes_b)
    if isinstance(command, SettleBattle):
        if battle.status is not Status.ACTIVE or battle.verdict is None:
            return []
        winner, prize = battle.verdict.winner, battle.verdict.prize
        outcome = (prize, None) if command.paid else (0, Withheld.DAILY_LIMIT)
        return [BattleEnded(*votes, winner, *outcome)]
    if not battle.goes_on:
        return []
    if battle.ends_at is None or now < battle.ends_at:
        raise ServiceError("SERVER_ERROR", "A battle was to end before its time.")
    lead = battle.weight_a - battle.weight_b
    if not lead:
        return [BattleEnded(*votes, None, 0)]
    winner, weight = (a, battle.weight_a) if lead > 0 else (b, battle.weight_b)
    withheld = _withheld(command, weight, abs(lead))
    if command.prize and not withheld:
        return [VerdictReached(command.battle_id, Verdict(winner, command.prize))]
    return [BattleEnded(*votes, winner, 0, withheld)]


def _withheld(command: EndBattle, weight: int, lead: int) -> Withheld | None:
    if not command.prize:
        return None
    if weight < command.prize_weight:
        return Withheld.TOO_FEW_VOTES
    return Withheld.TOO_CLOSE if lead < LEAST_LEAD else None


def evolve(battle: Battle, event: Event) -> Battle:
    match event:
        case BattleStarted(a=a, b=b, ends_at=ends_at):
            return replace(battle, status=Status.ACTIVE, a=a, b=b, ends_at=ends_at)
        case VoteCast(for_a=for_a, weight=weight):
            if for_a:
                return replace(battle, votes_a=battle.votes_a + 1, weight_a=battle.weight_a + weight)
            return replace(battle, votes_b=battle.votes_b + 1, weight_b=battle.weight_b + weight)
        case VoteReviewed(for_a=for_a, before=before, weight=weight):
            reviewed = replace(battle, reviews=battle.reviews + 1)
            if for_a:
                return replace(reviewed, weight_a=battle.weight_a + weight - before)
            return replace(reviewed, weight_b=battle.weight_b + weight - before)
        case SideEntered() | BattleEnding():
            return battle
        case VerdictReached(verdict=verdict):
            return replace(battle, verdict=verdict)
        case BattleEnded():
            return replace(battle, status=Status.ENDED)
        case BattleCancelled():
            return replace(battle, status=Status.CANCELLED)
        case BattleAbandoned():
            return replace(battle, status=Status.ABANDONED)
        case _:
            assert_never(event)


BATTLE: Decider[Command, Battle, Event] = Decider(
    category="battle",
    initial=Battle(),
    decide=decide,
    evolve=evolve,
    events=(
        BattleStarted,
        SideEntered,
        VoteCast,
        VoteReviewed,
        BattleEnding,
        VerdictReached,
        BattleEnded,
        BattleCancelled,
        BattleAbandoned,
    ),
)
