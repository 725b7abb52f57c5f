"""Settings come from the environment (`MAGICPIC_…`). One that is missing or wrong stops the start and is named."""

import sys
from typing import TypeVar

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

S = TypeVar("S", bound="Settings")
PREFIX = "MAGICPIC_"
WRONG_SETTING = 2
"""The status that a process ends with."""


class Settings(BaseSettings):
    """What every process needs."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    nats_url: str = Field(description="nats://user:password@host:port")
    http_host: str = "127.0.0.1"
    http_port: int = 0
    """Where /healthz, /readyz and /metrics are served; 0 means any free port."""
    log_level: str = "INFO"


class StorageSettings(Settings):
    """For the processes that read or write pictures. `s3_public_endpoint` is what phones can reach."""

    s3_endpoint: str
    s3_public_endpoint: str | None = None
    s3_access_key: str
    s3_secret_key: str
    s3_bucket: str = "magicpic"
    s3_region: str = "us-east-1"


def load(settings_type: type[S]) -> S:
    """Read the environment, or print which setting to change and end with status 2."""
    try:
        return settings_type()
    except ValidationError as error:
        for fault in error.errors():
            complain("_".join(map(str, fault["loc"])), fault["msg"])
        raise SystemExit(WRONG_SETTING) from None


def complain(name: str, what: str) -> None:
    """For whoever started the process: what is wrong with the setting `name`."""
    print(f"{PREFIX}{name.upper()}: {what}. Set it in the environment; see .env.example.", file=sys.stderr)  # noqa: T201
