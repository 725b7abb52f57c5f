"""What MagicPic's clients send and get. Requests are checked against these; answers are documented by them."""

from typing import Annotated, Any, Generic, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    Field,
    StringConstraints,
    model_validator,
)

from contracts.rpc import auth, catalog, jobs, ledger, social
from gateway.answers import Paging

T = TypeVar("T")
MAX_PROMPT_CHARACTERS = 200


def _storable(text: str) -> str:
    if "\0" in text:
        raise ValueError("must not contain a zero character")
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("must be text that can be written down")
    return text


def _empty_is_none(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


Text = Annotated[str, AfterValidator(_storable)]
Search = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100), AfterValidator(_storable)]
Prompt = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=MAX_PROMPT_CHARACTERS), AfterValidator(_storable)
]
Reason = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), AfterValidator(_storable)
]
Appeal = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=social.MAX_APPEAL_CHARS),
    AfterValidator(_storable),
]
DeviceText = Annotated[str, StringConstraints(max_length=200), AfterValidator(_storable)]


class DeviceInfo(BaseModel):
    """What the session will run on, as its owner will see it in the list of sessions."""

    device_id: DeviceText = ""
    device_name: DeviceText = ""
    platform: Literal["ios", "android", "web"] | None = None
    push_token: Annotated[Text, Field(max_length=4096)] | None = Field(default=None, description="Not used yet.")

    @property
    def device(self) -> auth.Device:
        return auth.Device(device_id=self.device_id, device_name=self.device_name, platform=self.platform or "")


class GuestBody(BaseModel):
    device_info: DeviceInfo = Field(description="The same `device_id` is the same guest again.")


class FromDevice(BaseModel):
    """What a sign-in says of the phone that it comes from."""

    device_info: DeviceInfo | None = None

    @property
    def device(self) -> auth.Device | None:
        return self.device_info.device if self.device_info else None

    def fields(self) -> dict[str, Any]:
        """All but the device."""
        return self.model_dump(exclude={"device_info"})


NewPassword = Annotated[
    Text,
    Field(description="At least 8 characters, with one upper case letter and one digit; not a common one or your own."),
]


class SignUpBody(FromDevice):
    email: Text
    password: NewPassword
    name: Text = Field(description="2 to 50 characters.")
    phone: Text | None = Field(default=None, description="E.164: `+911234567890`.")
    referral_code: Text | None = Field(default=None, description="Of whoever invited you.")


class LogInBody(FromDevice):
    email: Text
    password: Text


class ReasonBody(BaseModel):
    reason: Reason = Field(
        description="Why. It is kept with who did it and when, for good: no names or addresses, please."
    )


class RoleBody(ReasonBody):
    role: Literal["user", "moderator", "admin"]


class UsersQuery(Paging):
    search: Search = Field(default="", description="An id, or a part of an address or a name.")


class EmailBody(BaseModel):
    email: Text


class VerifyEmailBody(BaseModel):
    token: Text | None = Field(default=None, description="Of the link.")
    code: Text | None = Field(default=None, description="For typing: 6 digits.")
    email: Text | None = Field(default=None, description="With `code`, when not signed in.")

    @model_validator(mode="after")
    def _has_one(self) -> Self:
        if self.token is None and self.code is None:
            raise ValueError("token or code is needed")
        return self


class MagicLinkBody(FromDevice):
    token: Text | None = Field(default=None, description="Of the link.")
    email: Text | None = Field(default=None, description="With `code`.")
    code: Text | None = Field(default=None, description="For typing: 6 digits.")
    name: Text | None = Field(default=None, description="For a new account: 2 to 50 characters.")

    @model_validator(mode="after")
    def _has_one(self) -> Self:
        if self.token is None and (self.email is None or self.code is None):
            raise ValueError("token, or email and code, are needed")
        return self


class GoogleBody(FromDevice):
    id_token: Text
    referral_code: Text | None = Field(default=None, description="For a new account.")


class ResetPasswordBody(BaseModel):
    email: Text
    otp: Text
    new_password: NewPassword


class ChangePasswordBody(BaseModel):
    current_password: Text
    new_password: NewPassword


class ProfileBody(BaseModel):
    name: Text | None = Field(default=None, description="2 to 50 characters.")
    phone: Text | None = Field(default=None, description="With its country code; an empty one removes it.")


class DeleteAccountBody(BaseModel):
    """One of them."""

    password: Text | None = None
    code: Text | None = Field(default=None, description="For typing: 6 digits.")
    token: Text | None = Field(default=None, description="Of the link.")


class StylesQuery(Paging):
    category: Search | None = Field(default=None, description="A category's slug. An unknown one gives an empty list.")
    trending: bool | None = Field(default=None, description="Only trending styles.")
    new: bool | None = Field(default=None, description="Only styles of the last 7 days.")
    search: Search | None = Field(default=None, description="Words of a name or tag.")
    sort: Literal["popular", "newest", "name"] = "popular"


class BalanceQuery(BaseModel):
    at: AwareDatetime | None = Field(default=None, description="As it was at this moment, `2026-02-18T06:29:40Z`.")


class HistoryQuery(Paging):
    type: Literal["all", "earned", "spent"] = "all"
    cursor: int | None = Field(
        default=None, ge=1, le=2**31 - 1, description="`next_cursor` of the answer before; then `page` does not count."
    )


class GenerateForm(BaseModel):
    """The fields of the form beside `image`. An empty field is one that was left out."""

    style_id: int = Field(ge=1, description="The style to apply, from `/api/styles`.")
    mood: Annotated[jobs.Mood | None, BeforeValidator(_empty_is_none)] = None
    weather: Annotated[jobs.Weather | None, BeforeValidator(_empty_is_none)] = None
    dress_style: Annotated[jobs.DressStyle | None, BeforeValidator(_empty_is_none)] = None
    custom_prompt: Annotated[Prompt | None, BeforeValidator(_empty_is_none)] = None
    is_public: bool = Field(default=True, description="`true`, `false`, `1` or `0`.")


class Answer(BaseModel, Generic[T]):
    success: Literal[True]
    data: T
    message: str | None = None


class Done(BaseModel):
    success: Literal[True]
    message: str


class Listing(BaseModel, Generic[T]):
    success: Literal[True]
    data: list[T]
    total: int


class Pagination(BaseModel):
    page: int
    limit: int
    total: int
    total_pages: int
    has_next: bool
    has_prev: bool


class PagedListing(Listing[T], Generic[T]):
    pagination: Pagination


class PaginationWithCursor(Pagination):
    next_cursor: int | None = Field(description="Leads to what follows, whatever was added meanwhile; null at the end.")


class HistoryListing(Listing[ledger.HistoryEntry]):
    pagination: PaginationWithCursor


class PromoForm(BaseModel):
    code: ledger.PromoCode


class Redeemed(BaseModel):
    credits_earned: int
    new_balance: int


class Consumed(BaseModel):
    credits_used: int
    balance: int


class User(auth.User):
    credits: int


class Session(auth.Tokens):
    user: User


class EnteredSession(Session):
    is_new: bool = Field(description="Whether the account was opened just now.")


class SignedInOn(auth.Session):
    current: bool = Field(description="Whether it is the session that asks.")


class RefreshAnswer(auth.Tokens):
    """The tokens stand at the top and in `data`: one of the documents reads them here, the other there."""

    success: Literal[True]
    data: auth.Tokens


class Person(BaseModel):
    id: int
    name: str
    avatar_url: str | None


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


class UpdatedUser(User):
    phone: str | None


class Profile(auth.Profile):
    credits: int
    recent_creations: list[PublicCreation]
    missing: list[Literal["account", "credits", "recent_creations"]] = Field(
        description="Parts that cannot be told just now: they are empty."
    )


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
