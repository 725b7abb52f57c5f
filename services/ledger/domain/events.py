"""What has happened to a wallet. `balance` is what can be spent after it.

Entries of the history also say `total` (balance and held credits together), `earned` (ever, including it) and their
numbers within the wallet. Events from before there were lots lack what has a default here: they belong to `FIRST_LOT`.
"""

from datetime import datetime

from kernel.values import Value
from services.ledger.domain.lots import Ends, Parts


class CreditsGranted(Value, frozen=True):
    """They went to the lot `lot`, except `filled`: those were owed. `source` is empty in old events. `given_back`: of
    credits that were taken back before, the end that those had.
    """

    user_id: int
    credits: int
    reason: str
    description: str
    balance: int
    total: int
    number: int
    number_of_kind: int
    earned: int | None = None
    source: str = ""
    bought: bool = False
    expires_at: datetime | None = None
    reference: str | None = None
    lot: int = 0
    filled: int = 0
    given_back: datetime | None = None


class CreditsSpent(Value, frozen=True):
    user_id: int
    credits: int
    reason: str
    description: str
    reference: str | None
    lots: Parts
    balance: int
    total: int
    number: int
    number_of_kind: int
    earned: int


class CreditsTakenBack(Value, frozen=True):
    """`lots` may be less than `credits`: the rest is owed, and the balance negative. `ends`: of what may be given
    back and had one.
    """

    user_id: int
    credits: int
    reason: str
    description: str
    reference: str | None
    lots: Parts
    balance: int
    total: int
    number: int
    number_of_kind: int
    earned: int
    ends: Ends = ()


class CreditsExpired(Value, frozen=True):
    user_id: int
    credits: int
    lots: Parts
    balance: int
    total: int
    number: int
    number_of_kind: int
    earned: int


class CreditsHeld(Value, frozen=True):
    user_id: int
    creation_id: int
    credits: int
    expires_at: datetime
    description: str
    balance: int
    lots: Parts = ()


class CreditsRefused(Value, frozen=True):
    user_id: int
    creation_id: int
    credits: int
    reason: str
    balance: int


class CreditsDebited(Value, frozen=True):
    """`late`: the hold had ended, so the credits came straight from the balance, as far as it reached."""

    user_id: int
    creation_id: int
    credits: int
    description: str
    late: bool
    balance: int
    total: int
    number: int
    number_of_kind: int
    earned: int | None = None
    lots: Parts = ()


class CreditsReleased(Value, frozen=True):
    """Back to the lots they were held from, except `filled`: those were owed."""

    user_id: int
    creation_id: int
    credits: int
    reason: str
    balance: int
    lots: Parts = ()
    filled: Parts = ()


class ReleaseRemembered(Value, frozen=True):
    """A release that found no hold: it ended long ago, or is still to come."""

    user_id: int
    creation_id: int
    balance: int


class CreditsLow(Value, frozen=True):
    """The balance fell below `mark`. Not told again until a grant lifts it to the mark."""

    user_id: int
    mark: int
    balance: int


Entry = CreditsGranted | CreditsSpent | CreditsTakenBack | CreditsExpired | CreditsDebited
"""What stands in the history."""
Event = Entry | CreditsHeld | CreditsRefused | CreditsReleased | ReleaseRemembered | CreditsLow
EVENTS: tuple[type[Event], ...] = (
    CreditsGranted,
    CreditsSpent,
    CreditsTakenBack,
    CreditsExpired,
    CreditsDebited,
    CreditsHeld,
    CreditsRefused,
    CreditsReleased,
    ReleaseRemembered,
    CreditsLow,
)
