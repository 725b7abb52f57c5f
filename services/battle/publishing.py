"""Own event → the contract's, or None where it is nobody else's business."""

from typing import assert_never

from contracts.envelope import Event
from contracts.events import battle as published
from kernel.clock import iso
from kernel.store import Recorded
from services.battle.domain import battle as b
from services.battle.domain import entry as e
from services.battle.domain import fighter as f


def publish(record: Recorded) -> Event | None:
    event: b.Event | e.Event | f.Event = record.event
    match event:
        case b.SideEntered():
            return published.BattleEntered(
                battle_id=event.battle_id, creation_id=event.creation_id, user_id=event.user_id
            )
        case b.VoteCast():
            return published.VoteCast(battle_id=event.battle_id, user_id=event.user_id)
        case b.BattleStarted():
            return published.BattleStarted(
                battle_id=event.battle_id, **_sides(event.a, event.b), ends_at=iso(event.ends_at)
            )
        case b.BattleEnding():
            return published.BattleEnding(
                battle_id=event.battle_id, **_sides(event.a, event.b), ends_at=iso(event.ends_at)
            )
        case b.BattleEnded():
            return _ended(event)
        case b.BattleCancelled():
            return published.BattleCancelled(battle_id=event.battle_id, **_sides(event.a, event.b))
        case b.VoteReviewed() | b.VerdictReached() | b.BattleAbandoned() | f.PrizeClaimed() | f.FighterLeft():
            return None
        case e.PoolEntered() | e.PoolLeft() | e.EntryWithdrawn() | e.EntryMatched() | e.EntryFreed():
            return None
        case e.EntryReturned():
            return None
        case _:
            assert_never(event)


def _ended(event: b.BattleEnded) -> published.BattleEnded:
    winner = event.winner
    loser = None
    if winner:
        loser = event.b if winner == event.a else event.a
    return published.BattleEnded(
        battle_id=event.battle_id,
        winner_user_id=winner.user_id if winner else None,
        loser_user_id=loser.user_id if loser else None,
        winner_id=winner.creation_id if winner else None,
        **_sides(event.a, event.b),
        votes_a=event.votes_a,
        votes_b=event.votes_b,
        prize=event.prize,
        prize_withheld=event.withheld.value if event.withheld else None,
    )


def _sides(a: b.Side, b_: b.Side) -> dict[str, int]:
    return {
        "creation_a_id": a.creation_id,
        "creation_b_id": b_.creation_id,
        "user_a_id": a.user_id,
        "user_b_id": b_.user_id,
    }
