"""What clients send and get where they look around: the first page, search, challenges."""

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from contracts.rpc import auth, catalog
from gateway.answers import MAX_LIMIT
from gateway.apps.magicpic.creation_shapes import PublicCreation
from gateway.apps.magicpic.shapes import Search, storable

Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80), AfterValidator(storable)]
StyleId = Annotated[int, Field(ge=1, le=2**63 - 1)]


class DailyChallenge(BaseModel):
    id: int
    title: str
    style: catalog.Style
    participants: int
    ends_at: str


class Front(BaseModel):
    trending_styles: list[catalog.Style] = Field(description="At most five.")
    new_styles: list[catalog.Style] = Field(description="The five latest.")
    featured_creations: list[PublicCreation] = Field(description="The editors' picks.")
    popular_categories: list[catalog.Category] = Field(description="The four with the most uses.")
    daily_challenge: DailyChallenge | None = Field(default=None, description="Absent when there is none.")
    missing: list[
        Literal["trending_styles", "new_styles", "featured_creations", "popular_categories", "daily_challenge"]
    ] = Field(description="Parts that cannot be told just now: they are empty.")


class SearchQuery(BaseModel):
    q: Search = Field(default="", description="Words; they may be begun or mistyped. Without any, nothing is found.")
    type: Literal["all", "styles", "categories", "users"] = "all"
    limit: Annotated[int, Field(ge=1), AfterValidator(lambda limit: min(limit, MAX_LIMIT))] = Field(
        default=20, description="How many of each type; at most 50."
    )


class Found(BaseModel):
    """The best first, of each type."""

    styles: list[catalog.Style]
    categories: list[catalog.Category]
    users: list[auth.FoundPerson]
    total_results: int = Field(description="How many are listed here, of all types.")
    missing: list[Literal["styles", "categories", "users"]] = Field(
        description="Types that cannot be searched just now: they are empty."
    )


class Challenge(DailyChallenge):
    day: str = Field(description="UTC.")
    starts_at: str
    status: catalog.ChallengeStatus


class ChallengeEntry(BaseModel):
    rank: int
    likes: int = Field(description="Those that it got while the challenge ran: they rank it.")
    creation: PublicCreation


class TodaysChallenge(Challenge):
    leaderboard: list[ChallengeEntry] = Field(description="The first ten.")
    missing: list[Literal["leaderboard"]] = Field(description="Parts that cannot be told just now: they are empty.")


class PlanBody(BaseModel):
    title: Title
    style_id: StyleId
    day: date = Field(description="`2026-11-25`, in UTC.")


class ChangeBody(BaseModel):
    """What is left out stays."""

    title: Title | None = None
    style_id: StyleId | None = None
