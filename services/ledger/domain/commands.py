"""What can be asked of a wallet."""

from datetime import datetime
from typing import Literal

from kernel.values import Value

Source = Literal["signup_bonus", "ad", "purchase", "subscription", "referral", "prize", "adjustment", "promo", "refund"]
"""The system account that pays a grant."""


class GrantCredits(Value, frozen=True):
    """`reason` is the entry's type in the history (`ad_watch`, `purchase`, …).

    `reference` names what it is for: an order's id, so that `TakeBack` finds these very credits. It is kept with
    bought or expiring lots. From `refund` comes what was taken back for the same reference before: what of that had an
    end ends then, the rest at `expires_at`.
    """

    user_id: int
    credits: int
    reason: str
    description: str
    source: Source = "adjustment"
    bought: bool = False
    expires_at: datetime | None = None
    reference: str | None = None


class SpendCredits(Value, frozen=True):
    """Straight from the balance, without a hold. Errors: INSUFFICIENT_CREDITS."""

    user_id: int
    credits: int
    reason: str
    description: str
    reference: str | None = None


class TakeBack(Value, frozen=True):
    """Takes from the lot of `reference` first, then as spending does; never what is held.

    A refund or dispute takes what was spent already, too: the balance goes below zero, nothing can be spent, and what
    comes in fills the hole first. An adjustment takes no more than the balance. Errors: INSUFFICIENT_CREDITS.
    """

    user_id: int
    credits: int
    reason: Literal["refund", "dispute", "adjustment"]
    reference: str | None
    description: str


class HoldCredits(Value, frozen=True):
    user_id: int
    creation_id: int
    credits: int
    expires_at: datetime
    max_open_holds: int
    description: str


class HoldTogether(Value, frozen=True):
    """So many credits for each of several creations: all of them, or none."""

    user_id: int
    creation_ids: tuple[int, ...]
    credits: int
    expires_at: datetime
    max_open_holds: int
    description: str


class SettleHold(Value, frozen=True):
    """`credits` and `description` are used only when the hold is gone already: the picture is there, so it is paid."""

    user_id: int
    creation_id: int
    credits: int
    description: str


class ReleaseHold(Value, frozen=True):
    user_id: int
    creation_id: int
    reason: str


class ExpireHold(Value, frozen=True):
    user_id: int
    creation_id: int


class ExpireLots(Value, frozen=True):
    """Takes what is left of lots whose time is over."""

    user_id: int


Command = (
    GrantCredits
    | SpendCredits
    | TakeBack
    | HoldCredits
    | HoldTogether
    | SettleHold
    | ReleaseHold
    | ExpireHold
    | ExpireLots
)
