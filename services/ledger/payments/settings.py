"""Settings of payments. A provider is on when its keys are set, and then all of them must be."""

from typing import Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from kernel.settings import Settings

NONE = SecretStr("")


class PaymentSettings(Settings):
    """`…_url`: where the provider's API is, for tests; by default its own."""

    model_config = SettingsConfigDict(hide_input_in_errors=True)

    razorpay_key_id: str = ""
    razorpay_key_secret: SecretStr = NONE
    razorpay_webhook_secret: SecretStr = NONE
    razorpay_url: str | None = None
    payment_timeout_s: float = Field(default=8, gt=0, le=60)
    """For each call of a provider."""

    @model_validator(mode="after")
    def _all_keys_or_none(self) -> Self:
        _complete("razorpay", self.razorpay_key_id, self.razorpay_key_secret, self.razorpay_webhook_secret)
        return self


def _complete(provider: str, *keys: str | SecretStr) -> None:
    given = [bool(key.get_secret_value() if isinstance(key, SecretStr) else key) for key in keys]
    if any(given) and not all(given):
        raise ValueError(f"{provider} needs all of its keys, or none")
