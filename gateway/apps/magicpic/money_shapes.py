"""What clients send and get where money comes in: purchases, ads, subscriptions, corrections, promo codes."""

from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field

from contracts.rpc.billing import Billing
from contracts.rpc.ledger import MAX_CREDITS, CorrectionStatus, PromoCode
from gateway.answers import Paging
from gateway.apps.magicpic.shapes import ReasonBody, Text


def _some(credits_: int) -> int:
    if not credits_:
        raise ValueError("must not be 0")
    return credits_


Short = Annotated[Text, Field(max_length=200)]


BILLING = "Whom the receipt is for, if not a consumer in our own state: a GSTIN, or a state alone."


class PurchaseBody(BaseModel):
    package_id: Annotated[int, Field(ge=0, le=2**31 - 1)]
    payment_method: Short = "razorpay"
    billing: Billing | None = Field(default=None, description=BILLING)


class Prefill(BaseModel):
    name: str
    email: str


class OrderToPay(BaseModel):
    """What the app opens the provider's checkout with."""

    order_id: str
    razorpay_key: str = Field(description="The provider's public key.")
    amount: int = Field(description="In paise.")
    currency: str
    prefill: Prefill
    checkout_url: str | None = Field(description="The page to pay at, of a provider that has one (Stripe).")


class VerifyBody(BaseModel):
    order_id: Short
    payment_id: Short = ""
    signature: Short = Field(default="", description="As Razorpay's checkout gave it. Stripe gives none.")


class Purchased(BaseModel):
    credits_added: int
    new_balance: int
    transaction_id: str


class AdBody(BaseModel):
    ad_provider: Short = "admob"
    ad_unit_id: Short = ""
    reward_token: Annotated[Text, Field(min_length=1, max_length=1024)]
    ad_type: Short = "rewarded_video"


class AdReward(BaseModel):
    credits_earned: int
    new_balance: int
    daily_ads_watched: int
    daily_ads_limit: int
    ads_remaining_today: int
    next_ad_available_at: str | None
    pending: bool = Field(description="Whether the network's word is still to come: the credits come with it.")


class SubscribeBody(BaseModel):
    plan_id: Short
    payment_method: Short = "razorpay"
    billing: Billing | None = Field(default=None, description=BILLING)


class ChangePlanBody(BaseModel):
    plan_id: Short


class SubscriptionToPay(BaseModel):
    subscription_id: str = Field(description="The provider's.")
    razorpay_key: str = Field(description="The provider's public key.")
    checkout_url: str | None
    prefill: Prefill


class CorrectionBody(ReasonBody):
    user_id: Annotated[int, Field(ge=1, le=2**63 - 1)]
    credits: Annotated[int, Field(ge=-MAX_CREDITS, le=MAX_CREDITS), AfterValidator(_some)] = Field(
        description="Granted, or taken back where negative."
    )


class CorrectionsQuery(Paging):
    status: CorrectionStatus = "proposed"


class RefundBody(ReasonBody):
    payment: Annotated[Text, Field(min_length=1, max_length=200)] = Field(
        description="The `order_id` or `transaction_id` of a purchase, or the payment provider's id of a payment: also "
        "of a second one of the same purchase, or of a period of a subscription."
    )
    amount: Annotated[int, Field(ge=1, le=2**53)] | None = Field(
        default=None, description="A part, in the currency's smallest unit; null: all that is left."
    )


class PromoBody(BaseModel):
    code: PromoCode
    credits: Annotated[int, Field(ge=1, le=MAX_CREDITS)]
    limit: Annotated[int, Field(ge=1, le=MAX_CREDITS)] = Field(description="How often it is good, for all together.")
    per_person: Annotated[int, Field(ge=1, le=1000)] = 1
    expires_at: AwareDatetime | None = Field(default=None, description="When the code ends; null: never.")
    life_days: Annotated[int, Field(ge=1, le=3650)] | None = Field(
        default=None, description="How many days its credits live; null: for ever."
    )


Provider = Literal["razorpay", "stripe"]
