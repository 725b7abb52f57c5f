"""What clients send and get about styles, jobs and finished pictures."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, StringConstraints

from contracts.rpc import catalog, jobs
from gateway.answers import Paging
from gateway.apps.magicpic.shapes import Listing, PaginationWithCursor, Person, Search, storable

MAX_PROMPT_CHARACTERS = 200
Prompt = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=MAX_PROMPT_CHARACTERS), AfterValidator(storable)
]


def _empty_is_none(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


class StylesQuery(Paging):
    category: Search | None = Field(default=None, description="A category's slug. An unknown one gives an empty list.")
    trending: bool | None = Field(default=None, description="Only trending styles.")
    new: bool | None = Field(default=None, description="Only styles of the last 7 days.")
    search: Search | None = Field(default=None, description="Words of a name or tag.")
    sort: Literal["popular", "newest", "name"] = "popular"


class FollowingQuery(Paging):
    cursor: int | None = Field(
        default=None, ge=1, le=2**63 - 1, description="`next_cursor` of the answer before; then `page` does not count."
    )


class GenerateForm(BaseModel):
    """The fields of the form beside `image`. An empty field is one that was left out."""

    style_id: int = Field(ge=1, description="The style to apply, from `/api/styles`.")
    mood: Annotated[jobs.Mood | None, BeforeValidator(_empty_is_none)] = None
    weather: Annotated[jobs.Weather | None, BeforeValidator(_empty_is_none)] = None
    dress_style: Annotated[jobs.DressStyle | None, BeforeValidator(_empty_is_none)] = None
    custom_prompt: Annotated[Prompt | None, BeforeValidator(_empty_is_none)] = None
    is_public: bool = Field(default=True, description="`true`, `false`, `1` or `0`.")


class Alone(BaseModel):
    """What is told of a picture that is shown alone, and not in lists."""

    views_count: int | None = None
    tags: list[str] | None = None
    is_favorite: bool | None = None


class PublicCreation(Alone):
    """What everyone sees: never the original picture."""

    id: int
    generated_image_url: str
    thumbnail_url: str
    style: catalog.Style
    user: Person
    likes_count: int
    is_liked: bool
    is_featured: bool
    created_at: str


class StyleDetail(catalog.StyleDetail):
    user_creations: list[PublicCreation]


class OwnCreation(Alone):
    """`custom_prompt` is shown to its owner only. Picture links are good for 18 hours at least."""

    id: int
    original_image_url: str | None = Field(description="Null for a picture that was made from words.")
    generated_image_url: str
    thumbnail_url: str
    style: catalog.Style
    mood: str | None
    weather: str | None
    dress_style: str | None
    custom_prompt: str | None
    is_public: bool
    likes_count: int
    in_battle: bool
    battle_wins: int
    is_liked: bool
    is_featured: bool
    is_hidden: bool = Field(description="By reports or a moderator: then nobody else sees it.")
    credits_used: int
    credits_remaining: int
    processing_time: float = Field(description="Seconds.")
    created_at: str


class Generated(OwnCreation):
    """The creation's fields, and the whole creation again: one of the documents reads them here, the other there."""

    creation: OwnCreation
    creations: list[OwnCreation] = Field(description="All pictures of the job; the first is the one above.")
    quantity: int
    failed: int = Field(description="Pictures of the job that could not be made, and cost nothing.")


class OwnListing(Listing[OwnCreation]):
    pagination: PaginationWithCursor


class Job(BaseModel):
    """A job for several pictures ends when all have ended. It is completed if there is any picture then."""

    id: int = Field(description="Its first creation's id, too.")
    status: jobs.JobStatus
    progress: int = Field(description="0 to 100.")
    position: int | None = Field(description="Its place in the queue; null once it has begun.")
    credits: int
    error: dict[str, Any] | None = Field(description="`{code, message}` of a job that failed.")
    created_at: str
    creation: OwnCreation | None = Field(description="The first picture that is there.")
    quantity: int = Field(description="How many pictures were asked for.")
    failed: int = Field(description="How many of them will never be there: failed, or cancelled. They cost nothing.")
    creation_ids: list[int] = Field(description="The ids of all, of those in the making, too.")
    creations: list[OwnCreation] = Field(description="All pictures that are there.")


class Accepted(BaseModel):
    job: Job
    status_url: str
    events_url: str
    cancel_url: str


class Deleted(BaseModel):
    creation_id: int
