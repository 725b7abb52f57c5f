"""What a vote weighs. Each is counted and shown; the winner is found by weight, so a suspicious one decides less."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.battle.domain.words import FULL_WEIGHT

NEW_ACCOUNT, BURST, SAME_DEVICE, SAME_ADDRESS = "new_account", "burst", "same_device", "same_address"
OWNER_DEVICE, OWNER_ADDRESS = "owner_device", "owner_address"
PERCENT = {NEW_ACCOUNT: 50, BURST: 25, SAME_DEVICE: 0, SAME_ADDRESS: 50, OWNER_DEVICE: 0, OWNER_ADDRESS: 25}
"""What is left of a vote's weight for each thing that speaks against it; together they are multiplied."""


@dataclass(frozen=True, slots=True)
class Rules:
    """`new_account`: how long an account is new. `burst_votes`: so many of one person's within `burst` are no human's.

    `per_address`: so many in one battle may come from one address (a household's, a school's) before more weigh less.
    """

    new_account: timedelta = timedelta(hours=24)
    burst_votes: int = 20
    burst: timedelta = timedelta(minutes=1)
    per_address: int = 10


@dataclass(frozen=True, slots=True)
class Signals:
    """What is known of a vote. `since`: when the account was opened, None while that has not been heard of.

    `earlier`: when the person cast the vote that lies `burst_votes` back. `device_used`: another account has voted in
    this battle from the same device. `from_address`: how many votes in this battle came from the same address.
    `owner_…`: one of the two whose pictures fight was seen with this device, or at this address: a flat's, a campus's
    and many a mobile network's people share one.
    """

    since: datetime | None
    earlier: datetime | None = None
    device_used: bool = False
    from_address: int = 0
    owner_device: bool = False
    owner_address: bool = False


def weigh(signals: Signals, rules: Rules, now: datetime) -> tuple[int, tuple[str, ...]]:
    """The weight, 0 to 100, and what speaks against it."""
    against = {
        # An account that has not been heard of was opened a moment ago.
        NEW_ACCOUNT: now - (signals.since or now) < rules.new_account,
        BURST: signals.earlier is not None and now - signals.earlier < rules.burst,
        SAME_DEVICE: signals.device_used,
        SAME_ADDRESS: signals.from_address >= rules.per_address,
        OWNER_DEVICE: signals.owner_device,
        OWNER_ADDRESS: signals.owner_address,
    }
    reasons = tuple(reason for reason, found in against.items() if found)
    weight = FULL_WEIGHT
    for reason in reasons:
        weight = weight * PERCENT[reason] // 100
    return weight, reasons
