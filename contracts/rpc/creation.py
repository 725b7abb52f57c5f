"""What can be asked of creation about finished pictures; `jobs.py` and `uploads.py` are about how they come to be.

Every request carries who asks: ownership is checked here, not only at the gateway.
"""

from typing import Any, ClassVar

from pydantic import Field

from contracts.envelope import Message, Request
from contracts.rpc.exporting import ExportPage

FREE_STYLE_ID = 0
"""What stands for the style of a picture that was made from words alone, in no style of the catalog."""


class Creation(Message):
    """A finished picture as its owner sees it. The gateway puts `style` in the place of `style_id`.

    `original_image_url` is null for a picture that was made from words.
    """

    id: int
    style_id: int
    original_image_url: str | None
    generated_image_url: str
    thumbnail_url: str
    mood: str | None
    weather: str | None
    dress_style: str | None
    custom_prompt: str | None
    is_public: bool
    likes_count: int
    in_battle: bool
    battle_wins: int
    is_liked: bool = False
    is_featured: bool = False
    is_hidden: bool = False
    """By reports or a moderator: then nobody else sees it, however public it is."""
    credits_used: int
    credits_remaining: int
    processing_time: float
    created_at: str


class PublicCreation(Message):
    """A finished public picture as everyone else sees it: never the original. The gateway adds `style` and `user`."""

    id: int
    style_id: int
    user_id: int
    generated_image_url: str
    thumbnail_url: str
    likes_count: int
    is_liked: bool
    is_featured: bool = False
    created_at: str


class CreationPage(Message):
    """`next_cursor` leads to the pictures that follow; None after the last."""

    items: list[Creation]
    total: int
    next_cursor: int | None = None


class ListMine(Request[CreationPage]):
    """Finished pictures of one user, newest first. With a `cursor` those that follow it, whatever was added meanwhile;
    `page` does not count.
    """

    SUBJECT: ClassVar[str] = "rpc.creation.mine"
    user_id: int
    page: int = 1
    limit: int = 20
    cursor: int | None = None


class OneCreation(Message):
    """`own` is filled for the owner, `public` for everyone else."""

    own: Creation | None
    public: PublicCreation | None
    views_count: int = 0
    tags: list[str] = Field(default_factory=list)
    is_favorite: bool = False


class GetCreation(Request[OneCreation]):
    """Counts as a view of whoever asks, once, unless it is their own.

    Errors: CREATION_NOT_FOUND (also when it is private or hidden, and another's).
    """

    SUBJECT: ClassVar[str] = "rpc.creation.get"
    user_id: int
    creation_id: int


class PublicCreations(Message):
    items: list[PublicCreation]


class RecentInStyle(Request[PublicCreations]):
    """The newest public pictures in one style, at most `limit`."""

    SUBJECT: ClassVar[str] = "rpc.creation.recent_in_style"
    user_id: int
    style_id: int
    limit: int = 6


class PublicByIds(Request[PublicCreations]):
    """Those of the pictures that are public, at most 100 at once."""

    SUBJECT: ClassVar[str] = "rpc.creation.public_by_ids"
    user_id: int
    creation_ids: list[int] = Field(max_length=100)


class Contenders(Message):
    """`under_review`: the ids of those that reports hide everywhere else until a moderator has decided."""

    items: list[PublicCreation]
    under_review: list[int] = Field(default=[])


class ContendersByIds(Request[Contenders]):
    """Those that may be shown in a running battle: reports alone do not bar a picture. At most 100 at once."""

    SUBJECT: ClassVar[str] = "rpc.creation.contenders_by_ids"
    user_id: int
    creation_ids: list[int] = Field(max_length=100)


class Featured(Request[PublicCreations]):
    """Those that admins have picked and that are public, the latest pick first, at most `limit`."""

    SUBJECT: ClassVar[str] = "rpc.creation.featured"
    user_id: int
    limit: int = 10


class LikeCounts(Message):
    """By creation; those that are gone are missing."""

    counts: dict[int, int]


class CountLikes(Request[LikeCounts]):
    """For gateways, which tell those who look on."""

    SUBJECT: ClassVar[str] = "rpc.creation.likes"
    creation_ids: list[int] = Field(max_length=100)


class Deleted(Message):
    creation_id: int


class DeleteCreation(Request[Deleted]):
    """Errors: CREATION_NOT_FOUND, NOT_OWNER, CREATION_IN_BATTLE."""

    SUBJECT: ClassVar[str] = "rpc.creation.delete"
    user_id: int
    creation_id: int


class ExportCreations(Request[ExportPage]):
    """Every creation of one user, those under way included, oldest first: with prompts and pictures."""

    SUBJECT: ClassVar[str] = "rpc.creation.export"
    user_id: int
    after: int = 0


REQUESTS: tuple[type[Request[Any]], ...] = (
    ListMine,
    GetCreation,
    RecentInStyle,
    PublicByIds,
    ContendersByIds,
    Featured,
    CountLikes,
    DeleteCreation,
    ExportCreations,
)
