"""What battle tells the others. Ids only."""

from typing import ClassVar, Literal

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


class BattleStarted(Event):
    """Two creations are voted on until `ends_at` (ISO 8601, UTC)."""

    TYPE: ClassVar[str] = "battle.battle_started"
    battle_id: int
    creation_a_id: int
    creation_b_id: int
    user_a_id: int
    user_b_id: int
    ends_at: str


class BattleEnding(Event):
    """It ends within the hour."""

    TYPE: ClassVar[str] = "battle.battle_ending"
    battle_id: int
    creation_a_id: int
    creation_b_id: int
    user_a_id: int
    user_b_id: int
    ends_at: str


class BattleEnded(Event):
    """Winner and loser are null on a tie. `prize`: credits that the winner is to be paid, once.

    `prize_withheld`: why a winner gets none: too few votes that weigh, too small a lead, or enough prizes that day.
    """

    TYPE: ClassVar[str] = "battle.battle_ended"
    battle_id: int
    winner_user_id: int | None
    loser_user_id: int | None
    winner_id: int | None = None
    """The creation that won."""
    creation_a_id: int = 0
    creation_b_id: int = 0
    user_a_id: int = 0
    user_b_id: int = 0
    votes_a: int = 0
    votes_b: int = 0
    prize: int = 0
    prize_withheld: Literal["too_few_votes", "too_close", "daily_limit"] | None = None


class BattleCancelled(Event):
    """One of its creations is gone: nobody has won, and neither is in a battle any more."""

    TYPE: ClassVar[str] = "battle.battle_cancelled"
    battle_id: int
    creation_a_id: int
    creation_b_id: int
    user_a_id: int
    user_b_id: int


EVENTS: tuple[type[Event], ...] = (
    BattleEntered,
    BattleStarted,
    VoteCast,
    BattleEnding,
    BattleEnded,
    BattleCancelled,
)
