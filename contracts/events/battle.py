"""What battle tells the others. Ids only."""

from typing import ClassVar

from contracts.envelope import Event


class BattleEntered(Event):
    """Someone's creation takes part in a battle. A battle has two of these."""

    TYPE: ClassVar[str] = "battle.battle_entered"
    battle_id: int
    creation_id: int
    user_id: int


class VoteCast(Event):
    """`user_id` has voted: for which creation is their own business."""

    TYPE: ClassVar[str] = "battle.vote_cast"
    battle_id: int
    user_id: int


class BattleEnded(Event):
    """Both are null on a tie."""

    TYPE: ClassVar[str] = "battle.battle_ended"
    battle_id: int
    winner_user_id: int | None
    loser_user_id: int | None


EVENTS: tuple[type[Event], ...] = (BattleEntered, VoteCast, BattleEnded)
