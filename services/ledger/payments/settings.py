"""Settings of payments. A provider is on when its keys are set, and then all of them must be."""

from typing import Annotated, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from contracts.gst import is_gstin
from kernel.settings import Settings

NONE = SecretStr("")
PlanRefs = dict[str, dict[str, str]]
"""Provider → plan → the plan's id at that provider."""


class PaymentSettings(Settings):
    """`…_url`: where the provider's API is, for tests; by default its own."""

    model_config = SettingsConfigDict(hide_input_in_errors=True)

    razorpay_key_id: str = ""
    razorpay_key_secret: SecretStr = NONE
    razorpay_webhook_secret: SecretStr = NONE
    razorpay_url: str | None = None
    stripe_public_key: str = ""
    stripe_secret_key: SecretStr = NONE
    stripe_webhook_secret: SecretStr = NONE
    stripe_url: str | None = None
    stripe_return_url: str = "http://127.0.0.1:8000/"
    """Where Stripe's page leads when somebody has paid, or turned back."""
    payment_timeout_s: float = Field(default=8, gt=0, le=60)
    """For each call of a provider."""

    payment_plans: PlanRefs = Field(default_factory=dict)
    """`{"razorpay": {"plus": "plan_…"}, "stripe": {"plus": "price_…"}}`, as JSON: plans are made at the provider."""

    seller_name: str = "MagicPic"
    seller_address: str = ""
    """Lines on a receipt, with \\n between them."""
    seller_gstin: str = ""
    """Without one, receipts show no tax. Its first two digits are the state that a buyer's is compared with."""
    seller_state: str = ""
    """`Maharashtra (27)`"""
    seller_sac: str = "998439"
    gst_percent: int = Field(default=18, ge=0, le=100)

    admob_ad_units: Annotated[tuple[str, ...], NoDecode] = ()
    """Ours, with commas between them (`ca-app-pub-…/1234567890`). Without any, rewarded ads are off."""
    admob_keys_url: str = "https://www.gstatic.com/admob/reward/verifier-keys.json"
    ad_reward: int = Field(default=50, ge=1)
    ads_per_day: int = Field(default=5, ge=1)
    ad_cooldown_s: float = Field(default=30, ge=0)
    ad_wait_s: float = Field(default=3, ge=0, le=4)
    """How long a claim waits for the network's word; what comes later is credited all the same."""

    @field_validator("admob_ad_units", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        return tuple(unit.strip() for unit in value.split(",") if unit.strip()) if isinstance(value, str) else value

    @field_validator("seller_gstin")
    @classmethod
    def _registered(cls, gstin: str) -> str:
        if gstin and not is_gstin(gstin):
            raise ValueError("is no GSTIN")
        return gstin

    @model_validator(mode="after")
    def _all_keys_or_none(self) -> Self:
        _complete("razorpay", self.razorpay_key_id, self.razorpay_key_secret, self.razorpay_webhook_secret)
        _complete("stripe", self.stripe_public_key, self.stripe_secret_key, self.stripe_webhook_secret)
        return self


def _complete(provider: str, *keys: str | SecretStr) -> None:
    given = [bool(key.get_secret_value() if isinstance(key, SecretStr) else key) for key in keys]
    if any(given) and not all(given):
        raise ValueError(f"{provider} needs all of its keys, or none")
