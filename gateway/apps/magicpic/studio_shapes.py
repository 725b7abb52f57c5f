"""What clients send and get where pictures are asked for: forms, words, models, uploads."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, StringConstraints

from contracts.rpc.jobs import MAX_QUANTITY, AspectRatio, Mood, Weather
from gateway.apps.magicpic.creation_shapes import GenerateForm
from gateway.apps.magicpic.shapes import Text
from gateway.pictures import MAX_BYTES

MAX_WORDS_CHARACTERS = 500


def _unless_empty(otherwise: object) -> Any:
    return BeforeValidator(lambda value: otherwise if isinstance(value, str) and not value.strip() else value)


def _visible(text: str) -> str:
    if not any(character.isprintable() and not character.isspace() for character in text):
        raise ValueError("must say something")
    return text


Quantity = Annotated[
    int, Field(ge=1, le=MAX_QUANTITY, description="How many pictures. Each costs the price."), _unless_empty(1)
]
ModelId = Annotated[
    Annotated[Text, StringConstraints(max_length=100)] | None,
    Field(description="One of `/api/models`. Without it, the usual one."),
    _unless_empty(None),
]
UploadId = Annotated[str, StringConstraints(pattern="^[0-9a-f]{32}$")]


class PhotoForm(GenerateForm):
    """The fields beside `image`, or with `upload_id` in its place."""

    upload_id: Annotated[
        UploadId | None, Field(description="A photo that was uploaded before, instead of `image`."), _unless_empty(None)
    ] = None
    quantity: Quantity = 1
    model: ModelId = None

    def given(self) -> dict[str, Any]:
        """For fingerprints: what older clients never sent is not in it when it is not sent."""
        later = {name: value for name in ("upload_id", "quantity", "model") if (value := getattr(self, name))}
        if self.quantity == 1:
            del later["quantity"]
        return self.model_dump(exclude={"upload_id", "quantity", "model"}) | later


class PhotoBody(PhotoForm):
    upload_id: UploadId


class ImagineBody(BaseModel):
    prompt: Annotated[
        Text,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_WORDS_CHARACTERS),
        AfterValidator(_visible),
        Field(description="What is to be seen."),
    ]
    style_id: int | None = Field(default=None, ge=1, le=2**31 - 1, description="How it is to look.")
    aspect_ratio: AspectRatio = "1:1"
    mood: Annotated[Mood | None, _unless_empty(None)] = None
    weather: Annotated[Weather | None, _unless_empty(None)] = None
    quantity: Quantity = 1
    model: ModelId = None
    is_public: bool = True


class PaintingModel(BaseModel):
    id: str
    name: str
    description: str
    kinds: list[Literal["photo", "text"]] = Field(description="What it makes pictures from.")
    credits: int = Field(description="What each picture costs in addition to its style's `credits_required`.")
    available: bool
    is_default: bool = Field(description="Whether it is the one that paints when no model is named.")


class PresignBody(BaseModel):
    content_type: Literal["image/jpeg", "image/png", "image/webp"]
    size: int = Field(ge=1, le=MAX_BYTES, description="In bytes; exactly so many must come.")


class Presigned(BaseModel):
    upload_id: str
    url: str = Field(description="Where to send the photo's bytes.")
    method: Literal["PUT"]
    headers: dict[str, str] = Field(description="To be sent with them.")
    expires_in: int = Field(description="Seconds.")


class Upload(BaseModel):
    upload_id: str = Field(description="For `generate`, once.")
    url: str = Field(description="Shows the photo as long as it waits to be used.")
    content_type: str
    size: int
    width: int
    height: int
    expires_at: str
