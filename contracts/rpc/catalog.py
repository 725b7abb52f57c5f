"""What can be asked of catalog."""

from datetime import date
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from contracts.envelope import Message, Request

ChallengeStatus = Literal["planned", "running", "ended"]
ChallengeTitle = Annotated[str, Field(min_length=1, max_length=80)]


class Category(Message):
    id: int
    name: str
    slug: str
    icon: str
    description: str
    preview_url: str | None
    display_order: int
    styles_count: int


class Style(Message):
    """`is_new`: published in the last 7 days; `is_trending`: among the ten highest trend scores."""

    id: int
    name: str
    slug: str
    description: str
    preview_url: str | None
    category: Category
    uses_count: int
    is_trending: bool
    is_new: bool
    tags: list[str]
    credits_required: int


class TrendingStyle(Style):
    rank: int
    trend_score: float
    weekly_uses: int


class StyleDetail(Style):
    """`prompt_template` is cut short on purpose: the whole of it is the product."""

    prompt_template: str
    sample_outputs: list[str]
    related_styles: list[Style]


class Categories(Message):
    items: list[Category]


class ListCategories(Request[Categories]):
    SUBJECT: ClassVar[str] = "rpc.catalog.categories"


class StylePage(Message):
    items: list[Style]
    total: int


class ListStyles(Request[StylePage]):
    """`limit` 0 means all. An unknown category gives an empty page."""

    SUBJECT: ClassVar[str] = "rpc.catalog.styles"
    category: str | None = None
    trending: bool | None = None
    new: bool | None = None
    search: str | None = None
    sort: Literal["popular", "newest", "name"] = "popular"
    page: int = 1
    limit: int = 20


class TrendingStyles(Message):
    items: list[TrendingStyle]


class ListTrending(Request[TrendingStyles]):
    SUBJECT: ClassVar[str] = "rpc.catalog.trending"


class GetStyle(Request[StyleDetail]):
    """Errors: STYLE_NOT_FOUND (also for one that is no longer active)."""

    SUBJECT: ClassVar[str] = "rpc.catalog.style"
    style_id: int


class Found(Message):
    """The best first."""

    styles: list[Style]
    categories: list[Category]


class SearchCatalog(Request[Found]):
    """Styles by name and tag, categories by name; words may be begun or mistyped. At most `limit` of each."""

    SUBJECT: ClassVar[str] = "rpc.catalog.search"
    q: str
    styles: bool = True
    categories: bool = True
    limit: int = Field(default=20, ge=1, le=50)


class Challenge(Message):
    """A day's challenge; its id is its day, 20261121. `participants`: how many people made a picture in the style on
    that day.
    """

    id: int
    title: str
    style_id: int
    day: str
    starts_at: str
    ends_at: str
    status: ChallengeStatus
    participants: int


class Front(Message):
    """What catalog has on the first page. `daily_challenge` null: there is none."""

    trending_styles: list[Style]
    new_styles: list[Style]
    popular_categories: list[Category]
    daily_challenge: Challenge | None


class GetFront(Request[Front]):
    """The five most trending styles, the five latest, the four categories with the most uses, today's challenge."""

    SUBJECT: ClassVar[str] = "rpc.catalog.front"


class GetTodaysChallenge(Request[Challenge]):
    """Errors: CHALLENGE_NOT_FOUND."""

    SUBJECT: ClassVar[str] = "rpc.catalog.todays_challenge"


class ChallengePage(Message):
    items: list[Challenge]
    total: int


class ListChallenges(Request[ChallengePage]):
    """Those that have begun, newest first."""

    SUBJECT: ClassVar[str] = "rpc.catalog.challenges"
    page: int = Field(default=1, ge=1)
    limit: int = Field(default=20, ge=1, le=50)


class ChallengeEntry(Message):
    """`likes`: those that it got while the challenge ran."""

    rank: int
    creation_id: int
    likes: int


class ChallengeBoard(Message):
    items: list[ChallengeEntry]
    total: int


class GetChallengeBoard(Request[ChallengeBoard]):
    """Public pictures by their likes; of equal ones the earlier. Errors: CHALLENGE_NOT_FOUND."""

    SUBJECT: ClassVar[str] = "rpc.catalog.challenge_board"
    challenge_id: int
    page: int = Field(default=1, ge=1)
    limit: int = Field(default=20, ge=1, le=50)


class ListPlannedChallenges(Request[ChallengePage]):
    """For admins: those that have not begun, the next first. Errors: PERMISSION_DENIED."""

    SUBJECT: ClassVar[str] = "rpc.catalog.planned_challenges"
    by: int
    page: int = Field(default=1, ge=1)
    limit: int = Field(default=20, ge=1, le=50)


class PlanChallenge(Request[Challenge]):
    """Errors: PERMISSION_DENIED, VALIDATION_ERROR (a day that is over, or more than a year off), STYLE_NOT_FOUND,
    CHALLENGE_EXISTS.
    """

    SUBJECT: ClassVar[str] = "rpc.catalog.plan_challenge"
    by: int
    day: date
    title: ChallengeTitle
    style_id: int


class ChangeChallenge(Request[Challenge]):
    """What is null stays. Errors: PERMISSION_DENIED, CHALLENGE_NOT_FOUND, CHALLENGE_STARTED, STYLE_NOT_FOUND."""

    SUBJECT: ClassVar[str] = "rpc.catalog.change_challenge"
    by: int
    challenge_id: int
    title: ChallengeTitle | None = None
    style_id: int | None = None


class ChallengeWithdrawn(Message):
    challenge_id: int


class WithdrawChallenge(Request[ChallengeWithdrawn]):
    """The rule will choose that day's. Errors: PERMISSION_DENIED, CHALLENGE_NOT_FOUND, CHALLENGE_STARTED."""

    SUBJECT: ClassVar[str] = "rpc.catalog.withdraw_challenge"
    by: int
    challenge_id: int


REQUESTS: tuple[type[Request[Any]], ...] = (
    ListCategories,
    ListStyles,
    ListTrending,
    GetStyle,
    SearchCatalog,
    GetFront,
    GetTodaysChallenge,
    ListChallenges,
    GetChallengeBoard,
    ListPlannedChallenges,
    PlanChallenge,
    ChangeChallenge,
    WithdrawChallenge,
)
