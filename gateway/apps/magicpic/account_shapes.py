"""What clients send and get about accounts: signing up and in, sessions, profiles."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, Field, StringConstraints, model_validator

from contracts.rpc import auth
from gateway.answers import Paging
from gateway.apps.magicpic.creation_shapes import PublicCreation
from gateway.apps.magicpic.shapes import ReasonBody, Search, Text, storable

DeviceText = Annotated[str, StringConstraints(max_length=200), AfterValidator(storable)]


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


class UpdatedUser(User):
    phone: str | None


class Profile(auth.Profile):
    credits: int
    recent_creations: list[PublicCreation]
    missing: list[Literal["account", "credits", "recent_creations"]] = Field(
        description="Parts that cannot be told just now: they are empty."
    )
