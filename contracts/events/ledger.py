"""What ledger tells the others. Credits are whole numbers; `balance` is what can be spent after the event."""

from typing import ClassVar

from contracts.envelope import Event


class CreditsGranted(Event):
    """`source` paid them: `signup_bonus`, `ad`, `purchase`, `subscription`, `referral`, `prize`, `adjustment`, `promo`
    or `refund`; empty in old events. `reference` names what they are for, such as an order.
    """

    TYPE: ClassVar[str] = "ledger.credits_granted"
    user_id: int
    credits: int
    reason: str
    balance: int
    source: str = ""
    bought: bool = False
    reference: str | None = None


class CreditsSpent(Event):
    """Spent straight from the balance, without a hold."""

    TYPE: ClassVar[str] = "ledger.credits_spent"
    user_id: int
    credits: int
    reason: str
    reference: str | None
    balance: int


class CreditsTakenBack(Event):
    """`reason`: `refund`, `dispute` or `adjustment`. While the balance is negative nothing can be spent."""

    TYPE: ClassVar[str] = "ledger.credits_taken_back"
    user_id: int
    credits: int
    reason: str
    reference: str | None
    balance: int


class CreditsExpired(Event):
    TYPE: ClassVar[str] = "ledger.credits_expired"
    user_id: int
    credits: int
    balance: int


class CreditsLow(Event):
    """The balance fell below `mark`. Told once, until a grant lifts it to the mark again."""

    TYPE: ClassVar[str] = "ledger.credits_low"
    user_id: int
    mark: int
    balance: int


class CreditsHeld(Event):
    """Put aside for one creation, until settled, released or expired."""

    TYPE: ClassVar[str] = "ledger.credits_held"
    user_id: int
    creation_id: int
    credits: int
    balance: int


class CreditsRefused(Event):
    """Nothing was held. `reason`: `insufficient_credits`, `too_many_holds`, or `released` (it had ended before)."""

    TYPE: ClassVar[str] = "ledger.credits_refused"
    user_id: int
    creation_id: int
    credits: int
    balance: int
    reason: str


class CreditsDebited(Event):
    """A hold was settled: the credits are spent. `late`: the hold had already ended when the picture came."""

    TYPE: ClassVar[str] = "ledger.credits_debited"
    user_id: int
    creation_id: int
    credits: int
    balance: int
    late: bool = False


class CreditsReleased(Event):
    """A hold ended unspent. `reason`: `failed`, `cancelled`, `refused` or `expired`."""

    TYPE: ClassVar[str] = "ledger.credits_released"
    user_id: int
    creation_id: int
    credits: int
    balance: int
    reason: str


class CorrectionApproved(Event):
    """To be carried out: `credits` are granted, or taken back where negative. `by` approved it.

    With an `amount` it is a refund: so much money goes back, which takes the credits. Of an order's credited payment,
    or of its payment `payment_id`; or of a subscription's period that `payment_id` paid for, where `order_id` is 0.
    """

    TYPE: ClassVar[str] = "ledger.correction_approved"
    correction_id: int
    by: int
    user_id: int
    credits: int
    reason: str
    order_id: int | None = None
    amount: int | None = None
    payment_id: str | None = None
    subscription_id: int = 0


class PromoRedeemed(Event):
    """To be paid out. `nth`: of this person's uses of the code."""

    TYPE: ClassVar[str] = "ledger.promo_redeemed"
    code: str
    user_id: int
    nth: int
    credits: int
    credits_expire_at: str | None


EVENTS: tuple[type[Event], ...] = (
    CreditsGranted,
    CreditsSpent,
    CreditsTakenBack,
    CreditsExpired,
    CreditsLow,
    CreditsHeld,
    CreditsRefused,
    CreditsDebited,
    CreditsReleased,
    CorrectionApproved,
    PromoRedeemed,
)
