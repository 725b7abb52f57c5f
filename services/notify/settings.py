"""Notify's settings: its database, the relay that takes its mail, what stands in the mail, and how pushes are sent."""

from pathlib import Path
from typing import Literal, Self

from email_validator import EmailNotValidError, validate_email
from pydantic import Field, SecretStr, field_validator, model_validator

from kernel.settings import Settings
from services.notify.google_account import credentials_of, key_of


class NotifySettings(Settings):
    """`smtp_timeout_s` bounds each step of a delivery; `app_url` is where the links of a mail lead."""

    notify_database_url: str
    smtp_host: str
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_tls: Literal["starttls", "tls", "none"] = "starttls"
    smtp_user: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_timeout_s: float = Field(default=30, gt=0, le=600)
    smtp_connections: int = Field(default=4, ge=1)
    """Deliveries under way at once in this process; each has a connection of its own."""
    mail_from: str = "no-reply@magicpic.example"
    mail_from_name: str = Field(default="MagicPic", pattern=r"^[^\x00-\x1f\x7f]*$")
    app_url: str = "http://127.0.0.1:8000"
    mail_max_age_h: float = Field(default=72, gt=0)
    """What happened longer ago is no news any more, and not sent."""
    mail_sink_dir: Path | None = None
    """Where the local sink keeps mail: of someone who leaves, it is deleted there. Unset with a real relay."""

    news_max_age_h: float = Field(default=72, gt=0)
    """What happened longer ago is neither put into an inbox nor pushed."""
    like_window_s: float = Field(default=300, gt=0)
    """How long likes of one picture are gathered into one notification."""
    fcm_service_account: SecretStr = SecretStr("")
    """A service account's key: its JSON, or the path of its file. Empty: nothing is pushed."""
    fcm_url: str = "https://fcm.googleapis.com"
    fcm_connections: int = Field(default=20, ge=1, le=1000)
    fcm_timeout_s: float = Field(default=10, gt=0, le=60)
    device_life_days: float = Field(default=270, gt=0)
    """A device that was not registered again for so long is forgotten: FCM calls its token stale then."""

    @field_validator("fcm_service_account")
    @classmethod
    def _a_key(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value().strip():
            credentials_of(key_of(value))
        return value

    @field_validator("mail_from")
    @classmethod
    def _an_address(cls, value: str) -> str:
        try:
            found = validate_email(value, check_deliverability=False, globally_deliverable=False)
        except EmailNotValidError as error:
            raise ValueError(str(error)) from None
        if found.ascii_email is None:
            raise ValueError("not every relay takes letters other than ASCII before the @ of a sender")
        return found.ascii_email

    @field_validator("app_url", "fcm_url")
    @classmethod
    def _a_url(cls, value: str) -> str:
        if not value.startswith(("https://", "http://")):
            raise ValueError("it begins with https:// (or http://, on one machine)")
        return value.rstrip("/")

    @field_validator("mail_sink_dir", mode="before")
    @classmethod
    def _none_where_empty(cls, value: object) -> object:
        return value or None

    @model_validator(mode="after")
    def _no_password_in_the_open(self) -> Self:
        if self.smtp_password.get_secret_value() and self.smtp_tls == "none":
            raise ValueError("smtp_tls is none: the password would travel in the open")
        return self
