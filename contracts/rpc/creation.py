"""What can be asked of creation. Every request carries who asks: ownership is checked here, not only at the gateway."""

from typing import Any, ClassVar, Literal

from pydantic import Field

from contracts.envelope import Message, Request
from contracts.rpc.exporting import ExportPage

Mood = Literal["happy", "sad", "romantic", "dramatic", "peaceful"]
Weather = Literal["sunny", "rainy", "snowy", "cloudy", "night"]
DressStyle = Literal["casual", "formal", "traditional", "fantasy"]
JobStatus = Literal["queued", "processing", "completed", "failed", "cancelled"]


class Creation(Message):
    """A finished picture as its owner sees it. The gateway puts `style` in the place of `style_id`."""

    id: int
    style_id: int
    original_image_url: str
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
    created_at: str


class Job(Message):
    """`position`: how many stand before it in the queue, plus one; null once it has begun. `progress`: 0 to 100."""

    id: int
    status: JobStatus
    progress: int
    position: int | None
    credits: int
    error: dict[str, Any] | None
    """`{code, message}` of a job that failed."""
    created_at: str
    creation: Creation | None


class Requested(Message):
    creation_id: int
    replayed: bool
    """True when this key has been used before with the same input: the first answer again."""


class RequestCreation(Request[Requested]):
    """Ask for a picture. The pictures lie under `incoming/` already and are adopted when the job is accepted.

    Errors: STYLE_NOT_FOUND, IDEMPOTENCY_CONFLICT, VALIDATION_ERROR, USER_NOT_FOUND (who has left).
    """

    SUBJECT: ClassVar[str] = "rpc.creation.request"
    user_id: int
    style_id: int
    original_key: str
    working_key: str
    mood: Mood | None = None
    weather: Weather | None = None
    dress_style: DressStyle | None = None
    custom_prompt: str | None = None
    is_public: bool = True
    idempotency_key: str | None = None
    fingerprint: str = ""
    """Hash of all that the client sent: the same key with another fingerprint is refused."""


class GetJob(Request[Job]):
    """Errors: CREATION_NOT_FOUND, NOT_OWNER."""

    SUBJECT: ClassVar[str] = "rpc.creation.job"
    user_id: int
    creation_id: int


class CancelJob(Request[Job]):
    """Errors: CREATION_NOT_FOUND, NOT_OWNER, JOB_ALREADY_ENDED."""

    SUBJECT: ClassVar[str] = "rpc.creation.cancel"
    user_id: int
    creation_id: int


class CreationPage(Message):
    items: list[Creation]
    total: int


class ListMine(Request[CreationPage]):
    """Finished pictures of one user, newest first."""

    SUBJECT: ClassVar[str] = "rpc.creation.mine"
    user_id: int
    page: int = 1
    limit: int = 20


class OneCreation(Message):
    """`own` is filled for the owner, `public` for everyone else."""

    own: Creation | None
    public: PublicCreation | None


class GetCreation(Request[OneCreation]):
    """Errors: CREATION_NOT_FOUND (also when it is private and another's)."""

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


class Featured(Request[PublicCreations]):
    """The editors' picks, the latest first, at most `limit`."""

    SUBJECT: ClassVar[str] = "rpc.creation.featured"
    user_id: int
    limit: int = 10


class PublicByIds(Request[PublicCreations]):
    """Those of the pictures that are public, at most 100 at once."""

    SUBJECT: ClassVar[str] = "rpc.creation.public_by_ids"
    user_id: int
    creation_ids: list[int] = Field(max_length=100)


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
    RequestCreation,
    GetJob,
    CancelJob,
    ListMine,
    GetCreation,
    RecentInStyle,
    Featured,
    PublicByIds,
    CountLikes,
    DeleteCreation,
    ExportCreations,
)
