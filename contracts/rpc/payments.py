"""What can be asked of ledger about money from outside. Amounts are in the currency's smallest unit."""

from typing import Any, ClassVar, Literal

from pydantic import Field

from contracts.envelope import Message, Request
from contracts.rpc.billing import Billing

ProviderName = Literal["razorpay", "stripe"]


class Package(Message):
    """`price` is in the currency's main unit, as people read it. `badge` is left out where there is none."""

    id: int
    name: str
    credits: int
    price: int
    currency: str
    price_formatted: str
    per_credit_cost: float
    popular: bool
    discount_percent: int
    badge: str | None = None


class Packages(Message):
    items: list[Package]
    total: int


class ListPackages(Request[Packages]):
    SUBJECT: ClassVar[str] = "rpc.ledger.packages"


class OrderToPay(Message):
    """`order_id` is the provider's. `public_key` is what the app needs to open its checkout, `checkout_url` the page
    of a provider that has one.
    """

    order_id: str
    public_key: str
    amount: int
    currency: str
    checkout_url: str | None = None
    replayed: bool = False


class Purchase(Request[OrderToPay]):
    """`billing`: whom the receipt is for; a key that is used again stands for the same one.

    Errors: PACKAGE_NOT_FOUND, PAYMENT_METHOD_UNSUPPORTED, PAYMENTS_OFF, PAYMENT_FAILED (the provider refused),
    IDEMPOTENCY_CONFLICT, SERVICE_UNAVAILABLE (the provider is away).
    """

    SUBJECT: ClassVar[str] = "rpc.ledger.purchase"
    user_id: int
    package_id: int
    payment_method: str = "razorpay"
    idempotency_key: str | None = None
    billing: Billing | None = None


class Purchased(Message):
    credits_added: int
    new_balance: int
    transaction_id: str


class VerifyPurchase(Request[Purchased]):
    """What the provider's checkout gave to the app. Errors: PAYMENT_FAILED (unknown order, bad signature, not paid, not
    what was ordered), PAYMENTS_OFF, SERVICE_UNAVAILABLE.
    """

    SUBJECT: ClassVar[str] = "rpc.ledger.verify_purchase"
    user_id: int
    order_id: str
    payment_id: str
    signature: str


class Refund(Message):
    """`status`: `made`, or `open` while the provider does not answer: it is asked until it does. One that is too large
    for one administrator has that of its correction, by its `correction_id`: `proposed` until another one decides.
    `credits_taken`: for all refunds and disputes of this payment so far. `transaction_id`: of the purchase; a
    period of a subscription has its payment's. `payment_id`: which payment, as the provider calls it.
    """

    id: str
    status: str
    transaction_id: str
    user_id: int
    amount: int
    currency: str
    credits_taken: int
    refunded_by: int
    correction_id: int | None = None
    payment_id: str | None = None


class RefundPayment(Request[Refund]):
    """By an administrator. `payment`: the `order_id` or `transaction_id` of a purchase, or the provider's id of a
    payment: also of a second one of a purchase, which takes no credits, and of a period of a subscription. `amount`
    None: all that is left. Made at once while the credits that it is worth stay below a limit a day for each person.

    Errors: PERMISSION_DENIED (also for one's own purchase), PAYMENT_NOT_FOUND (also where nothing was paid),
    REFUND_TOO_LARGE, REFUND_REFUSED (by the provider), IDEMPOTENCY_CONFLICT, PAYMENTS_OFF, SERVICE_UNAVAILABLE.
    """

    SUBJECT: ClassVar[str] = "rpc.ledger.refund_payment"
    by: int
    payment: str = Field(min_length=1, max_length=200)
    amount: int | None = Field(default=None, ge=1)
    reason: str = Field(min_length=1, max_length=500)
    idempotency_key: str | None = None


class Heard(Message):
    """`fresh`: it had not been heard before."""

    fresh: bool


class HearProvider(Request[Heard]):
    """A call of a provider's webhook, as it came. Errors: INVALID_SIGNATURE, PAYMENTS_OFF, SERVICE_UNAVAILABLE."""

    SUBJECT: ClassVar[str] = "rpc.ledger.hear_provider"
    provider: ProviderName
    body: str
    signature: str
    event_id: str = ""


class HearAdNetwork(Request[Heard]):
    """A network's word on an ad that was watched: the raw query string. Errors: INVALID_SIGNATURE, ADS_OFF,
    SERVICE_UNAVAILABLE (its keys cannot be had).
    """

    SUBJECT: ClassVar[str] = "rpc.ledger.hear_ad_network"
    network: Literal["admob"]
    query: str


class AdReward(Message):
    """`pending`: the network has not told us yet; the credits come when it does."""

    credits_earned: int
    new_balance: int
    daily_ads_watched: int
    daily_ads_limit: int
    ads_remaining_today: int
    next_ad_available_at: str | None
    pending: bool = False


class ClaimAdReward(Request[AdReward]):
    """Errors: INVALID_AD_TOKEN, DAILY_LIMIT_REACHED, AD_COOLDOWN, ADS_OFF."""

    SUBJECT: ClassVar[str] = "rpc.ledger.claim_ad_reward"
    user_id: int
    network: str
    ad_unit: str
    token: str


class CreditNote(Message):
    """For money that went back of what a receipt is for. `is_cancelled`: it did not, after all."""

    id: int
    number: str
    amount: int
    issued_at: str
    is_cancelled: bool


class Receipt(Message):
    """`refunded`: how much of the amount has gone back since. `credit_notes`: for each time, the oldest first."""

    id: int
    number: str
    description: str
    amount: int
    currency: str
    refunded: int
    issued_at: str
    credit_notes: list[CreditNote] = Field(default_factory=list)


class Receipts(Message):
    items: list[Receipt]
    total: int


class ListReceipts(Request[Receipts]):
    """Newest first."""

    SUBJECT: ClassVar[str] = "rpc.ledger.receipts"
    user_id: int
    page: int = 1
    limit: int = 20


class ReceiptFile(Message):
    """`pdf` is base64."""

    number: str
    pdf: str


class GetReceipt(Request[ReceiptFile]):
    """Errors: NOT_FOUND, also for somebody else's."""

    SUBJECT: ClassVar[str] = "rpc.ledger.receipt"
    user_id: int
    receipt_id: int


class GetCreditNote(Request[ReceiptFile]):
    """Errors: NOT_FOUND, also for somebody else's."""

    SUBJECT: ClassVar[str] = "rpc.ledger.credit_note"
    user_id: int
    credit_note_id: int


class SubscriptionPlan(Message):
    id: str
    name: str
    credits: int
    price: int
    currency: str
    price_formatted: str
    credits_expire: bool


class SubscriptionPlans(Message):
    items: list[SubscriptionPlan]
    total: int


class ListPlans(Request[SubscriptionPlans]):
    SUBJECT: ClassVar[str] = "rpc.ledger.plans"


class Subscription(Message):
    """`period_ends_at`: until when it is paid for; null before the first payment."""

    id: int
    plan: SubscriptionPlan
    status: str
    provider: str
    period_ends_at: str | None
    ends_at_period_end: bool


class CurrentSubscription(Message):
    subscription: Subscription | None


class GetSubscription(Request[CurrentSubscription]):
    SUBJECT: ClassVar[str] = "rpc.ledger.subscription"
    user_id: int


class SubscriptionToPay(Message):
    subscription_id: int
    provider_subscription_id: str
    public_key: str
    checkout_url: str | None = None


class Subscribe(Request[SubscriptionToPay]):
    """Errors: PLAN_NOT_FOUND, SUBSCRIPTION_EXISTS, PAYMENT_METHOD_UNSUPPORTED, PAYMENTS_OFF, SERVICE_UNAVAILABLE."""

    SUBJECT: ClassVar[str] = "rpc.ledger.subscribe"
    user_id: int
    plan_id: str
    payment_method: str = "razorpay"
    billing: Billing | None = None


class ChangeSubscription(Request[CurrentSubscription]):
    """`action`: `change` to `plan_id` from the next period on; `cancel` at the period's end; `resume` what was
    cancelled. Errors: NOT_FOUND (none is there), PLAN_NOT_FOUND, SUBSCRIPTION_STATE, SERVICE_UNAVAILABLE.
    """

    SUBJECT: ClassVar[str] = "rpc.ledger.change_subscription"
    user_id: int
    action: Literal["change", "cancel", "resume"]
    plan_id: str | None = None


class SubscriptionEntry(Message):
    """`what`: `begun`, `period_paid`, `period_refunded`, `refund_undone` (it failed), `period_disputed`,
    `dispute_undone` (it was won), `plan_change_asked`, `cancelled`, `resumed`, `payment_failed`, or `ended_` and why:
    `abandoned`, `cancelled`, `lapsed`, `provider`.
    """

    what: str
    plan_id: str
    amount: int | None
    at: str


class SubscriptionEntries(Message):
    items: list[SubscriptionEntry]
    total: int


class ListSubscriptionHistory(Request[SubscriptionEntries]):
    """Newest first."""

    SUBJECT: ClassVar[str] = "rpc.ledger.subscription_history"
    user_id: int
    page: int = 1
    limit: int = 20


REQUESTS: tuple[type[Request[Any]], ...] = (
    ListPackages,
    Purchase,
    VerifyPurchase,
    RefundPayment,
    HearProvider,
    HearAdNetwork,
    ClaimAdReward,
    ListReceipts,
    GetReceipt,
    GetCreditNote,
    ListPlans,
    GetSubscription,
    Subscribe,
    ChangeSubscription,
    ListSubscriptionHistory,
)
