"""What can be asked of catalog."""

from typing import Any, ClassVar, Literal

from contracts.envelope import Message, Request


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


REQUESTS: tuple[type[Request[Any]], ...] = (ListCategories, ListStyles, ListTrending, GetStyle)
