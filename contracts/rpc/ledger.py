"""What can be asked of ledger."""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from contracts.envelope import Message, Request
from contracts.rpc.exporting import ExportPage

MAX_CREDITS = 1_000_000_000
"""In one command: sums of millions of them still fit."""


PromoCode = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9_]{3,32}$")]


class Balance(Message):
    """`lifetime_earned - lifetime_spent = balance + pending`, always."""

    balance: int
    pending: int
    lifetime_earned: int
    lifetime_spent: int


class GetBalance(Request[Balance]):
    """Of a user who has no wallet yet: zeros. `at`: as it was at that moment."""

    SUBJECT: ClassVar[str] = "rpc.ledger.balance"
    user_id: int
    at: datetime | None = None


class Spent(Message):
    """`balance` is what is left to spend. `replayed`: this key had been used, and nothing was spent again."""

    credits: int
    balance: int
    replayed: bool = False


class SpendOwnCredits(Request[Spent]):
    """Straight from the balance. Errors: INSUFFICIENT_CREDITS, VALIDATION_ERROR, IDEMPOTENCY_CONFLICT."""

    SUBJECT: ClassVar[str] = "rpc.ledger.spend"
    user_id: int
    credits: int = Field(ge=1, le=MAX_CREDITS)
    description: str = Field(min_length=1, max_length=200)
    idempotency_key: str | None = None


class HistoryEntry(Message):
    """`amount` is positive when earned, negative when spent."""

    id: int
    amount: int
    type: str
    description: str
    balance_after: int
    created_at: str


class History(Message):
    """`next_cursor` leads to the entries that follow; None after the last."""

    items: list[HistoryEntry]
    total: int
    next_cursor: int | None = None


class GetHistory(Request[History]):
    """Newest first. With a `cursor` the entries that follow it, whatever was added meanwhile; `page` does not count."""

    SUBJECT: ClassVar[str] = "rpc.ledger.history"
    user_id: int
    type: Literal["all", "earned", "spent"] = "all"
    page: int = 1
    limit: int = 20
    cursor: int | None = None


class ExportHistory(Request[ExportPage]):
    """The whole history of one wallet, oldest first."""

    SUBJECT: ClassVar[str] = "rpc.ledger.export"
    user_id: int
    after: int = 0


class Correction(Message):
    """`credits` are granted, or taken back where negative. `status`: `proposed`, `approved`, `rejected`, or `failed`
    (approved, but the wallet had too few to take, or the money could not go back): `failed_code` says which, and
    `failed_reason` why, if the payment provider did. `refunded`: the provider had refused, and the money went back all
    the same.

    With an `amount` it is a refund, in its currency's smallest unit: of the purchase `transaction_id`, or of the period
    of a subscription that was paid for by it. `payment_id`: if it is not the purchase's credited payment.
    """

    id: int
    status: str
    user_id: int
    credits: int
    reason: str
    proposed_by: int
    decided_by: int | None
    created_at: str
    transaction_id: str | None = None
    amount: int | None = None
    payment_id: str | None = None
    failed_code: str | None = None
    failed_reason: str | None = None


class ProposeCorrection(Request[Correction]):
    """By an administrator. Approved at once up to a limit a day for each person; beyond it, and for one's own wallet,
    by another one.

    Errors: PERMISSION_DENIED, USER_NOT_FOUND, IDEMPOTENCY_CONFLICT.
    """

    SUBJECT: ClassVar[str] = "rpc.ledger.propose_correction"
    by: int
    user_id: int
    credits: int = Field(ge=-MAX_CREDITS, le=MAX_CREDITS)
    reason: str = Field(min_length=1, max_length=500)
    idempotency_key: str | None = None


class DecideCorrection(Request[Correction]):
    """Errors: NOT_FOUND, CORRECTION_ENDED, PERMISSION_DENIED (nobody approves what they proposed, or get); of a refund
    PAYMENTS_OFF.
    """

    SUBJECT: ClassVar[str] = "rpc.ledger.decide_correction"
    by: int
    correction_id: int
    approve: bool


class Corrections(Message):
    items: list[Correction]
    total: int


CorrectionStatus = Literal["proposed", "approved", "rejected", "failed", "refunded"]


class ListCorrections(Request[Corrections]):
    """Newest first, for an administrator. Errors: PERMISSION_DENIED."""

    SUBJECT: ClassVar[str] = "rpc.ledger.corrections"
    by: int = 0
    status: CorrectionStatus = "proposed"
    page: int = Field(default=1, ge=1)
    limit: int = Field(default=20, ge=1, le=500)


class Promo(Message):
    code: str
    credits: int


class CreatePromo(Request[Promo]):
    """By an administrator. `limit`: uses by all together. `life_days`: how long its credits live; None: for ever.

    Errors: PERMISSION_DENIED, PROMO_EXISTS.
    """

    SUBJECT: ClassVar[str] = "rpc.ledger.create_promo"
    by: int
    code: PromoCode
    credits: int = Field(ge=1, le=MAX_CREDITS)
    limit: int = Field(ge=1, le=MAX_CREDITS)
    per_person: int = Field(default=1, ge=1, le=1000)
    expires_at: AwareDatetime | None = None
    life_days: int | None = Field(default=None, ge=1, le=3650)


class Redeemed(Message):
    credits: int
    balance: int


class RedeemPromo(Request[Redeemed]):
    """Upper and lower case are the same. Errors: PROMO_NOT_FOUND, PROMO_ENDED, PROMO_ALREADY_USED."""

    SUBJECT: ClassVar[str] = "rpc.ledger.redeem_promo"
    user_id: int
    code: PromoCode
    idempotency_key: str | None = None


REQUESTS: tuple[type[Request[Any]], ...] = (
    GetBalance,
    GetHistory,
    ExportHistory,
    SpendOwnCredits,
    ProposeCorrection,
    DecideCorrection,
    ListCorrections,
    CreatePromo,
    RedeemPromo,
)
