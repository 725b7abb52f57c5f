"""What has happened to a wallet. `balance` is what can be spent after it.

Entries of the history also say `total` (balance and held credits together), `earned` (ever, including it) and their
numbers within the wallet. Events from before there were lots lack what has a default here: they belong to `FIRST_LOT`.
"""

from dataclasses import dataclass
from datetime import datetime

from services.ledger.domain.lots import Ends, Parts


@dataclass(frozen=True, slots=True)
class CreditsGranted:
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


@dataclass(frozen=True, slots=True)
class CreditsSpent:
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


@dataclass(frozen=True, slots=True)
class CreditsTakenBack:
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


@dataclass(frozen=True, slots=True)
class CreditsExpired:
    user_id: int
    credits: int
    lots: Parts
    balance: int
    total: int
    number: int
    number_of_kind: int
    earned: int


@dataclass(frozen=True, slots=True)
class CreditsHeld:
    user_id: int
    creation_id: int
    credits: int
    expires_at: datetime
    description: str
    balance: int
    lots: Parts = ()


@dataclass(frozen=True, slots=True)
class CreditsRefused:
    user_id: int
    creation_id: int
    credits: int
    reason: str
    balance: int


@dataclass(frozen=True, slots=True)
class CreditsDebited:
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


@dataclass(frozen=True, slots=True)
class CreditsReleased:
    """Back to the lots they were held from, except `filled`: those were owed."""

    user_id: int
    creation_id: int
    credits: int
    reason: str
    balance: int
    lots: Parts = ()
    filled: Parts = ()


@dataclass(frozen=True, slots=True)
class ReleaseRemembered:
    """A release that found no hold: it ended long ago, or is still to come."""

    user_id: int
    creation_id: int
    balance: int


@dataclass(frozen=True, slots=True)
class CreditsLow:
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
