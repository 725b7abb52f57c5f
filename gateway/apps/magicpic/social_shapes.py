"""What clients send and get about the pictures of all."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from contracts.rpc import social
from gateway.answers import MAX_LIMIT, Paging
from gateway.apps.magicpic.creation_shapes import PublicCreation
from gateway.apps.magicpic.shapes import Listing, Pagination, Reason, Text, storable

MAX_ID = 2**63 - 1


class FeedQuery(Paging):
    sort: social.Sort = "newest"
    style_id: Annotated[int, Field(ge=1, le=MAX_ID)] | None = None
    user_id: Annotated[int, Field(ge=1, le=MAX_ID)] | None = Field(default=None, description="Whose pictures.")
    cursor: Annotated[Text, Field(max_length=100)] | None = Field(
        default=None, description="`next_cursor` of the answer before; then `page` does not count."
    )


class FeedPagination(Pagination):
    next_cursor: str | None = Field(description="Leads to what follows, whatever was added meanwhile; null at the end.")


class FavoritesPagination(Pagination):
    next_cursor: int | None = Field(description="Leads to what follows, whatever was added meanwhile; null at the end.")


class FeedListing(Listing[PublicCreation]):
    pagination: FeedPagination


class FavoritesListing(Listing[PublicCreation]):
    pagination: FavoritesPagination


Tag = Annotated[Text, Field(max_length=100)]


class ChangeBody(BaseModel):
    """What is left out stays as it is."""

    is_public: bool | None = None
    tags: Annotated[list[Tag], Field(max_length=50)] | None = Field(
        default=None, description="At most 10 of at most 30 characters; kept in lower case, without `#`, each once."
    )


class ReportBody(BaseModel):
    reason: social.ReportReason
    note: Annotated[Text, Field(max_length=social.MAX_NOTE_CHARS)] | None = None


Appeal = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=social.MAX_APPEAL_CHARS),
    AfterValidator(storable),
]


class AppealBody(BaseModel):
    text: Appeal


class DecisionBody(BaseModel):
    decision: social.Decision
    reason: Reason = Field(description="Why. It is kept until the picture or your account goes.")


class CasesQuery(BaseModel):
    limit: Annotated[int, Field(ge=1), AfterValidator(lambda limit: min(limit, MAX_LIMIT))] = 20
    cursor: Annotated[int, Field(ge=1, le=MAX_ID)] | None = Field(
        default=None, description="`next_cursor` of the answer before."
    )


class Case(BaseModel):
    creation: PublicCreation
    is_public: bool = Field(description="As its owner wants it.")
    is_hidden: bool
    is_appealed: bool
    in_battle: bool = Field(description="While reports alone hide it, it is still shown there.")
    reports: int = Field(description="Since the last decision.")
    weight: float = Field(description="What these reports weigh, in full ones: those of new accounts weigh less.")
    latest_reports: list[social.Report] = Field(description="Of all there ever were, latest first, at most ten.")
    texts: list[social.ModerationText] = Field(description="What owner and moderators have said, oldest first.")


class CaseListing(Listing[Case]):
    next_cursor: int | None


class ShareLink(BaseModel):
    url: str
