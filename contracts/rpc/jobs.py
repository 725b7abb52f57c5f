"""What can be asked of creation about the making of pictures: jobs, of photos or words, and the models that paint."""

from typing import Any, ClassVar, Literal

from pydantic import Field

from contracts.envelope import Message, Request
from contracts.rpc.creation import Creation

Mood = Literal["happy", "sad", "romantic", "dramatic", "peaceful"]
Weather = Literal["sunny", "rainy", "snowy", "cloudy", "night"]
DressStyle = Literal["casual", "formal", "traditional", "fantasy"]
AspectRatio = Literal["1:1", "4:5", "5:4", "3:4", "4:3", "9:16", "16:9"]
PictureKind = Literal["photo", "text"]
"""What a picture is made from."""
JobStatus = Literal["queued", "processing", "completed", "failed", "cancelled"]
MAX_QUANTITY = 4


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
    """Ask for pictures of a photo. It lies under `photos/` already and is adopted when the job is accepted.

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


REQUESTS: tuple[type[Request[Any]], ...] = (
    RequestCreation,
    ImaginePictures,
    ListModels,
    GetJob,
    CancelJob,
)
