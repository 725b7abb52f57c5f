"""What is said of a battle: commands, events, refusals; and what is remembered of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from contracts.errors import ServiceError

FULL_WEIGHT = 100
"""Of a vote that nothing speaks against. Weights are summed in hundredths of a vote."""


class Status(StrEnum):
    NONE = "none"
    ACTIVE = "active"
    ENDED = "ended"
    CANCELLED = "cancelled"
    ABANDONED = "abandoned"


class Withheld(StrEnum):
    """Why somebody has won and gets no prize."""

    TOO_FEW_VOTES = "too_few_votes"
    TOO_CLOSE = "too_close"
    DAILY_LIMIT = "daily_limit"


@dataclass(frozen=True, slots=True)
class Side:
    """A picture, and whose it is."""

    creation_id: int
    user_id: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who has won, and the credits that are theirs unless they have had their share of prizes."""

    winner: Side
    prize: int


@dataclass(frozen=True, slots=True)
class Battle:
    """`votes_…` counts every vote, `weight_…` what they weigh together. `reviews` is how many weights were changed.

    From its `verdict` on nothing changes any more who has won; a battle that pays no prize ends without one.
    """

    status: Status = Status.NONE
    a: Side | None = None
    b: Side | None = None
    ends_at: datetime | None = None
    votes_a: int = 0
    votes_b: int = 0
    weight_a: int = 0
    weight_b: int = 0
    reviews: int = 0
    verdict: Verdict | None = None

    @property
    def goes_on(self) -> bool:
        return self.status is Status.ACTIVE and self.verdict is None


@dataclass(frozen=True, slots=True)
class StartBattle:
    battle_id: int
    a: Side
    b: Side
    lasts_s: float


@dataclass(frozen=True, slots=True)
class CastVote:
    """`weight` is 0 to 100, `reasons` say why it is not 100."""

    battle_id: int
    user_id: int
    creation_id: int
    weight: int = FULL_WEIGHT
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReviewVote:
    """Gives a vote another weight. `before` and `reviews` are what was read: someone faster makes it out of date."""

    battle_id: int
    user_id: int
    creation_id: int
    before: int
    weight: int
    reviews: int
    by: int
    reason: str


@dataclass(frozen=True, slots=True)
class WarnOfEnd:
    battle_id: int


@dataclass(frozen=True, slots=True)
class EndBattle:
    """`prize`: credits for whoever wins, if their votes weigh at least `prize_weight` together (100: one vote)."""

    battle_id: int
    prize: int
    prize_weight: int = 0


@dataclass(frozen=True, slots=True)
class SettleBattle:
    """Whether the prize of its verdict is paid has been found out."""

    battle_id: int
    paid: bool


@dataclass(frozen=True, slots=True)
class CancelBattle:
    """One of its pictures is gone."""

    battle_id: int


@dataclass(frozen=True, slots=True)
class AbandonBattle:
    """If it has not begun by now, it must never begin: its pairing was not finished in time."""

    battle_id: int


Command = StartBattle | CastVote | ReviewVote | WarnOfEnd | EndBattle | SettleBattle | CancelBattle | AbandonBattle


@dataclass(frozen=True, slots=True)
class BattleStarted:
    battle_id: int
    a: Side
    b: Side
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class SideEntered:
    battle_id: int
    creation_id: int
    user_id: int


@dataclass(frozen=True, slots=True)
class VoteCast:
    """`for_a`: whether it is for the first of the two."""

    battle_id: int
    user_id: int
    creation_id: int
    for_a: bool
    weight: int
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VoteReviewed:
    battle_id: int
    user_id: int
    for_a: bool
    before: int
    weight: int
    by: int
    reason: str


@dataclass(frozen=True, slots=True)
class BattleEnding:
    battle_id: int
    a: Side
    b: Side
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class VerdictReached:
    """Its votes are all there, and their winner may get a prize."""

    battle_id: int
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class BattleEnded:
    """`winner` is null on a tie, and then `prize` is 0. When it ended is the time at which this was recorded.

    `withheld`: why a winner gets nothing.
    """

    battle_id: int
    a: Side
    b: Side
    votes_a: int
    votes_b: int
    winner: Side | None
    prize: int
    withheld: Withheld | None = None


@dataclass(frozen=True, slots=True)
class BattleCancelled:
    battle_id: int
    a: Side
    b: Side


@dataclass(frozen=True, slots=True)
class BattleAbandoned:
    battle_id: int


Event = (
    BattleStarted
    | SideEntered
    | VoteCast
    | VoteReviewed
    | BattleEnding
    | VerdictReached
    | BattleEnded
    | BattleCancelled
    | BattleAbandoned
)


class BattleNotFound(ServiceError):
    def __init__(self) -> None:
        super().__init__("BATTLE_NOT_FOUND", "Battle not found.")


class BattleOver(ServiceError):
    def __init__(self) -> None:
        super().__init__("BATTLE_ENDED", "This battle has ended.")


class InvalidCreation(ServiceError):
    def __init__(self) -> None:
        super().__init__("INVALID_CREATION", "This creation is not part of the battle.")


class OwnCreation(ServiceError):
    def __init__(self) -> None:
        super().__init__("OWN_CREATION", "You cannot vote in a battle of your own creation.")


class AlreadyVoted(ServiceError):
    def __init__(self) -> None:
        super().__init__("ALREADY_VOTED", "You have already voted in this battle")


class OutOfDate(ServiceError):
    """Someone else reviewed a vote of this battle just now: look again."""

    def __init__(self) -> None:
        super().__init__("SERVICE_UNAVAILABLE", "Someone else changed this just now. Please try again.")
