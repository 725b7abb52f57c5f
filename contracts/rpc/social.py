"""What can be asked of creation about the pictures of all: the feed, likes, favourites, reports, moderation, links."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from contracts.envelope import Message, Request
from contracts.rpc.creation import OneCreation, PublicCreation
from contracts.rpc.exporting import ExportPage

Sort = Literal["newest", "popular", "trending"]
ReportReason = Literal["spam", "nudity", "violence", "hate", "harassment", "copyright", "other"]
Decision = Literal["keep", "remove"]
MAX_NOTE_CHARS = 500
MAX_APPEAL_CHARS = 1000
MAX_TAGS = 10
MAX_TAG_CHARS = 30


class FeedPage(Message):
    """`next_cursor` leads to what follows, whatever was added meanwhile; null at the end."""

    items: list[PublicCreation]
    total: int
    next_cursor: str | None


class ListFeed(Request[FeedPage]):
    """Public pictures, of one style or one person where that is asked for. With a `cursor`, `page` does not count.

    Errors: VALIDATION_ERROR for a cursor that is none of this order, and for pages beyond the 10,000th picture.
    """

    SUBJECT: ClassVar[str] = "rpc.creation.feed"
    user_id: int
    sort: Sort = "newest"
    style_id: int | None = None
    of_user: int | None = None
    page: Annotated[int, Field(ge=1)] = 1
    limit: int = 20
    cursor: Annotated[str, Field(max_length=100)] | None = None


class Liking(Message):
    likes_count: int
    is_liked: bool


class LikeCreation(Request[Liking]):
    """Errors: CREATION_NOT_FOUND, USER_NOT_FOUND (who has left)."""

    SUBJECT: ClassVar[str] = "rpc.creation.like"
    user_id: int
    creation_id: int


class UnlikeCreation(Request[Liking]):
    """Errors: CREATION_NOT_FOUND, USER_NOT_FOUND (who has left)."""

    SUBJECT: ClassVar[str] = "rpc.creation.unlike"
    user_id: int
    creation_id: int


class Favorite(Message):
    is_favorite: bool


class KeepFavorite(Request[Favorite]):
    """Errors: CREATION_NOT_FOUND, USER_NOT_FOUND (who has left)."""

    SUBJECT: ClassVar[str] = "rpc.creation.keep_favorite"
    user_id: int
    creation_id: int


class DropFavorite(Request[Favorite]):
    """Errors: CREATION_NOT_FOUND, USER_NOT_FOUND (who has left)."""

    SUBJECT: ClassVar[str] = "rpc.creation.drop_favorite"
    user_id: int
    creation_id: int


class FavoritePage(Message):
    items: list[PublicCreation]
    total: int
    next_cursor: int | None


class ListFavorites(Request[FavoritePage]):
    """What one keeps, latest first; what is no longer shown is left out. With a `cursor`, `page` does not count."""

    SUBJECT: ClassVar[str] = "rpc.creation.favorites"
    user_id: int
    page: Annotated[int, Field(ge=1)] = 1
    limit: int = 20
    cursor: int | None = None


class ChangeCreation(Request[OneCreation]):
    """What is None stays as it is.

    Errors: CREATION_NOT_FOUND, NOT_OWNER, CREATION_IN_BATTLE, VALIDATION_ERROR, USER_NOT_FOUND (who has left).
    """

    SUBJECT: ClassVar[str] = "rpc.creation.change"
    user_id: int
    creation_id: int
    is_public: bool | None = None
    tags: list[str] | None = None


class Reported(Message):
    creation_id: int


class ReportCreation(Request[Reported]):
    """A second report by the same person changes nothing. A new account's weighs less.

    Errors: CREATION_NOT_FOUND, OWN_CREATION, USER_NOT_FOUND (who has left).
    """

    SUBJECT: ClassVar[str] = "rpc.creation.report"
    user_id: int
    creation_id: int
    reason: ReportReason
    note: Annotated[str, Field(max_length=MAX_NOTE_CHARS)] | None = None


class Appealed(Message):
    creation_id: int


class AppealCreation(Request[Appealed]):
    """Errors: CREATION_NOT_FOUND, NOT_OWNER, APPEAL_NOT_POSSIBLE, USER_NOT_FOUND (who has left)."""

    SUBJECT: ClassVar[str] = "rpc.creation.appeal"
    user_id: int
    creation_id: int
    text: Annotated[str, Field(min_length=1, max_length=MAX_APPEAL_CHARS)]


class Report(Message):
    reason: ReportReason
    note: str | None
    user_id: int
    at: str


class ModerationText(Message):
    """`kind`: an owner's `appeal`, or a moderator's reason to `keep` or `remove`."""

    kind: Literal["appeal", "keep", "remove"]
    text: str
    user_id: int
    at: str


class Case(Message):
    """`reports`: how many since the last decision; `latest_reports`: at most ten of all there ever were.

    `weight`: what those reports weigh together, in full reports; new accounts' weigh less. `in_battle`: while reports
    alone hide it, it is still shown there.
    """

    creation: PublicCreation
    is_public: bool
    is_hidden: bool
    is_appealed: bool
    in_battle: bool = False
    reports: int
    weight: float = 0
    latest_reports: list[Report]
    texts: list[ModerationText]


class CasePage(Message):
    items: list[Case]
    total: int
    next_cursor: int | None


class ListCases(Request[CasePage]):
    """What waits for a decision, longest first. Errors: PERMISSION_DENIED."""

    SUBJECT: ClassVar[str] = "rpc.creation.cases"
    by: int
    limit: int = 20
    cursor: int | None = None


class Decided(Message):
    creation_id: int
    decision: Decision


class DecideCase(Request[Decided]):
    """Errors: PERMISSION_DENIED (also in one's own case), CREATION_NOT_FOUND."""

    SUBJECT: ClassVar[str] = "rpc.creation.decide_case"
    by: int
    creation_id: int
    decision: Decision
    reason: Annotated[str, Field(min_length=1, max_length=MAX_NOTE_CHARS)]


class Pick(Message):
    creation_id: int
    is_featured: bool


class FeatureCreation(Request[Pick]):
    """Errors: PERMISSION_DENIED, CREATION_NOT_FOUND, CREATION_PRIVATE."""

    SUBJECT: ClassVar[str] = "rpc.creation.feature"
    by: int
    creation_id: int
    featured: bool


class Share(Message):
    slug: str


class ShareCreation(Request[Share]):
    """One link for each picture and person. Errors: CREATION_NOT_FOUND, CREATION_PRIVATE, USER_NOT_FOUND."""

    SUBJECT: ClassVar[str] = "rpc.creation.share"
    user_id: int
    creation_id: int


class OpenShare(Request[PublicCreation]):
    """What a link shows, to anyone: the addresses in it are good for minutes.

    Errors: CREATION_NOT_FOUND, also when it is not public any more.
    """

    SUBJECT: ClassVar[str] = "rpc.creation.shared"
    slug: Annotated[str, Field(max_length=100)]


class ExportSocial(Request[ExportPage]):
    """What one person did with the pictures of all, and wrote about them."""

    SUBJECT: ClassVar[str] = "rpc.creation.export_social"
    user_id: int
    after: int = 0


REQUESTS: tuple[type[Request[Any]], ...] = (
    ListFeed,
    LikeCreation,
    UnlikeCreation,
    KeepFavorite,
    DropFavorite,
    ListFavorites,
    ChangeCreation,
    ReportCreation,
    AppealCreation,
    ListCases,
    DecideCase,
    FeatureCreation,
    ShareCreation,
    OpenShare,
    ExportSocial,
)
