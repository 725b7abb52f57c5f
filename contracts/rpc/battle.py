"""What can be asked of battle. Every request carries who asks: ownership and roles are checked here, too."""

from typing import Any, ClassVar, Literal

from contracts.envelope import Message, Request
from contracts.rpc.exporting import ExportPage

BattleStatus = Literal["active", "ended", "cancelled"]
Result = Literal["won", "lost", "tie"]
Decision = Literal["count", "discard"]
Withheld = Literal["too_few_votes", "too_close", "daily_limit"]
"""Why somebody has won a battle, and no prize."""
Reason = Literal["new_account", "burst", "same_device", "same_address", "owner_device", "owner_address"]


class PoolPlace(Message):
    creation_id: int


class Origin(Message):
    """Where a request comes from: salted hashes of device and address, the same wherever they are met; 0: not known."""

    device: int = 0
    address: int = 0


class EnterPool(Origin, Request[PoolPlace]):
    """Whose it is and whether it is public is asked of creation at that moment.

    Errors: CREATION_NOT_FOUND, NOT_OWNER, CREATION_PRIVATE, ALREADY_IN_BATTLE.
    """

    SUBJECT: ClassVar[str] = "rpc.battle.enter"
    user_id: int
    creation_id: int


class LeavePool(Request[PoolPlace]):
    """Errors: CREATION_NOT_FOUND (never entered), NOT_OWNER, CREATION_IN_BATTLE (it fights already)."""

    SUBJECT: ClassVar[str] = "rpc.battle.leave"
    user_id: int
    creation_id: int


class Side(Message):
    creation_id: int
    user_id: int
    votes: int


class Battle(Message):
    """`user_vote` and `winner_id` are creations; `winner_id` is null on a tie and before the end.

    Times in ISO 8601, UTC; `ended_at` is null before the end.
    """

    id: int
    status: BattleStatus
    a: Side
    b: Side
    ends_at: str
    ended_at: str | None
    user_vote: int | None
    winner_id: int | None
    prize: int
    prize_withheld: Withheld | None = None


class MaybeBattle(Message):
    battle: Battle | None


class CurrentBattle(Request[MaybeBattle]):
    """The battle that the user was last shown, until it ends; otherwise the next one."""

    SUBJECT: ClassVar[str] = "rpc.battle.current"
    user_id: int


class NextBattle(Request[MaybeBattle]):
    """Another one: the least seen of those that the user has no part in, has not voted in and has not skipped.

    The one shown last, and `exclude_id`, count as skipped from now on.
    """

    SUBJECT: ClassVar[str] = "rpc.battle.next"
    user_id: int
    exclude_id: int | None = None


class GetBattle(Request[Battle]):
    """Errors: BATTLE_NOT_FOUND."""

    SUBJECT: ClassVar[str] = "rpc.battle.get"
    user_id: int
    battle_id: int


class VotePercentage(Message):
    """With one decimal; together 100. Without any vote half and half."""

    a: float
    b: float


class Voted(Message):
    votes_a: int
    votes_b: int
    user_vote: int
    vote_percentage: VotePercentage


class CastVote(Origin, Request[Voted]):
    """Errors: ALREADY_VOTED, BATTLE_NOT_FOUND, BATTLE_ENDED, INVALID_CREATION, OWN_CREATION."""

    SUBJECT: ClassVar[str] = "rpc.battle.vote"
    battle_id: int
    user_id: int
    creation_id: int


class Fought(Message):
    """A battle that has ended, as one of its two people sees it: `prize` is theirs. Times in ISO 8601, UTC."""

    id: int
    mine: Side
    opponent: Side
    result: Result
    ended_at: str
    prize: int = 0
    prize_withheld: Withheld | None = None


class FoughtPage(Message):
    items: list[Fought]
    total: int


class ListFought(Request[FoughtPage]):
    """Newest first."""

    SUBJECT: ClassVar[str] = "rpc.battle.history"
    user_id: int
    page: int = 1
    limit: int = 20


class Vote(Message):
    """`weight` is 0 to 100, `reasons` say what speaks against it. `voted_at` in ISO 8601, UTC."""

    battle_id: int
    user_id: int
    creation_id: int
    weight: int
    reasons: list[Reason]
    voted_at: str


class VotePage(Message):
    items: list[Vote]
    total: int


class ListSuspects(Request[VotePage]):
    """Votes of active battles that weigh less than others and that nobody has reviewed, newest first.

    Errors: PERMISSION_DENIED.
    """

    SUBJECT: ClassVar[str] = "rpc.battle.suspects"
    by: int
    page: int = 1
    limit: int = 20


class ReviewVote(Request[Vote]):
    """`count`: it weighs as much as any; `discard`: nothing. As often as one likes, until the battle's end.

    Errors: PERMISSION_DENIED, NOT_FOUND (no such vote), BATTLE_ENDED, VALIDATION_ERROR.
    """

    SUBJECT: ClassVar[str] = "rpc.battle.review"
    by: int
    battle_id: int
    user_id: int
    decision: Decision
    reason: str


class ExportBattles(Request[ExportPage]):
    """One person's votes and battles, oldest first."""

    SUBJECT: ClassVar[str] = "rpc.battle.export"
    user_id: int
    after: int = 0


REQUESTS: tuple[type[Request[Any]], ...] = (
    EnterPool,
    LeavePool,
    CurrentBattle,
    NextBattle,
    GetBattle,
    CastVote,
    ListFought,
    ListSuspects,
    ReviewVote,
    ExportBattles,
)
