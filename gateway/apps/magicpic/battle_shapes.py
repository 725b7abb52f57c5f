"""What clients send and get in battles."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from contracts.rpc.battle import BattleStatus, Decision, Result, Withheld
from gateway.apps.magicpic.shapes import Person, ReasonBody

MAX_ID = 2**53
Id = Annotated[int, Field(ge=1, le=MAX_ID)]


class CreationBody(BaseModel):
    creation_id: Id


class NextQuery(BaseModel):
    exclude_id: Id | None = Field(default=None, description="A battle not to be shown again.")


class Contender(BaseModel):
    """The URLs are null, and the style's name is empty, when the picture may not be shown any more."""

    id: int
    image_url: str | None
    thumbnail_url: str | None
    style_name: str
    under_review: bool = Field(
        description="Reports hide it everywhere but in this battle until a moderator has decided: cover it at first."
    )
    user: Person


class Battle(BaseModel):
    id: int
    creation_a: Contender
    creation_b: Contender
    votes_a: int
    votes_b: int
    total_votes: int
    ends_at: str
    time_remaining: int = Field(description="Seconds.")
    user_vote: int | None = Field(description="The creation that you voted for.")


PrizeWithheld = Annotated[
    Withheld | None,
    Field(
        description="Why there is a winner and no prize: too few votes that weigh, a lead of doubtful votes alone, "
        "or enough prizes of the winner's that day."
    ),
]


class BattleResult(Battle):
    status: BattleStatus
    winner_id: int | None = Field(description="The creation that won; null on a tie and before the end.")
    prize: int = Field(description="The credits that its owner got.")
    prize_withheld: PrizeWithheld
    ended_at: str | None


class BattleAnswer(BaseModel):
    success: Literal[True]
    data: Battle | None = Field(description="Null when there is none, with a message.")
    message: str | None = None


class MyContender(BaseModel):
    id: int
    thumbnail_url: str | None
    votes: int


class OpponentsContender(MyContender):
    user: Person


class FoughtBattle(BaseModel):
    id: int
    my_creation: MyContender
    opponent_creation: OpponentsContender
    result: Result
    prize: int = Field(description="The credits that you got.")
    prize_withheld: PrizeWithheld
    ended_at: str


class DecisionBody(ReasonBody):
    decision: Decision = Field(description="`count`: it weighs as much as any; `discard`: it does not decide.")
