"""What can be asked of creation. Every request carries who asks: ownership is checked here, not only at the gateway."""

from typing import Any, ClassVar, Literal

from pydantic import Field

from contracts.envelope import Message, Request
from contracts.rpc.exporting import ExportPage

Mood = Literal["happy", "sad", "romantic", "dramatic", "peaceful"]
Weather = Literal["sunny", "rainy", "snowy", "cloudy", "night"]
DressStyle = Literal["casual", "formal", "traditional", "fantasy"]
AspectRatio = Literal["1:1", "4:5", "5:4", "3:4", "4:3", "9:16", "16:9"]
PictureKind = Literal["photo", "text"]
"""What a picture is made from."""
JobStatus = Literal["queued", "processing", "completed", "failed", "cancelled"]
MAX_QUANTITY = 4
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


class Job(Message):
    """`position`: how many stand before it in the queue, plus one; null once it has begun. `progress`: 0 to 100.

    A job for several pictures is one until its last picture has ended, and completed if there is any picture then.
    `creation` is the first picture that is there, `creations` are all; `failed` counts those that will never be.
    """

    id: int
    status: JobStatus
    progress: int
    position: int | None
    credits: int
    error: dict[str, Any] | None
    """`{code, message}` of a job that failed."""
    created_at: str
    creation: Creation | None
    quantity: int = 1
    failed: int = 0
    creation_ids: list[int] = Field(default=[])
    creations: list[Creation] = Field(default=[])


class Requested(Message):
    """`creation_id` is the job's, and the first of `creation_ids`."""

    creation_id: int
    creation_ids: list[int] = Field(default=[])
    replayed: bool
    """True when this key has been used before with the same input: the first answer again."""


class RequestCreation(Request[Requested]):
    """Ask for pictures of a photo. It lies under `incoming/` already and is adopted when the job is accepted.

    Either the keys or `upload_id` says where. Errors: STYLE_NOT_FOUND, MODEL_NOT_FOUND, IDEMPOTENCY_CONFLICT,
    VALIDATION_ERROR, USER_NOT_FOUND (who has left), UPLOAD_NOT_FOUND, NOT_OWNER, UPLOAD_INCOMPLETE, UPLOAD_USED,
    UPLOAD_EXPIRED.
    """

    SUBJECT: ClassVar[str] = "rpc.creation.request"
    user_id: int
    style_id: int
    original_key: str = ""
    working_key: str = ""
    upload_id: str | None = None
    mood: Mood | None = None
    weather: Weather | None = None
    dress_style: DressStyle | None = None
    custom_prompt: str | None = None
    is_public: bool = True
    quantity: int = Field(default=1, ge=1, le=MAX_QUANTITY)
    model: str | None = None
    idempotency_key: str | None = None
    fingerprint: str = ""
    """Hash of all that the client sent: the same key with another fingerprint is refused."""


class ImaginePictures(Request[Requested]):
    """Ask for pictures of what words say. Without a style the words alone say how they look.

    Errors: as for RequestCreation, and NSFW_DETECTED.
    """

    SUBJECT: ClassVar[str] = "rpc.creation.imagine"
    user_id: int
    prompt: str
    style_id: int | None = None
    aspect_ratio: AspectRatio = "1:1"
    mood: Mood | None = None
    weather: Weather | None = None
    is_public: bool = True
    quantity: int = Field(default=1, ge=1, le=MAX_QUANTITY)
    model: str | None = None
    idempotency_key: str | None = None
    fingerprint: str = ""


class PaintingModel(Message):
    """`credits`: what a picture costs in addition to its style's price, for whoever asks for this model by name."""

    id: str
    name: str
    description: str
    kinds: list[PictureKind]
    credits: int
    available: bool
    is_default: bool


class PaintingModels(Message):
    items: list[PaintingModel]


class ListModels(Request[PaintingModels]):
    SUBJECT: ClassVar[str] = "rpc.creation.models"


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


class Upload(Message):
    """A photo that waits for a job. `url` shows it; what it is told of is known once its bytes have been looked at."""

    upload_id: str
    url: str
    content_type: str
    size: int
    width: int
    height: int
    expires_at: str


class Presigned(Message):
    """Where the photo's bytes are to be PUT, with which headers. `expires_in`: seconds, for the link."""

    upload_id: str
    url: str
    method: str
    headers: dict[str, str]
    expires_in: int


class PresignUpload(Request[Presigned]):
    """Errors: USER_NOT_FOUND, TOO_MANY_UPLOADS."""

    SUBJECT: ClassVar[str] = "rpc.creation.presign_upload"
    user_id: int
    content_type: str
    size: int


class Arrival(Message):
    """Where the bytes of a presigned upload lie, and what was said of them. `done`, when they were looked at before."""

    raw_key: str
    content_type: str
    size: int
    done: Upload | None


class FindUpload(Request[Arrival]):
    """Errors: UPLOAD_NOT_FOUND, NOT_OWNER, UPLOAD_EXPIRED, UPLOAD_USED."""

    SUBJECT: ClassVar[str] = "rpc.creation.find_upload"
    user_id: int
    upload_id: str


class KeepUpload(Request[Upload]):
    """The photo was checked and lies under `incoming/`: of a presigned upload, or of one that came by itself.

    What was kept first stays. Errors: UPLOAD_NOT_FOUND, NOT_OWNER, UPLOAD_EXPIRED, USER_NOT_FOUND, TOO_MANY_UPLOADS,
    VALIDATION_ERROR.
    """

    SUBJECT: ClassVar[str] = "rpc.creation.keep_upload"
    user_id: int
    upload_id: str | None
    original_key: str
    working_key: str
    content_type: str
    size: int
    width: int
    height: int


class ExportCreations(Request[ExportPage]):
    """Every creation of one user, those under way included, oldest first: with prompts and pictures."""

    SUBJECT: ClassVar[str] = "rpc.creation.export"
    user_id: int
    after: int = 0


REQUESTS: tuple[type[Request[Any]], ...] = (
    RequestCreation,
    ImaginePictures,
    ListModels,
    PresignUpload,
    FindUpload,
    KeepUpload,
    GetJob,
    CancelJob,
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
